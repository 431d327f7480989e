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

from edk.adapters.page.handler import SECONDS, PageHandler, plain
from edk.domain.errors import UsageError
from edk.domain.pages import Admission, PageRequest, PageResponse

MAX_CONNECTIONS = 64
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class PageServer(ThreadingMixIn, HTTPServer):
    """Serves pages until it is told to stop.

    Args:
        host: that is listened at.
        port: that is listened at; 0: any that is free.
        answer: returns the answer to a request; called in any thread.
        admission: who is let in.
        trouble: takes what went wrong inside, as a sentence.

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
        trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.admission = admission
        self._answer = answer
        self._trouble = trouble
        # One lock for what threads share: which connections are open, and since when they send their request.
        self._lock = threading.Lock()
        self._open = 0
        self._reading: dict[Any, float] = {}
        try:
            super().__init__((host, port), PageHandler)
        except (OSError, OverflowError, UnicodeError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(f"{host}:{port} can't be listened at: {said}", "choose another --listen") from error

    @property
    def port(self) -> int:
        """Return the port that is listened at."""
        return int(self.server_address[1])

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
            self._reading.pop(connection, None)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection in a thread of its own; one too many is sent away."""
        with self._lock:
            full = self._open >= MAX_CONNECTIONS
            if not full:
                self._open += 1
                self._reading[request] = time.monotonic()
        if full:
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

    def _count_off(self, request: Any) -> None:  # noqa: ANN401
        with self._lock:
            self._open -= 1
            self._reading.pop(request, None)

    def _turn_away(self, request: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(OSError):
            request.settimeout(0.1)
            request.sendall(_BUSY)
        self.shutdown_request(request)

    def service_actions(self) -> None:
        """Close connections whose request does not come to an end; called again and again by the serving loop."""
        long_ago = time.monotonic() - SECONDS
        with self._lock:
            late = [connection for connection, since in self._reading.items() if since < long_ago]
        for connection in late:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Tell what went wrong with a connection, unless it simply broke off."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self._trouble(f"a connection failed ({type(error).__name__}: {error})")
