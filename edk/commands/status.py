"""`edk status`: where every image of a running watcher stands, and why."""

from __future__ import annotations

import argparse
import sys

from edk.adapters.clock import SystemClock
from edk.commands.asking import answer_of
from edk.domain.errors import EXIT_DONE, WatcherUnreachableError


def run(options: argparse.Namespace) -> int:
    """Print what the watcher says of itself; 0 whatever that is."""
    from edk.domain.encoding import to_json
    from edk.domain.status import status_from_json
    from edk.ui.status_text import status_lines

    fields = answer_of(options, "status").get("status", {})
    if options.json:
        sys.stdout.write(to_json(fields).decode() + "\n")
        return EXIT_DONE
    try:
        status = status_from_json(fields)
    except ValueError as error:
        raise WatcherUnreachableError(
            f"the watcher is of another version: {error}", "stop it with edk stop, and start it again"
        ) from error
    for line in status_lines(status, SystemClock().now()):
        sys.stdout.write(line + "\n")
    return EXIT_DONE
