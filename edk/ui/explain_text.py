"""The page of a diagnostic's code in a terminal, and the list of all codes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from edk.domain.codes import ALL
from edk.domain.diagnostics import Code
from edk.ui.diagnostics_page import AREAS

MIN_WIDTH = 40
MAX_WIDTH = 100
_INDENT = "    "


def page_lines(code: Code, width: int) -> Iterator[str]:
    """Yield what a code means and what to do, wrapped to a terminal's width."""
    yield from _wrapped(f"{code.id}: {code.severity}: {code.title}", width, "")
    yield ""
    yield from _wrapped(code.explanation, width, _INDENT)
    yield ""
    yield "What to do:"
    yield from _wrapped(code.remedy[0].upper() + code.remedy[1:].rstrip(".") + ".", width, _INDENT)


def list_lines(width: int) -> Iterator[str]:
    """Yield a line for each code, by area."""
    for prefix, title in AREAS:
        yield title
        for code in sorted((code for code in ALL if code.id.startswith(prefix)), key=lambda code: code.id):
            head = f"  {code.id}  {code.severity:<7}  "
            yield from _wrapped(head + code.title, width, "", below=" " * len(head))
        yield ""
    yield "edk explain CODE tells what one means and what to do"


def _wrapped(text: str, width: int, indent: str, below: str = "") -> list[str]:
    # Between words only: a path or a setting that is cut can't be copied.
    return textwrap.wrap(
        text,
        max(MIN_WIDTH, min(width, MAX_WIDTH)),
        initial_indent=indent,
        subsequent_indent=below or indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
