"""Many images on one base, pushed through a counter of bytes: the base has to be uploaded once."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench import peers
from bench.building import MARK, REGISTRY
from bench.cleaning import Leftovers
from bench.measure import Figure, Goal, Peer, Result, RunFailedError, Skipped

IMAGES = 20


@dataclass(slots=True)
class Uploaded:
    """What came through.

    Args:
        size: bytes of bodies of blobs.
        requests: of any kind.
        blobs: digests, each time that one was uploaded.
    """

    size: int = 0
    requests: int = 0
    blobs: list[str] = field(default_factory=list)


@contextmanager
def counting(registry: str) -> Iterator[tuple[str, Uploaded]]:
    """Hand requests on to a registry and count until left; yields host and port, and what is counted."""
    counted, lock = Uploaded(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def _pass(self) -> None:
            try:
                body = self._body()
            except ValueError:
                # Given up by the client in the middle.
                self.close_connection = True
                return
            upstream = http.client.HTTPConnection(registry, timeout=300)
            # The Host stays ours, so that the registry's Location headers lead here as well.
            sent = {k: v for k, v in self.headers.items() if k.lower() not in {"transfer-encoding", "content-length"}}
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in (*sent.items(), ("Content-Length", str(len(body)))):
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
            with lock:
                counted.requests += 1
                if "/blobs/uploads/" in self.path:
                    counted.size += len(body)
                    digest = parse_qs(urlsplit(self.path).query).get("digest", [""])[0]
                    if digest and self.command == "PUT" and answer.status == 201:
                        counted.blobs.append(digest)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "transfer-encoding", "date", "server"}:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            upstream.close()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"localhost:{server.server_port}", counted
        finally:
            server.shutdown()


def measure(work: Path, leftovers: Leftovers) -> Iterator[Result]:
    """Yield what is uploaded of twenty images on a base of 30 MB, by us and by each peer; none may know the base."""
    found = peers.find(work)
    if found.engine is None:
        yield Skipped("pushes", peers.NO_DOCKER)
        return
    for who in found.who:
        name = f"push {IMAGES} images on one base of 30 MB: {peers.NAMES[who]}"
        try:
            yield from _pushed(work, who, found, name, leftovers)
        except RunFailedError as error:
            yield Skipped(name, str(error))


def _pushed(work: Path, who: peers.Who, found: peers.Peers, name: str, leftovers: Leftovers) -> Iterator[Result]:
    with counting(REGISTRY) as (address, counted):
        base = peers.push_base(work, f"pushes-{who}", found, address)
        with_base = counted.size
        project = peers.Project(who, work / who, "pushes", IMAGES, base, address)
        project.write(20, 1000)
        taken = project.build(found)
    stand = [f"{MARK}-pushes-{who}-base:latest", *(f"{name}:{peers.TAG}" for name in project.names)]
    leftovers.refs += [f"{REGISTRY}/{ref}" for ref in stand]
    again = len(counted.blobs) - len(set(counted.blobs))
    once = Peer("the base, once", with_base / 1e6)
    yield Figure(f"{name}, uploaded in all", "MB", counted.size / 1e6, 1, Goal("< 1.1", 1.1, "ratio"), once)
    yield Figure(f"{name}, blobs uploaded a second time", "", float(again), 1, Goal("0", 1) if who == "edk" else None)
    yield Figure(f"{name}, time", "s", taken.seconds, 1)
