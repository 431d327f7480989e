"""Lines out of a stream of bytes that may be cut anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LINE_LIMIT = 8 << 20
"""No engine sends a longer line; memory is not given to one that does."""
_PIECE = 1 << 16


def read_lines(read: Callable[[int], bytes], limit: int = LINE_LIMIT) -> Iterator[bytes]:
    """Yield lines without their ends; the last one need not have one.

    Args:
        read: returns at most so many bytes, none at the end.
        limit: of a line, in bytes.

    Raises:
        ValueError: a line is longer.
    """
    parts: list[bytes] = []
    size = 0
    while piece := read(_PIECE):
        *ended, rest = piece.split(b"\n")
        for line in ended:
            yield b"".join((*parts, line)).rstrip(b"\r")
            parts, size = [], 0
        parts.append(rest)
        size += len(rest)
        if size > limit:
            raise ValueError(f"it sent a line of more than {limit} bytes")
    if size:
        yield b"".join(parts)
