"""Where in a file something of interest may stand: cheap text search, so that most of a tree is never walked."""

from __future__ import annotations

import re
from bisect import bisect_left

_MARKS = re.compile(rb"\bimage\b|:=|(?:Operator|Task|Sensor|Pod|\btask)\b|\b__init__\s*\(")
_FACTORY = re.compile(rb"^[ \t]*def[ \t]+([A-Za-z_]\w*)[ \t]*\([^)]{0,2000}?\bimage\b", re.MULTILINE)
_OPERATOR_LIKE = re.compile(r"\w*(?:Operator|Task|Sensor|Pod)$|^task$")
MAX_FACTORIES = 50


class Candidates:
    """Byte offsets in one file at which an image may be named.

    Args:
        source: the file as UTF-8.
    """

    def __init__(self, source: bytes) -> None:
        found = {match[1] for match in _FACTORY.finditer(source)} - {b"__init__"}
        names = sorted(found)[:MAX_FACTORIES]
        self.factories = frozenset(name.decode("ascii", "replace") for name in names)
        marks = [match.start() for match in _MARKS.finditer(source)]
        if names:
            calls = re.compile(rb"\b(?:" + b"|".join(re.escape(name) for name in names) + rb")[ \t]*\(")
            marks = sorted({*marks, *(match.start() for match in calls.finditer(source))})
        self._marks = marks
        self.worth_reading = re.search(rb"\bimage\b", source) is not None

    def within(self, start: int, end: int) -> bool:
        """Say whether something of interest may stand in a byte range."""
        index = bisect_left(self._marks, start)
        return index < len(self._marks) and self._marks[index] < end


def operator_like(name: str) -> bool:
    """Say whether a dotted name is that of a class of operators, or of something made from one."""
    return any(_OPERATOR_LIKE.search(part) for part in name.split("."))
