"""A small HTTP server for probes: GET and HEAD of a few pages, few clients at once, and none for long."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import cast

from edk.domain.errors import UsageError
from edk.domain.listening import listen_address

MAX_CLIENTS = 16
CLIENT_SECONDS = 10.0
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer.

    Args:
        status: of HTTP.
        body: its text.
        content_type: of the text.
    """

    status: int
    body: str
    content_type: str = _TEXT


Pages = Mapping[str, Callable[[], Page]]


class HealthServer:
    """Answers at an address until it is stopped.

    Args:
        address: ``HOST:PORT``; port 0: one that is free.
        pages: path → what makes its answer; has to be quick.

    Raises:
        UsageError: the address can't be had.
    """

    def __init__(self, address: str, pages: Pages) -> None:
        host, port = listen_address(address, "watch_health", 8081)
        try:
            family, _, _, _, where = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self._server = _Server(family, where, pages)
        except OSError as error:
            raise UsageError(
                f"nobody can be answered at {address}: {error.strerror or error}",
                "name another address by --health, or stop what listens there",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="edk-health", daemon=True)

    @property
    def port(self) -> int:
        """Return the port that it listens at."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more; a second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """Gives each client a thread; of too many at once the oldest has to go, so that a probe always gets in."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, family: int, where: object, pages: Pages) -> None:
        self.address_family = family
        self.pages = pages
        # Client → when it came. Changed by the thread that accepts, and by each client's own at its end.
        self._clients: dict[socket.socket, float] = {}
        super().__init__(where, _Handler)  # type: ignore[arg-type]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Take a client in, in the place of the oldest where there are too many."""
        client = cast("socket.socket", request)
        for oldest in list(self._clients)[: max(0, len(self._clients) + 1 - MAX_CLIENTS)]:
            self._cut(oldest)
        self._clients[client] = time.monotonic()
        try:
            super().process_request(client, client_address)
        except RuntimeError:  # no thread can be had
            self.shutdown_request(client)

    def service_actions(self) -> None:
        """Cut off who takes long, however it drips; called every half a second."""
        oldest = time.monotonic() - CLIENT_SECONDS
        for client, since in list(self._clients.items()):
            if since < oldest:
                self._cut(client)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a client's connection."""
        self._clients.pop(cast("socket.socket", request), None)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: it is the client that broke off."""

    def _cut(self, client: socket.socket) -> None:
        self._clients.pop(client, None)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; tells nothing of itself but that."""

    server: _Server
    timeout = CLIENT_SECONDS

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        make = self.server.pages.get(self.path.partition("?")[0])
        self._send(Page(404, "there is no such page\n") if make is None else make())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request, or one by another method, without quoting it."""
        del message, explain
        self._send(Page(405, "GET and HEAD are answered\n") if code == 501 else Page(code, "not understood\n"))

    def _send(self, page: Page) -> None:
        body = page.body.encode()
        self.close_connection = True
        self.send_response_only(page.status)
        for name, value in (
            ("Content-Type", page.content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
            *((("Allow", "GET, HEAD"),) if page.status == 405 else ()),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no line for each probe."""
