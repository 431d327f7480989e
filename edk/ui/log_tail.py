"""The log of an image as it grows, across the builds that write it anew."""

from __future__ import annotations

import os
from pathlib import Path

_CHUNK = 1 << 20
_REMEMBERED = 256


class LogTail:
    """Reads what is new in a log, as ``tail -F`` does.

    A build writes the log anew, into the same file or another one. Both are noticed, for the bytes before
    the place that was read up to are then no longer those that were read.

    Args:
        path: of the log, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._before = b""
        self._partial = b""

    def new_lines(self) -> tuple[str, ...]:
        """Return the lines that were finished since the last call; raise OSError if it is there but can't be read."""
        try:
            with self._path.open("rb") as file:
                if not self._goes_on(file.fileno()):
                    self._offset, self._before, self._partial = 0, b"", b""
                data = os.pread(file.fileno(), _CHUNK, self._offset)
        except FileNotFoundError:
            return ()
        self._offset += len(data)
        self._before = (self._before + data)[-_REMEMBERED:]
        *lines, self._partial = (self._partial + data).split(b"\n")
        return tuple(line.decode("utf-8", "replace") for line in lines)

    def rest(self) -> str:
        """Return the line that has no end yet."""
        return self._partial.decode("utf-8", "replace")

    def _goes_on(self, descriptor: int) -> bool:
        return os.pread(descriptor, len(self._before), self._offset - len(self._before)) == self._before
