"""Other image references in the Dockerfile that is sent, without touching the user's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edk.domain.dockerfile.lines import BOM, LineReader
from edk.domain.errors import BuildRefusedError

if TYPE_CHECKING:
    from edk.domain.dockerfile.model import DockerfileReading, ImageUse


def rewrite(content: bytes, reading: DockerfileReading, replacements: Mapping[int, str], drop_syntax: bool) -> bytes:
    """Return a Dockerfile that names other images; every instruction keeps its lines.

    Args:
        content: the Dockerfile that was read.
        reading: of exactly this content.
        replacements: the new reference for an index in ``reading.images``.
        drop_syntax: whether a ``# syntax=`` line is emptied, so that the engine's own translator reads the
            file.

    Raises:
        BuildRefusedError: if a reference is written so that it can't be replaced where it stands.
    """
    edits = {_span(reading.images[index]): ref.encode() for index, ref in replacements.items()}
    out: list[bytes] = []
    at = 0
    for (start, end), ref in sorted(edits.items()):
        out += [content[at:start], _joining(content[start:end], reading.escape), ref]
        at = end
    replaced = b"".join([*out, content[at:]])
    return _without_syntax(replaced, reading.syntax_line) if drop_syntax and reading.syntax_line else replaced


def _span(use: ImageUse) -> tuple[int, int]:
    if use.start < 0:
        raise BuildRefusedError(
            f"line {use.line}: the reference {use.written} can't be replaced where it stands",
            "Write it without quotes and escapes",
        )
    return use.start, use.end


def _joining(old: bytes, escape: str) -> bytes:
    """Return as many continued line ends as the old reference spans: later lines keep their numbers."""
    return (escape.encode() + b"\n") * old.count(b"\n")


def _without_syntax(content: bytes, syntax_line: int) -> bytes:
    """Return the file without its ``# syntax=`` line, the lines in between keeping their numbers.

    Directives end at the first line that is none, so those behind it move up, and the emptied line is
    the last of them.
    """
    reader = LineReader(content)
    next(reader.logical_lines(), None)
    last = max(directive.line for directive in reader.directives)
    bom = BOM if content.startswith(BOM) else b""
    lines = content[len(bom) :].split(b"\n")
    moved = lines[syntax_line:last]
    return bom + b"\n".join([*lines[: syntax_line - 1], *moved, b"#", *lines[last:]])
