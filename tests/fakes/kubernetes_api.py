"""A stand-in for the Kubernetes API: lists of nodes and pods, page by page, over real HTTPS or HTTP."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "eyJ0.a-very_secret.t0ken"


def node(name: str, *images: tuple[str, ...]) -> dict[str, Any]:
    """Return a node that has images, each with its names."""
    return {"metadata": {"name": name}, "status": {"images": [{"names": [*i], "sizeBytes": 7} for i in images]}}


def pod(namespace: str, name: str, *containers: tuple[str, str, str]) -> dict[str, Any]:
    """Return a pod with containers, each with name, image and image id."""
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [{"name": c[0], "image": c[1]} for c in containers]},
        "status": {"containerStatuses": [{"name": c[0], "imageID": c[2]} for c in containers if c[2]]},
    }


def certificate(folder: Path) -> Path:
    """Make a certificate for this machine, and return the file that holds it and its key."""
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
         "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return path


class _Server(ThreadingHTTPServer):
    pem: Path | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, behind TLS if there is a certificate; a client may refuse that."""
        if self.pem is None:
            return super().finish_request(request, client_address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        try:
            with context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except OSError:
            return None
        return None


class FakeKubernetesApi:
    """Serves on a free port of this machine while it is entered.

    Args:
        nodes: the items of the list of nodes.
        pods: the items of the list of pods.
        pem: certificate and key; None: plain HTTP.
        token: what a client has to show; empty: nothing.
        answer: if given, every request gets this status and body instead.
        page: items of a page at most, whatever a client asks for.
        pause: seconds before it answers.
    """

    def __init__(
        self,
        nodes: list[Any] | None = None,
        pods: list[Any] | None = None,
        *,
        pem: Path | None = None,
        token: str = TOKEN,
        answer: tuple[int, bytes] | None = None,
        page: int = 2,
        pause: float = 0.0,
    ) -> None:
        self.lists = {"/api/v1/nodes": nodes or [], "/api/v1/pods": pods or []}
        self.pem = pem
        self.token = token
        self.answer = answer
        self.page = page
        self.pause = pause
        self.requests: list[str] = []

    def __enter__(self) -> FakeKubernetesApi:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api._serve(self)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.pem = self.pem
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> str:
        """Where it serves."""
        return str(self._server.server_port)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        time.sleep(self.pause)
        status, body = self._answered(request)
        try:
            request.send_response(status)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            return  # the client has gone

    def _answered(self, request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if self.answer is not None:
            return self.answer
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, b'{"kind": "Status", "message": "Unauthorized"}'
        parts = urlsplit(request.path)
        if parts.path not in self.lists:
            return 404, b"404 page not found"
        asked = parse_qs(parts.query)
        first = int(asked.get("continue", ["0"])[0])
        last = first + min(self.page, int(asked["limit"][0]))
        items = self.lists[parts.path]
        going_on = {"continue": str(last)} if last < len(items) else {}
        return 200, json.dumps({"metadata": going_on, "items": items[first:last]}).encode()
