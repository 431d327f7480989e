"""`edk completion`: what a shell completes the command line by."""

from __future__ import annotations

import argparse
import os
import sys

from edk.domain.errors import EXIT_DONE, UsageError


def run(options: argparse.Namespace) -> int:
    """Print the script for a shell, or the names of images that such a script asks for."""
    if options.images:
        for name in _image_names(options):
            print(name)  # noqa: T201
        return EXIT_DONE
    if options.shell is None:
        raise UsageError("no shell was named", "for example: edk completion bash")
    from edk.commands.parsers import parser
    from edk.domain.codes import ALL
    from edk.settings import KINDS
    from edk.ui.completion import completion_script

    words = {"CODE": [code.id for code in ALL], "SETTING": list(KINDS)}
    sys.stdout.write(completion_script(parser(), options.shell, words) + "\n")
    return EXIT_DONE


def _image_names(options: argparse.Namespace) -> list[str]:
    """Return the names of images that the extensions and the platform yield, and of those that were built here."""
    from edk.commands.notices import Notices
    from edk.commands.wiring import Wired, places_of, settings_of
    from edk.domain.reference import valid_name
    from edk.orchestrator.roots import roots_for
    from edk.orchestrator.scan import ScanRequest, scan

    settings = settings_of(options)
    with Wired(settings, Notices(), "edk completion") as services:
        roots = roots_for([], places_of(settings))
        workspace = scan(services.open_tree(), services.cache, ScanRequest(roots, settings.exclude))
    built = settings.state_path("logs")
    logs = os.listdir(built) if os.path.isdir(built) else []  # noqa: PTH112, PTH208
    names = {target.name for target in workspace.targets}
    names |= {log.removesuffix(".log") for log in logs if log.endswith(".log")}
    # Shells expand the words that they complete with: a name from a Dockerfile must not be a command.
    return sorted(name for name in names if valid_name(name))
