"""`edk stop`: ends a running watcher."""

from __future__ import annotations

import argparse
import sys

from edk.commands.wiring import settings_of
from edk.domain.errors import EXIT_DONE
from edk.ui.text import safe


def run(options: argparse.Namespace) -> int:
    """Ask for it, and wait until its process is gone."""
    from edk.adapters.control.client import stop

    stopped = stop(settings_of(options).state_dir, options.dir)
    sys.stdout.write(f"stopped{stopped.who}; it watched {safe(', '.join(stopped.roots))}\n")
    return EXIT_DONE
