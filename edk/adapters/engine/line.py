"""The connection of one request, as far as another thread may touch it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Line:
    """Cuts a connection that docker-py has opened, from any thread.

    It holds a descriptor of its own: the library closes its socket when it likes, and a number that was given
    back may be somebody else's by then.
    """

    def __init__(self) -> None:
        # Whoever cuts must not meet whoever releases: the descriptor would be another's in between.
        self._lock = threading.Lock()
        self._own: socket.socket | None = None
        self._cut = False

    @property
    def opened(self) -> bool:
        """Whether there ever was a connection."""
        return self._own is not None

    def take(self, made: socket.socket) -> None:
        """Take a socket that was just connected; it is cut at once if it comes too late."""
        with self._lock:
            self._own = socket.fromfd(made.fileno(), made.family, made.type)
        if self._cut:
            self.cut()

    def cut(self) -> None:
        """End the connection both ways: who waits for it wakes, and the engine stops; any number of times."""
        with self._lock, suppress(OSError):
            self._cut = True
            if self._own is not None:
                self._own.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Cut it, and give the descriptor back."""
        self.cut()
        with self._lock:
            if self._own is not None:
                self._own.close()
