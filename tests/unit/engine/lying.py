"""An engine that says what it is told to, on a socket of its own."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Answer = Callable[[socket.socket, str, bytes], None]
"""Answers one request, given its connection, request line and what came of the body with its head."""


def plain(status: str, body: bytes, *headers: str) -> bytes:
    """Return a whole reply."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n" + body


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    """Return a reply in chunks, cut short unless `end`."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + (b"0\r\n\r\n" if end else b"")


PONG = plain("200 OK", b"OK", "Server: Docker/28.0.0 (linux)", "Builder-Version: 2")
VERSION = plain("200 OK", b'{"Version": "28.0.0", "Os": "linux", "Arch": "amd64"}')
INFO = plain("200 OK", b'{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]], "DockerRootDir": "/d"}')


class LyingEngine:
    """Answers pings, and anything else as told.

    Args:
        folder: for its socket.
        answers: by path without query, what to send; None: nothing, for ever.
        tls: for TCP with TLS instead of a socket in `folder`.
    """

    def __init__(
        self, folder: Path, answers: dict[str, bytes | Answer | None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.answers: dict[str, bytes | Answer | None] = {"/_ping": PONG, "/version": VERSION, "/info": INFO}
        self.answers.update(answers)
        self.asked: list[str] = []
        self._tls = tls
        if tls is None:
            self.endpoint = f"unix://{folder / 'e.sock'}"
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(folder / "e.sock"))
            self._listener.listen(64)
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.endpoint = f"tcp://localhost:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @contextmanager
    def running(self) -> Iterator[LyingEngine]:
        """Answer until the block is left."""
        accepting = threading.Thread(target=self._accept)
        accepting.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            self._listener.close()
            for connection in self._open:
                _end(connection)
            for thread in self._threads:
                thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._greet, args=(connection,)))
            self._threads[-1].start()

    def _greet(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:  # a client that is not let in, or goes away; wrapping has closed the plain socket
                return
        self._open.append(connection)
        self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return
            received += piece
        received += _rest(connection, received)
        line = received.split(b"\r\n", 1)[0].decode()
        self.asked.append(line)
        answer = self.answers.get(_path(line), plain("404 Not Found", b"{}"))
        if answer is None:
            while connection.recv(65536):
                pass
        elif callable(answer):
            answer(connection, line, received)
        else:
            while b"Transfer-Encoding: chunked" in received and not received.endswith(b"0\r\n\r\n"):
                received += connection.recv(65536)
            with suppress(OSError):  # a client that was told enough goes away
                connection.sendall(answer)
            _end(connection)


def _path(line: str) -> str:
    """Return the path of a request line, without the version of the API and the query."""
    return re.sub(r"^/v\d+\.\d+(?=/)", "", line.split()[1].split("?", maxsplit=1)[0])


def _rest(connection: socket.socket, received: bytes) -> bytes:
    """Receive what is missing of a body whose length is told."""
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    rest = b""
    while len(rest) < missing:
        rest += connection.recv(65536)
    return rest


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        connection.close()
