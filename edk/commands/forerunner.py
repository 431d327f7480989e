"""A process that reads ahead for another one: asked by its input, it answers by its output; no command of its own."""

from __future__ import annotations

import os
import sys

from edk.adapters.files import FileTree
from edk.adapters.forerunners import put_message, take_message
from edk.orchestrator.ahead import answer


def main() -> None:
    """Answer until there are no more questions."""
    asked = sys.stdin.buffer
    told = open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
    tree = FileTree()
    try:
        while True:
            put_message(told, answer(take_message(asked), tree))
    except (EOFError, OSError):
        os._exit(0)
