"""Whether git is changing a tree right now, and what it has checked out; a few file look-ups, without git itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

MAX_BYTES = 4096


class GitState:
    """Looks at the repositories that hold the roots, or lie directly in them.

    Args:
        roots: absolute folders.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = tuple(roots)

    def busy(self) -> bool:
        """Tell whether a repository's index is locked: a checkout or a rebase is under way."""
        return any(os.path.exists(f"{folder}/index.lock") for folder in self._git_folders())  # noqa: PTH110

    def head(self) -> str:
        """Return what is checked out, as a text that changes with it."""
        return "\n".join(head_of(folder) for folder in self._git_folders())

    def _git_folders(self) -> list[str]:
        found: dict[str, None] = {}
        for root in self._roots:
            above = [root, *(str(parent) for parent in Path(root).parents)]
            try:
                inside = sorted(str(folder) for folder in Path(root).iterdir() if not folder.name.startswith("."))
            except OSError:
                inside = []
            for folder in (*above, *inside):
                git = git_folder(folder)
                if git:
                    found[git] = None
        return list(found)


def git_folder(folder: str) -> str:
    """Return a work tree's git folder; empty if it is none. A linked work tree has a file that names it."""
    path = f"{folder}/.git"
    if os.path.isdir(path):  # noqa: PTH112
        return path
    text = _read(path)
    return text.removeprefix("gitdir:").strip() if text.startswith("gitdir:") else ""


def head_of(git: str) -> str:
    """Return what a git folder has checked out, as a text that changes with it where refs are files."""
    head = _read(f"{git}/HEAD").strip()
    return head + _read(f"{git}/{head.removeprefix('ref:').strip()}") if head.startswith("ref:") else head


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read(MAX_BYTES)
    except OSError:
        return ""
