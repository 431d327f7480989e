"""From the bytes of a Dockerfile to logical lines: directives, comments, continuations, heredoc bodies.

The rules are those of BuildKit's parser (``frontend/dockerfile/parser``), quirks included: a continuation
that runs into a comment or an empty line goes on behind it, a line's own blanks stay, and parser directives
end at the first line that is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go's ``unicode.IsSpace`` holds for white space."""

MAX_BYTES = 1 << 20
"""A Dockerfile larger than this is not read; the largest real ones have a few KiB."""

MAX_LINE_BYTES = 65_535
"""The engine's scanner takes no longer line."""

BOM = b"\xef\xbb\xbf"

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_CONTINUATION = {
    "\\": re.compile(r"(?:(?<=[^\\])|^)\\[ \t]*$"),
    "`": re.compile(r"(?:(?<=[^`])|^)`[ \t]*$"),
}


class DockerfileError(Exception):
    """What the engine would refuse; turned into a diagnostic, never seen outside of this package.

    Args:
        message: as the engine says it.
        line: from 1; 0 for the file as a whole.
        kind: which code it becomes.
    """

    def __init__(self, message: str, line: int = 0, kind: str = "syntax") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.kind = kind


class Piece(Struct, frozen=True):
    """A part of a logical line that stands in one physical line.

    Args:
        start: index in the logical line's text.
        offset: byte offset in the file of its first character.
        text: the part.
    """

    start: int
    offset: int
    text: str


class LogicalLine(Struct, frozen=True):
    """One instruction's text with continuations joined; lines from 1, `end_line` without heredoc bodies."""

    text: str
    pieces: tuple[Piece, ...]
    line: int
    end_line: int
    gap_line: int = 0

    def offset(self, index: int, *, end: bool = False) -> int:
        """Return the byte offset in the file of a character, or just behind the one before it if `end`."""
        at = index - 1 if end else index
        chosen = self.pieces[0]
        for piece in self.pieces:
            if piece.start > at:
                break
            if piece.text:
                chosen = piece
        return chosen.offset + len(chosen.text[: index - chosen.start].encode("utf-8", "surrogateescape"))


class Directive(Struct, frozen=True):
    """A parser directive such as ``# escape=` ``; line from 1."""

    name: str
    value: str
    line: int


class LineReader:
    """Reads a Dockerfile line by line; heredoc bodies are taken by whoever knows that one is there."""

    def __init__(self, content: bytes) -> None:
        self.escape = "\\"
        self.directives: list[Directive] = []
        self._lines = content.splitlines(keepends=True) if b"\r" not in content else _split(content)
        self._next = 0
        self._offset = 0
        self._in_directives = True

    @property
    def line(self) -> int:
        """Number of the last line read, from 1."""
        return self._next

    def logical_lines(self) -> Iterator[LogicalLine]:
        """Yield every instruction's line.

        Raises:
            DockerfileError: for a line that is too long or a directive that is wrong.
        """
        while (taken := self._take()) is not None:
            raw, offset = taken
            if self._next == 1 and raw.startswith(BOM):
                raw, offset = raw[3:], offset + 3
            text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
            stripped = text.lstrip(GO_SPACE)
            offset += len(text[: len(text) - len(stripped)].encode("utf-8", "surrogateescape"))
            self._directive(stripped)
            if stripped and not stripped.startswith("#"):
                yield self._join(stripped, offset)

    def heredoc_body(self, name: str, chomp: bool) -> bool:
        """Skip the lines of a heredoc's body; return whether its end was found."""
        end = name.encode("utf-8", "surrogateescape")
        while (taken := self._take()) is not None:
            bare = taken[0].rstrip(b"\r\n")
            if (bare.lstrip(b"\t") if chomp else bare) == end:
                return True
        return False

    def _take(self) -> tuple[bytes, int] | None:
        if self._next >= len(self._lines):
            return None
        raw, offset = self._lines[self._next], self._offset
        if len(raw) - raw.endswith(b"\n") > MAX_LINE_BYTES:
            raise DockerfileError(
                f"dockerfile line greater than max allowed size of {MAX_LINE_BYTES}", self._next + 1, "long"
            )
        self._next += 1
        self._offset += len(raw)
        return raw, offset

    def _join(self, text: str, offset: int) -> LogicalLine:
        first, gap = self._next, 0
        continued = _CONTINUATION[self.escape]
        pieces: list[Piece] = []
        length = 0
        while True:
            found = continued.search(text)
            part = text[: found.start()] if found else text
            pieces.append(Piece(length, offset, part))
            length += len(part)
            following = self._continuation() if found else None
            if following is None:
                break
            text, offset, skipped = following
            gap = gap or skipped
        joined = pieces[0].text if len(pieces) == 1 else "".join(p.text for p in pieces)
        return LogicalLine(joined, tuple(pieces), first, self._next, gap)

    def _continuation(self) -> tuple[str, int, int] | None:
        gap = 0
        while (taken := self._take()) is not None:
            raw, offset = taken
            text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
            bare = text.lstrip(GO_SPACE)
            if bare and not bare.startswith("#"):
                return text, offset, gap
            if not bare:
                gap = gap or self._next
        return None

    def _directive(self, text: str) -> None:
        if not self._in_directives:
            return
        match = _DIRECTIVE.match(text[1:].lstrip(GO_SPACE)) if text.startswith("#") else None
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            self._in_directives = False
            return
        if any(d.name == name for d in self.directives):
            raise DockerfileError(f"only one {name} parser directive can be used", self._next)
        self.directives.append(Directive(name, match[2], self._next))
        if name == "escape":
            if match[2] not in _CONTINUATION:
                raise DockerfileError(f"invalid escape token '{match[2]}' does not match ` or \\", self._next)
            self.escape = match[2]


def _split(content: bytes) -> list[bytes]:
    """Split at newlines alone: a lone carriage return ends no line for the engine."""
    parts = content.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
