"""Completion scripts for shells, made by shtab from the parser of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHELLS = ("bash", "zsh", "fish")
_ASK = "edk completion --images 2>/dev/null"
# Functions rather than shtab's own way of running a command: in zsh that one runs when the script is read.
_PREAMBLE = {
    "bash": f'_edk_images() {{\n  compgen -W "$({_ASK})" -- "$1"\n}}',
    "zsh": f'_edk_images() {{\n  local -a names=(${{(f)"$({_ASK})"}})\n  compadd "$@" -a names\n}}',
}
_COMPLETE_IMAGES = {"bash": "_edk_images", "zsh": "_edk_images", "fish": f"({_ASK})"}
_IMAGES = frozenset({"--image", "IMAGE"})
_FOLDERS = frozenset({"DIR"})
_FILES = frozenset({"FILE", "PATH", "ARCHIVE"})


def completion_script(parser: argparse.ArgumentParser, shell: str, words: Mapping[str, Sequence[str]]) -> str:
    """Return the script for a shell.

    Args:
        parser: of the whole command line; what its arguments are completed with is noted in it.
        shell: one of `SHELLS`.
        words: what an argument may be, by its metavar, where its parser does not know it.
    """
    import shtab

    for action in _actions(parser):
        how = _how(action)
        if how == "images":
            action.complete = _COMPLETE_IMAGES
        elif how == "folder":
            action.complete = shtab.DIRECTORY
        elif how == "file":
            action.complete = shtab.FILE
        elif str(action.metavar) in words:
            action.choices = list(words[str(action.metavar)])
    return shtab.complete(parser, shell, preamble=_PREAMBLE)  # type: ignore[arg-type] # it takes one for each shell


def _how(action: argparse.Action) -> str:
    """Return what an argument is by the names that it has in the help."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if _IMAGES & {metavar, *action.option_strings}:
        return "images"
    return "folder" if metavar in _FOLDERS else "file" if metavar in _FILES else ""


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """Yield the arguments of a parser and of the commands in it."""
    for action in parser._actions:
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)
