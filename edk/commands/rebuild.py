"""`edk rebuild`: has a running watcher build images anew."""

from __future__ import annotations

import argparse
import sys

from edk.commands.asking import answer_of
from edk.domain.errors import EXIT_DONE
from edk.ui.text import safe


def run(options: argparse.Namespace) -> int:
    """Ask for it, and do not wait for the builds."""
    answer_of(options, "rebuild", options.image)
    sys.stdout.write(f"building anew: {safe(', '.join(dict.fromkeys(options.image)))}; edk status shows it\n")
    return EXIT_DONE
