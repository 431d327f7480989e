"""The server of pages: a thread for each connection, so many at most, each for so long at most."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

from edk.adapters.serving.handler import SECONDS, PageHandler, plain
from edk.domain.errors import UsageError
from edk.domain.listening import in_url
from edk.domain.pages import Admission, PageRequest, PageResponse

MAX_CONNECTIONS = 64
POLL_SECONDS = 0.5
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class PageServer(ThreadingMixIn, HTTPServer):
    """Serves pages, by `serve_forever` or, in a thread of its own, from `start` on.

    A client that connects while there are as many as there may be takes the place of the one that has been sending its
    request for longest: so a probe gets in, whoever else holds on. If all wait for their answers, it is sent away.

    Args:
        host: that is listened at; empty: every address of this machine.
        port: that is listened at; 0: any that is free.
        answer: returns the answer to a request; called in any thread.
        admission: who is let in.
        trouble: takes what went wrong inside, as a sentence; called in any thread.
        option: of the command line, by which another address can be chosen.

    Raises:
        UsageError: the address can't be listened at.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[PageRequest], PageResponse],
        admission: Admission,
        trouble: Callable[[str], None],
        option: str,
    ) -> None:
        self.admission = admission
        self._answer = answer
        self._trouble = trouble
        # One lock for what threads share: who is still sending a request, since when and oldest first, and who is
        # being answered.
        self._lock = threading.Lock()
        self._reading: dict[Any, float] = {}
        self._answered: set[Any] = set()
        self._thread: threading.Thread | None = None
        try:
            self.address_family, _, _, _, address = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            super().__init__(address, PageHandler)  # type: ignore[arg-type] # that of IPv6 has four parts
        except (OSError, UnicodeError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(
                f"{in_url(host)}:{port} can't be listened at: {said}",
                f"choose another address by {option}, or stop what listens there",
            ) from error

    @property
    def port(self) -> int:
        """Return the port that is listened at."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """Return where it is listened at, as it stands in a URL."""
        return f"{in_url(str(self.server_address[0]))}:{self.port}"

    def start(self) -> None:
        """Serve in a thread until `stop`."""
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,), name="edk-pages", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more; a second call does nothing."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def server_bind(self) -> None:
        """Bind without asking for the name of this machine, which can take long where no name server answers."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def answer(self, request: PageRequest) -> PageResponse:
        """Return the answer to a request; a fault of ours is told, and never shown."""
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001 - a page that fails must not take the server along
            self._trouble(f"the page {request.path[:200]} failed ({type(error).__name__}: {error})")
            return plain(500)

    def began_to_answer(self, connection: Any) -> None:  # noqa: ANN401 - whatever the server took
        """Note that a request is complete: from here on its own times count."""
        with self._lock:
            # One that had to go a moment ago does not come back.
            if self._reading.pop(connection, None) is not None:
                self._answered.add(connection)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection in a thread of its own, if there is a place for it."""
        with self._lock:
            full = len(self._reading) + len(self._answered) >= MAX_CONNECTIONS
            oldest = next(iter(self._reading), None) if full else None
            admitted = not full or oldest is not None
            if admitted:
                self._reading.pop(oldest, None)
                self._reading[request] = time.monotonic()
        if oldest is not None:
            _cut(oldest)
        if not admitted:
            self._turn_away(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread left
            self._count_off(request)
            self._turn_away(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection, and count it off."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count_off(request)

    def service_actions(self) -> None:
        """Close connections whose request does not come to an end; called again and again by the serving loop."""
        long_ago = time.monotonic() - SECONDS
        with self._lock:
            late = [connection for connection, since in self._reading.items() if since < long_ago]
        for connection in late:
            _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Tell what went wrong with a connection, unless it simply broke off."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self._trouble(f"a connection failed ({type(error).__name__}: {error})")

    def _count_off(self, request: Any) -> None:  # noqa: ANN401
        with self._lock:
            self._reading.pop(request, None)
            self._answered.discard(request)

    def _turn_away(self, request: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(OSError):
            request.settimeout(0.1)
            request.sendall(_BUSY)
        self.shutdown_request(request)


def _cut(connection: Any) -> None:  # noqa: ANN401
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
