"""A stand-in for kube-helm that speaks its protocol over real HTTP.

It takes what the platform's service takes and answers as that does: the same routes, texts and statuses, the name
and version split at the last hyphen, ``helm show chart`` where there is a helm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from tests.fakes.helm_world import Behaviour, HelmWorld, RefusedError
from tests.fakes.kube_helm_answers import extensions_document, status_document

GZIP_TYPES = ("application/x-compressed", "application/x-compressed-tar", "application/gzip")


class FakeKubeHelm:
    """Serves on a free port of this machine while it is entered.

    Args:
        prefix: a path in front of every route, as behind an ingress.
        images: names of the image archives that an import finds.
        answer: if given, every request gets this status and text instead.
        behaviour: how the platform behaves.
        volume: the folder in which an import finds archives too.
    """

    def __init__(
        self,
        prefix: str = "",
        images: tuple[str, ...] = (),
        answer: tuple[int, str] | None = None,
        behaviour: Behaviour | None = None,
        volume: Path | None = None,
    ) -> None:
        self.prefix = prefix
        self.images = images
        self.answer = answer
        self.volume = volume
        self.world = HelmWorld(behaviour)
        self.charts: dict[str, str] = {}
        self.requests: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.imported: dict[str, list[str]] = {}

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves."""
        return self.world.behaviour

    def __enter__(self) -> FakeKubeHelm:
        kube_helm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kube_helm._serve(self)

            def do_POST(self) -> None:
                kube_helm._serve(self)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """What KUBE_HELM_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_port}{self.prefix}"

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.requests.append(f"{request.command} {request.path}")
        parts = urlsplit(request.path)
        route = parts.path.removeprefix(self.prefix)
        status, said = self._answered(request, route, parts, body)
        kind = "text/plain" if isinstance(said, str) else "application/json"
        content = (said if isinstance(said, str) else json.dumps(said)).encode()
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _answered(
        self, request: BaseHTTPRequestHandler, route: str, parts: SplitResult, body: bytes
    ) -> tuple[int, object]:
        """Return status and answer: a text, or what is written as JSON."""
        if self.answer is not None:
            return self.answer
        if not parts.path.startswith(self.prefix):
            return 404, {"detail": "Not Found"}
        query = parse_qs(parts.query)
        try:
            match request.command, route:
                case "GET", "/health-check":
                    return 200, "Kube-Helm api is up and running!"
                case "GET", "/import-container":
                    return self._import(query.get("filename", [""])[0])
                case "POST", "/file":
                    return self._upload(request.headers["Content-Type"], body)
                case "GET", "/extensions":
                    return 200, extensions_document(self.world)
                case "GET", "/view-chart-status":
                    return 200, status_document(self.world.status(query["release_name"][0]))
                case "POST", "/helm-install-chart":
                    return self._install(json.loads(body), request.headers.get("Project", ""))
                case "POST", "/helm-delete-chart":
                    return 200, self.world.delete(json.loads(body)["release_name"])
        except RefusedError as refused:
            return refused.status, refused.text
        return 404, {"detail": "Not Found"}

    def _install(self, wanted: dict[str, Any], project: str) -> tuple[int, object]:
        for key in ("name", "version"):
            if key not in wanted:
                return 400, f"Chart install failed, bad request Required key '{key}' not found in payload"
        return 200, self.world.install(wanted["name"], wanted["version"], wanted.get("release_name", ""), project)

    def _import(self, filename: str) -> tuple[int, object]:
        if not filename:
            detail = "Container import failed, bad request Required key 'filename' can not be empty"
            return 400, {"detail": detail}
        path = self.volume / filename if self.volume is not None else None
        if path is not None and path.is_file():
            with tarfile.open(path) as tar:
                self.imported[filename] = tar.getnames()
        elif filename not in self.images:
            return 500, f"Container import failed Container {filename} can not be found"
        return 200, f"Successfully imported container {filename}"

    def _upload(self, content_type: str, body: bytes) -> tuple[int, object]:
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        parts = [
            part for part in message.iter_parts() if part.get_param("name", header="content-disposition") == "file"
        ]
        if not parts:
            return 422, {"detail": [{"loc": ["body", "file"], "msg": "field required"}]}
        filename, kind = parts[0].get_filename() or "", parts[0].get_content_type()
        if kind not in GZIP_TYPES:
            return 500, f"File upload failed Wrong content type '{kind}'  allowed types are {list(GZIP_TYPES)}"
        content = parts[0].get_payload(decode=True)
        if not _helm_shows(filename, content):
            return 500, f"File upload failed Failed to write chart file {filename}"
        said = self.world.upload(filename, content)
        name, version = filename.removesuffix(".tgz").rsplit("-", 1)
        self.uploads[filename] = content
        self.charts[name] = version
        return 200, said


def _helm_shows(filename: str, content: bytes) -> bool:
    """Whether ``helm show chart`` takes the file; without a helm, whether it looks like a gzip."""
    helm = shutil.which("helm")
    if helm is None:
        return content.startswith(b"\x1f\x8b")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, filename)
        path.write_bytes(content)
        return subprocess.run([helm, "show", "chart", str(path)], capture_output=True, check=False).returncode == 0
