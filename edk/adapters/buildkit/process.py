"""A process whose lines are read while they come: ending it for sure, and holding no more of it than is of use."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

_GRACE_SECONDS = 0.7
"""For a client that was asked to end; it takes 0.03 seconds."""
_TEXT_LIMIT = 1 << 16
_LINE_LIMIT = 1 << 24
"""No message of BuildKit is longer: its transport takes no more than 16 MiB at once."""


class Ending:
    """Ends a process from any thread: asks first, for then the daemon ends its work at once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._timer = threading.Timer(_GRACE_SECONDS, end_group, (process,))
        self._timer.daemon = True
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Ask it to end, and force it soon after."""
        with self._lock:
            # Popen's own way would take note of its end, and who has ended can't be known by its group any more.
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGINT)
            if self._timer.ident is None:
                self._timer.start()

    def force(self) -> None:
        """Make sure that it has ended."""
        with self._lock:
            started = self._timer.ident is not None
            self._timer.cancel()
        end_group(self._process)
        self._process.wait()
        if started:
            self._timer.join()


class KeptText:
    """The last of what was written for people; an error stands at the end."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._size = 0

    def add(self, line: bytes) -> None:
        """Add a line."""
        self._lines.append(line[-_TEXT_LIMIT:])
        self._size += len(self._lines[-1])
        while self._size > _TEXT_LIMIT:
            self._size -= len(self._lines.popleft())

    def end(self) -> str:
        """Return it."""
        return b"".join(self._lines).decode("utf-8", "backslashreplace")


def read_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield lines, the last one perhaps without an end; raises ValueError where one is too long to be held."""
    while line := stream.readline(_LINE_LIMIT):
        if len(line) == _LINE_LIMIT and not line.endswith(b"\n"):
            raise ValueError("it writes a line that does not end")
        yield line


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was not waited for yet, and what it started: helpers that connect keep the pipe open."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
