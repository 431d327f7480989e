"""Writes the pages of all commands into a folder, and removes those of commands that are no more."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from edk.cli import parser
from edk.ui.command_pages import render


def titles(docs: Path) -> dict[str, str]:
    """Return the first heading of each page."""
    return {path.name: path.read_text(encoding="utf-8").partition("\n")[0][2:] for path in docs.glob("*.md")}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    pages = render(parser(), titles(folder.parent))
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
