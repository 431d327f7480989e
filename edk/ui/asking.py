"""Asking whether to go on: one way for all commands that change something."""

from __future__ import annotations

import sys
from collections.abc import Callable


def agreed(question: str, *, yes: bool, may_ask: bool, nobody: Callable[[], None]) -> bool:
    """Return whether the user agrees; anything but a clear yes is a no.

    Args:
        question: without what can be answered, which is added.
        yes: whether the command line agreed already, by ``--yes``.
        may_ask: whether a question has a place in what is printed; not where that is for programs.
        nobody: called where there is nobody to ask, to say that nothing is done and what would do it.
    """
    if yes:
        return True
    if not may_ask or not (sys.stdin.isatty() and sys.stdout.isatty()):
        nobody()
        return False
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        print()
        answer = ""
    return answer.strip().lower() in {"y", "yes"}
