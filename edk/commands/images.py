"""`edk images`: our images in the local registry, and what each is used by."""

from __future__ import annotations

import argparse
import sys

from edk.commands.surveying import LazyDisk, own_registry, settings_and_asked, sink_for, with_cluster_uses
from edk.commands.wiring import Wired
from edk.domain.errors import EXIT_DONE
from edk.orchestrator.survey import survey


def run(options: argparse.Namespace) -> int:
    """Print the list; changes nothing."""
    settings, asked = settings_and_asked(options)
    with Wired(settings, sink_for(options, settings), "edk images") as services:
        asked = with_cluster_uses(services, asked)
        found = survey(services, own_registry(services), LazyDisk(settings), asked)
        now = services.clock.now()
    if options.json:
        from edk.domain.encoding import to_json
        from edk.ui.survey_json import images_as_json

        sys.stdout.write(to_json(images_as_json(found, settings.registry, unused=options.unused)).decode() + "\n")
        return EXIT_DONE
    from edk.ui.survey_text import image_lines

    for line in image_lines(found, now, unused=options.unused):
        print(line)  # noqa: T201
    return EXIT_DONE
