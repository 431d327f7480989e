"""`edk pause`: has a running watcher start no build for a while."""

from __future__ import annotations

import argparse
import sys

from edk.commands.asking import answer_of
from edk.domain.errors import EXIT_DONE


def run(options: argparse.Namespace) -> int:
    """Ask for it; what is being built goes on."""
    answer_of(options, "pause")
    sys.stdout.write("paused: saves are kept, and nothing is built until edk resume\n")
    return EXIT_DONE
