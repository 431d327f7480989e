"""`edk status`: where every image of a running watcher stands, and why."""

from __future__ import annotations

import argparse
import sys

from edk.adapters.clock import SystemClock
from edk.commands.asking import FOREVER, answer_of
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, EXIT_SOURCES, WatcherUnreachableError
from edk.domain.status import WatchStatus


def run(options: argparse.Namespace) -> int:
    """Print what the watcher says of itself; 0 whatever that is, unless it was waited for."""
    from edk.adapters.processes import namespace
    from edk.domain.encoding import to_json
    from edk.domain.status import status_from_json
    from edk.ui.status_text import status_lines

    command, timeout = ("wait", FOREVER) if options.wait else ("status", None)
    fields = answer_of(options, command, timeout=timeout).get("status", {})
    try:
        status = status_from_json(fields)
    except ValueError as error:
        raise WatcherUnreachableError(
            f"the watcher is of another version: {error}", "stop it with edk stop, and start it again"
        ) from error
    if options.json:
        sys.stdout.write(to_json(fields).decode() + "\n")
    else:
        for line in status_lines(status, SystemClock().now(), namespace()):
            sys.stdout.write(line + "\n")
    return outcome(status) if options.wait else EXIT_DONE


def outcome(status: WatchStatus) -> int:
    """Return the exit code that says how it stands: 1 if an image failed, 3 if the sources are wrong, else 0."""
    if any(image.state == "failed" for image in status.images):
        return EXIT_FAILED
    wrong = any(d.severity == "error" for d in status.diagnostics)
    return EXIT_SOURCES if wrong or any(i.state == "blocked" for i in status.images) else EXIT_DONE
