"""Comments that suppress diagnostics: ``# edk: ignore[EDK601]`` for a line, ``# edk: ignore-file[EDK601]`` for a file.

A comment behind something is for its own line, one that stands alone for the next line that is none: a Dockerfile
knows no other. In a template of a chart it may be written as ``{{/* edk: ignore[EDK612] */}}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(
    rb"(?P<open>#|\{\{-?[ \t]*/\*)[ \t]*edk:[ \t]*ignore(?P<file>-file)?(?![\w-])[ \t]*(?:\[(?P<codes>[^\]\n]*)\])?"
)
_COMMENT = re.compile(rb"[ \t]*(?:#.*|\{\{-?[ \t]*/\*.*\*/[ \t]*-?\}\}[ \t]*)?\r?")


@dataclass(frozen=True, slots=True)
class Mark:
    """One such comment.

    Args:
        line: that it stands in, from 1.
        column: from 1.
        about: the line that it is for; 0 for the file as a whole.
        codes: that it names, as written.
    """

    line: int
    column: int
    about: int
    codes: tuple[str, ...]


def marks_in(content: bytes) -> tuple[Mark, ...]:
    """Return the comments of a file that suppress something."""
    if b"edk:" not in content:
        return ()
    lines = content.split(b"\n")
    found = []
    for number, line in enumerate(lines, 1):
        for match in _MARK.finditer(line):
            codes = tuple(word.strip() for word in (match["codes"] or b"").decode("utf-8", "replace").split(","))
            about = 0 if match["file"] else number
            if about and not line[: match.start()].strip():
                about = _next_line(lines, number)
            column = len(line[: match.start()].decode("utf-8", "replace")) + 1
            found.append(Mark(number, column, about, tuple(code for code in codes if code)))
    return tuple(found)


def _next_line(lines: list[bytes], number: int) -> int:
    """Return the number of the next line behind one that is neither empty nor a comment; its own if there is none."""
    for later in range(number + 1, len(lines) + 1):
        if not _COMMENT.fullmatch(lines[later - 1]):
            return later
    return number
