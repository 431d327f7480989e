"""One client of the watcher: what it sent and was not yet handled, and what it is still to be sent."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress

from edk.domain.control import MAX_REQUEST_BYTES, refused
from edk.domain.encoding import to_json
from edk.domain.errors import EXIT_UNREACHABLE

MAX_BEHIND_BYTES = 4 << 20
_CHUNK = 64 << 10
LAGGED = refused(
    "this client reads too slowly, and is told nothing more",
    "connect again; the present state comes first",
    EXIT_UNREACHABLE,
)


def as_line(message: Mapping[str, object]) -> bytes:
    """Return a message as it goes over the socket."""
    return to_json(message) + b"\n"


class Connection:
    """A client's socket with its two buffers.

    The server's thread reads and writes; whoever answers, or emits events, only adds to the outgoing queue. The
    lock guards that queue between the two; the socket never blocks, so nobody holds the lock for long.

    Args:
        sock: connected; closed by `close`.
        wake: has the server's thread look again.
    """

    def __init__(self, sock: socket.socket, wake: Callable[[], None]) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.last_moved = time.monotonic()
        self.following = False
        self.half_closed = False
        self.lost = False
        self._wake = wake
        self._lock = threading.Lock()
        self._incoming = bytearray()
        self._outgoing: deque[bytes] = deque()
        self._size = 0
        self._sent = 0  # bytes of the first message that are out already
        self._asked = 0  # requests that nobody answered yet
        self._ended = False

    # Called from any thread.

    def put(self, message: bytes, *, answers: bool = False, follow: bool = False) -> None:
        """Queue a message; one that can't be kept since the client reads too slowly ends the connection.

        Args:
            message: a whole line.
            answers: whether it is the answer to the request that waits.
            follow: whether events come behind it.
        """
        with self._lock:
            if answers:
                self._asked = 0
            if self._ended:
                return
            if self._outgoing and self._size + len(message) > MAX_BEHIND_BYTES:
                self._drop_all_but_what_began()
                message = as_line(LAGGED)
                self._ended = True
                self.last_moved = time.monotonic()
            self._outgoing.append(message)
            self._size += len(message)
            self.following = (self.following or follow) and not self._ended
        self._wake()

    def end(self, message: bytes = b"") -> None:
        """Take nothing more; the connection is closed when what is queued is out."""
        if message:
            self.put(message)
        with self._lock:
            self._ended = True
            self.following = False

    def _drop_all_but_what_began(self) -> None:
        kept = [self._outgoing[0]] if self._sent else []
        self._outgoing = deque(kept)
        self._size = sum(len(message) for message in kept)

    # Called from the server's thread alone.

    @property
    def wants_to_write(self) -> bool:
        """Whether something is queued."""
        return bool(self._outgoing)

    @property
    def wants_to_read(self) -> bool:
        """Whether there is room for more of what it sends."""
        return not (self._ended or self.half_closed) and len(self._incoming) <= MAX_REQUEST_BYTES

    @property
    def finished(self) -> bool:
        """Whether it can be closed: nothing is queued, and nothing will be."""
        with self._lock:
            if self._outgoing:
                return False
            return self._ended or (self.half_closed and not self._asked and not self.following)

    @property
    def waited_for(self) -> bool:
        """Whether it may be quiet for long: it follows, or was not answered yet."""
        return self.following or bool(self._asked)

    @property
    def hung_up(self) -> bool:
        """Whether the other end is closed for both directions, and not only for writing."""
        poll = select.poll()
        poll.register(self.sock, 0)
        return any(mask & (select.POLLHUP | select.POLLERR) for _, mask in poll.poll(0))

    def receive(self) -> None:
        """Read what is there; raise OSError if the other end is gone."""
        with suppress(BlockingIOError):
            data = self.sock.recv(_CHUNK)
            if not data:
                if self.hung_up:
                    raise ConnectionResetError
                self.half_closed = True
            self._incoming += data
            self.last_moved = time.monotonic()

    def next_request(self) -> bytes | None:
        """Return the next line, None if there is none or the one before is not answered, sent and read yet."""
        if self._asked or self._outgoing or self._ended:
            return None
        line, newline, rest = self._incoming.partition(b"\n")
        if len(line) > MAX_REQUEST_BYTES:
            self.end(as_line(refused(f"a request is longer than {MAX_REQUEST_BYTES} bytes")))
            return None
        if not newline:
            return None
        self._incoming = rest
        self._asked = 1
        return bytes(line)

    def send(self) -> None:
        """Write what the socket takes now; raise OSError if the other end is gone."""
        with suppress(BlockingIOError), self._lock:
            while self._outgoing:
                first = self._outgoing[0]
                self._sent += self.sock.send(memoryview(first)[self._sent :])
                self.last_moved = time.monotonic()
                if self._sent == len(first):
                    self._outgoing.popleft()
                    self._size -= len(first)
                    self._sent = 0

    def close(self) -> None:
        """Close the socket, whatever is queued."""
        with self._lock:
            self._ended = True
            self.following = False
            self._outgoing.clear()
        self.sock.close()
