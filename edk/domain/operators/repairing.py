"""A second try at half-typed source: close what was opened, and take out what can't be closed.

A parser that meets an open bracket gives up on much of what surrounds it. While somebody types, brackets and quotes
are open most of the time; closed by force, the rest of the file can be read as it is meant.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

MAX_OPEN = 100
MAX_INSERTED = 1_000
_TOKEN = re.compile(
    rb"(?P<comment>#[^\n]*)"
    rb"|(?P<string>[fFrRbBuU]{0,2}(?:'''(?:\\[\s\S]|[^\\])*?'''"
    rb'|"""(?:\\[\s\S]|[^\\])*?"""'
    rb"|'(?!'')(?:\\[\s\S]|[^'\\\n])*'"
    rb'|"(?!"")(?:\\[\s\S]|[^"\\\n])*"))'
    rb"|(?P<broken>[fFrRbBuU]{0,2}['\"][^\n]*)"
    rb"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    rb"|(?P<statement>\n[ \t]*(?=(?:class|def|async[ \t]+def|import|return|raise|with)\b|try[ \t]*:"
    rb"|super\(\)\.__init__\(|from[ \t]+[.\w]+[ \t]+import\b|@\w))"
)
_CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}
_HEADER = re.compile(rb"[ \t]*(?:async[ \t]+)?(?:def|class)\b")


@dataclass(frozen=True, slots=True)
class Repaired:
    """Source with what was missing put in.

    Args:
        source: the source.
        inserted: offset in `source` of each byte that the file does not have, sorted.
    """

    source: bytes
    inserted: tuple[int, ...]

    def offset(self, position: int) -> int:
        """Return the offset in the file as it is."""
        return position - bisect_right(self.inserted, position - 1)


class _Repair:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.parts: list[bytes] = []
        self.inserted: list[int] = []
        self.open: list[tuple[bytes, int]] = []
        self.comment = 0, 0
        self._length = 0
        self._done = 0

    def keep(self, end: int) -> None:
        """Take over the source up to an offset."""
        self._append(self.source[self._done : end])
        self._done = end

    def blank(self, count: int) -> None:
        """Put spaces in place of the next bytes of the source."""
        self._append(b" " * count)
        self._done += count

    def insert(self, text: bytes) -> None:
        """Put in what the source does not have."""
        self.inserted.extend(range(self._length, self._length + len(text)))
        self._append(text)

    def close_all(self, before: int) -> None:
        """Close every open bracket at an offset, in front of a comment that ends there."""
        self.keep(max(self._done, self.comment[0] if self.comment[1] == before else before))
        while self.open:
            bracket, position = self.open.pop()
            self.insert(_CLOSING[bracket])
            line = self.source.rfind(b"\n", 0, position) + 1
            if not self.open and _HEADER.match(self.source, line):
                self.insert(b":")

    def _append(self, text: bytes) -> None:
        self.parts.append(text)
        self._length += len(text)


def repaired(source: bytes) -> Repaired | None:
    """Return the source with brackets closed and None for broken strings; None if that is beyond hope."""
    repair = _Repair(source)
    for token in _TOKEN.finditer(source):
        start, kind = token.start(), token.lastgroup
        if kind == "comment":
            repair.comment = start, token.end()
        elif kind == "broken":
            repair.keep(start)
            repair.insert(b"None," if repair.open else b"None")
            repair.blank(token.end() - start)
        elif kind == "open":
            repair.open.append((token[0], start))
        elif kind == "close":
            _close(repair, token)
        elif kind == "statement" and repair.open:
            repair.close_all(start)
        if len(repair.open) > MAX_OPEN or len(repair.inserted) > MAX_INSERTED:
            return None
    repair.close_all(len(source))
    repair.keep(len(source))
    return Repaired(b"".join(repair.parts), tuple(repair.inserted))


def _close(repair: _Repair, token: re.Match[bytes]) -> None:
    wanted = [index for index, (bracket, _) in enumerate(repair.open) if _CLOSING[bracket] == token[0]]
    repair.keep(token.start())
    if not wanted:
        repair.blank(1)
        return
    while len(repair.open) - 1 > wanted[-1]:
        repair.insert(_CLOSING[repair.open.pop()[0]])
    repair.open.pop()
