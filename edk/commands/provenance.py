"""`edk provenance`: how an image in the registry came to be."""

from __future__ import annotations

import argparse
import json
import sys

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, settings_of
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, BuildError


def run(options: argparse.Namespace) -> int:
    """Print the record of an image; 1 if there is none."""
    from edk.orchestrator.documents import attach_document, document_of, standing_image
    from edk.orchestrator.provenance import PROVENANCE

    with Wired(settings_of(options), Notices(), "edk provenance") as services:
        image = standing_image(services, options.image)
        content = document_of(services, image, PROVENANCE)
        if content is None:
            raise BuildError(
                f"nothing is recorded of {image.repository}@{image.digest}",
                "it was built elsewhere, or before there were records; edk build --force builds it with one",
            )
        if options.attest:
            attach_document(services, image, PROVENANCE, content)
    return _show(content, as_json=options.json)


def _show(content: bytes, *, as_json: bool) -> int:
    from edk.ui.provenance_text import provenance_lines
    from edk.ui.text import safe

    if as_json:
        sys.stdout.write(content.decode("utf-8", "replace") + "\n")
        return EXIT_DONE
    try:
        statement = json.loads(content)
    except ValueError:
        statement = None
    if not isinstance(statement, dict):
        sys.stderr.write("what is recorded is no statement of provenance\n")
        return EXIT_FAILED
    for line in provenance_lines(statement):
        sys.stdout.write(safe(line) + "\n")
    return EXIT_DONE
