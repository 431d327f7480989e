"""A socket that is never waited on blindly, and that another thread can shut.

`http.client` reads and writes through it. While the engine is silent, somebody is asked every few seconds
whether to go on waiting: a RUN step may be quiet for an hour, an engine that hangs is given up soon.
"""

from __future__ import annotations

import io
import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

_T = TypeVar("_T")
_SEND = 1 << 17


class WatchedSocket:
    """A connected socket, as far as `http.client` needs one.

    Args:
        raw: connected; becomes non-blocking.
        quiet: seconds without a byte after which somebody is asked.
        on_quiet: is asked; ends the waiting by raising.
        on_bytes: called whenever bytes moved.
    """

    def __init__(
        self, raw: socket.socket, quiet: float, on_quiet: Callable[[], None], on_bytes: Callable[[], None]
    ) -> None:
        raw.setblocking(False)
        self._raw = raw
        self._quiet = quiet
        self._on_quiet = on_quiet
        self._on_bytes = on_bytes

    def makefile(self, _mode: str, *_: object, **__: object) -> io.BufferedReader:
        """Return a reader of what arrives."""
        return io.BufferedReader(_Reader(self), 1 << 16)

    def sendall(self, data: bytes) -> None:
        """Send all of `data`; raise OSError."""
        view = memoryview(data)
        while view:
            piece = view[:_SEND]
            view = view[self._attempt(partial(self._raw.send, piece), select.POLLOUT) :]

    def receive_into(self, buffer: memoryview) -> int:
        """Receive at least a byte, or 0 at the end; raise OSError."""
        return self._attempt(partial(self._raw.recv_into, buffer), select.POLLIN)

    def close(self) -> None:
        """Do nothing: `http.client` closes while its response is still read. `shut` is the end."""

    def shut(self) -> None:
        """Wake whoever waits, and close; callable from any thread, any number of times."""
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the descriptor back; by the thread that reads, when nobody else can call `shut`."""
        self.shut()
        self._raw.close()

    def _attempt(self, action: Callable[[], _T], event: int) -> _T:
        while True:
            try:
                done = action()
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except BlockingIOError:
                self._wait(event)
            else:
                self._on_bytes()
                return done

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._raw, event)
        if not poll.poll(self._quiet * 1000):
            self._on_quiet()


class _Reader(io.RawIOBase):
    def __init__(self, source: WatchedSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._source.receive_into(buffer)
