"""A registry that has every image of a plan already, with nothing in it: for measuring what does not build."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(slots=True)
class Shelf:
    """What it has: path of a request → digest and content."""

    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def fill(self, plan: Mapping[str, Any], label: str) -> None:
        """Put every image of a plan there, under all its tags, with its fingerprint as a label."""
        for image in plan["images"]:
            config = json.dumps({"config": {"Labels": {label: image["fingerprint"]}}}).encode()
            held = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config)}
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {**held, "digest": _digest(config)}}
            content = json.dumps({**manifest, "layers": []}).encode()
            self.answers[f"/v2/{image['name']}/blobs/{_digest(config)}"] = _digest(config), config
            for reference in (*image["tags"], _digest(content)):
                self.answers[f"/v2/{image['name']}/manifests/{reference}"] = _digest(content), content


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """Answer what a shelf has until left; yields host and port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: a second one would wait for the first to be acknowledged.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            digest, content = shelf.answers.get(self.path, ("", b"{}"))
            self.send_response(200 if digest or self.path == "/v2/" else 404)
            self.send_header("Content-Type", MANIFEST)
            self.send_header("Docker-Content-Digest", digest)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"localhost:{server.server_port}"
        finally:
            server.shutdown()
