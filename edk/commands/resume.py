"""`edk resume`: has a paused watcher go on."""

from __future__ import annotations

import argparse
import sys

from edk.commands.asking import answer_of
from edk.domain.errors import EXIT_DONE


def run(options: argparse.Namespace) -> int:
    """Ask for it."""
    answer_of(options, "resume")
    sys.stdout.write("resumed: what was saved meanwhile is built now\n")
    return EXIT_DONE
