"""A registry that fails: a proxy on this machine in front of a real one, which spoils what it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What a rule answers instead of the registry: status and body; None lets the request pass.
Answer = tuple[int, bytes] | None
Rule = Callable[[str, str], Answer]
_PER_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


def nothing(_method: str, _path: str) -> Answer:
    """Let everything pass."""
    return None


@dataclass
class FirstRequests:
    """Fails the first requests that match, and lets all others pass.

    Args:
        count: how many fail.
        status: their answer.
        method: that has to match; empty for all.
        within: text that the path has to hold.
    """

    count: int
    status: int
    method: str = ""
    within: str = ""
    failed: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, method: str, path: str) -> Answer:
        """Answer one request."""
        with self._lock:
            if self.failed >= self.count or self.method not in ("", method) or self.within not in path:
                return None
            self.failed += 1
            return self.status, b"out of order"


class FaultyRegistry:
    """Serves on a free port of this machine while it is entered.

    Args:
        behind: host and port of the real registry.
        rule: which requests are answered by itself.
        digest: what ``Docker-Content-Digest`` becomes in answers about manifests; empty: it stays.
    """

    def __init__(self, behind: str, rule: Rule = nothing, digest: str = "") -> None:
        self.behind = behind
        self.rule = rule
        self.digest = digest
        self.requests: list[str] = []

    def __enter__(self) -> FaultyRegistry:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                registry._serve(self)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler._any)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Host and port, as a registry is named."""
        return f"localhost:{self._server.server_port}"

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = _body(request)
        self.requests.append(f"{request.command} {request.path}")
        answer = self.rule(request.command, request.path)
        if answer is not None:
            _send(request, answer[0], [], answer[1])
            return
        status, headers, content = self._forward(request, body)
        if self.digest and "/manifests/" in request.path:
            headers = [(n, self.digest if n.lower() == "docker-content-digest" else v) for n, v in headers]
        _send(request, status, headers, content)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        host, _, port = self.behind.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            # The name stays that of the proxy, so that places to upload to lead through it.
            headers = {n: v for n, v in request.headers.items() if n.lower() not in _PER_HOP}
            connection.request(request.command, request.path, body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in _PER_HOP]
            if request.command == "HEAD" and answer.getheader("Content-Length"):
                kept.append(("Content-Length", str(answer.getheader("Content-Length"))))
            return answer.status, kept, answer.read()
        finally:
            connection.close()


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    parts = []
    while size := int(request.rfile.readline().split(b";")[0], 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def _send(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    if not any(name == "Content-Length" for name, _ in headers):
        request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)
