"""Runs the command line in a terminal: a real pseudo-terminal, whose screen pyte keeps."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

PATIENCE = 60.0


class InTerminal:
    """A process in a terminal of its own.

    Args:
        argv: what to run.
        cwd: the folder that it runs in.
        environ: its environment; TERM is set to one that does not break lines anew, as pyte does not.
        size: columns and lines.
    """

    def __init__(
        self, argv: Sequence[str | bytes], cwd: Path, environ: Mapping[str, str], size: tuple[int, int] = (100, 30)
    ) -> None:
        self.screen = pyte.HistoryScreen(*size, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                # The size is there before the program asks for it.
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
                os.execvpe(argv[0], list(argv), {"TERM": "linux", **environ})
            finally:
                os._exit(127)
        self._modes = termios.tcgetattr(self._fd)
        self.code: int | None = None

    def read(self, seconds: float = 0.1) -> bool:
        """Take what was written; return whether there may be more."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Read until something holds; fail with the screen if it does not."""
        end = time.monotonic() + PATIENCE
        while not holds():
            alive = self.read()
            assert alive or holds(), f"{what or 'it'} did not come:\n{self.text}"
            assert time.monotonic() < end, f"{what or 'it'} did not come in time:\n{self.text}"

    def sees(self, text: str) -> None:
        """Read until a text is on the screen."""
        self.until(lambda: text in "\n".join(self.lines), text)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All lines that there were, those that left the screen at its top included."""
        columns = range(self.screen.columns)
        gone = ["".join(row[x].data for x in columns).rstrip() for row in self.screen.history.top]
        return "\n".join(gone + self.lines)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal another size; the kernel tells the process by a signal."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def restored(self) -> bool:
        """Whether the terminal's modes are those of the start."""
        return termios.tcgetattr(self._fd) == self._modes

    @property
    def echoes(self) -> bool:
        """Whether it shows what is typed."""
        return bool(termios.tcgetattr(self._fd)[3] & termios.ECHO)

    def stopped(self) -> bool:
        """Wait until the process was stopped, and return whether it was."""
        return os.WIFSTOPPED(os.waitpid(self.pid, os.WUNTRACED)[1])

    def end(self) -> int:
        """Read to the end, and return the exit code."""
        limit = time.monotonic() + PATIENCE
        while self.read(0.2):
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.code = os.waitstatus_to_exitcode(status)
                while select.select([self._fd], [], [], 0.2)[0] and self.read(0):
                    continue
                return self.code
            assert time.monotonic() < limit, f"it did not end:\n{self.text}"
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def close(self) -> None:
        """Kill what still runs."""
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self._fd)
