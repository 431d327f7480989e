"""Lines out of what a step prints, which comes in pieces that are cut anywhere, also within a character."""

from __future__ import annotations

from collections import deque

TAIL = 20
LINE_LIMIT = 8192


class LogLines:
    """Puts one stream of one step together again; memory stays bounded whatever it prints."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[str]:
        """Take a piece and return the lines that it ended."""
        *ended, rest = (self._rest + data).split(b"\n")
        lines = [_line(line) for line in ended]
        while len(rest) > LINE_LIMIT:
            lines.append(_line(rest[:LINE_LIMIT]))
            rest = rest[LINE_LIMIT:]
        self._rest = rest
        return lines

    def end(self) -> list[str]:
        """Return what is left without an end."""
        rest, self._rest = self._rest, b""
        return [_line(rest)] if rest else []


class Tail:
    """The last lines of a step."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=TAIL)

    def add(self, line: str) -> None:
        """Add a line; empty ones do not help anybody."""
        if line.strip():
            self._lines.append(line)

    def lines(self) -> tuple[str, ...]:
        """Return them, oldest first."""
        return tuple(self._lines)


def _line(line: bytes) -> str:
    # A progress bar goes back to the start of its line: what stands there last is what a terminal shows.
    shown = line.rstrip(b"\r").rsplit(b"\r", 1)[-1]
    return shown[:LINE_LIMIT].decode("utf-8", "backslashreplace")
