"""What the commands that ask a running watcher share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from edk.commands.wiring import settings_of

FOREVER = 10.0**6
"""Seconds; a wait is ended by whoever waits."""


def answer_of(
    options: argparse.Namespace, command: str, images: Sequence[str] = (), timeout: float | None = None
) -> dict[str, Any]:
    """Return the watcher's answer; for what is raised see `edk.adapters.control.client.ask`."""
    from edk.adapters.control.client import ANSWER_SECONDS, ask

    seconds = ANSWER_SECONDS if timeout is None else timeout
    answers = ask(settings_of(options).state_dir, command, dirs=options.dir, images=images, timeout=seconds)
    return next(answers)
