"""Reads the tables of the pages in ``docs/`` and of the README."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_WORD = re.compile(r"`([^`]*)`")


def page(name: str) -> str:
    """Return a page of ``docs/``."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, without the two rows of the head."""
    found: list[list[list[str]]] = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith("|"):
            continue
        assert set(next(lines)) <= set("|-: "), f"{line} has no rule below it"
        rows = []
        for row in lines:
            if not row.startswith("|"):
                break
            rows.append([cell.strip() for cell in row.strip("|").split("|")])
        found.append(rows)
    return found


def words(cell: str) -> list[str]:
    """Return what stands between backticks."""
    return _WORD.findall(cell)
