"""A watcher that does nothing but answer: the real server, and a loop in a thread with a fake behind it."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edk.adapters.control import ControlServer
from edk.adapters.control.address import connect_to
from edk.domain.diagnostics import Diagnostic
from edk.domain.events import Event
from edk.domain.status import Hold, ImageError, ImageStatus, WatchStatus
from edk.orchestrator.control import ControlAsked, answer

NOW = 1_700_000_000.0
PATIENCE = 10.0
DIGEST = "sha256:" + "4e59" * 16
STATUS = WatchStatus(
    pid=4711,
    roots=("/w/otsus-method",),
    started=NOW - 7300,
    watching="inotify, 12 of at most 4096 watches",
    images=(
        ImageStatus("base-python-cpu", "skipped", "unchanged", NOW - 7200, DIGEST, ("localhost:32000/b:1",)),
        ImageStatus("otsus-method", "done", "files/otsus_method.py changed", NOW - 90, DIGEST, last_seconds=0.42),
        ImageStatus(
            "otsus-report",
            "failed",
            "step [2/3] exited with 1",
            NOW - 12,
            error=ImageError("RUN pip install nope exited with 1", "/w/otsus-method/report/Dockerfile", 7),
            log="/state/logs/otsus-report.log",
        ),
        ImageStatus("otsus-viewer", "waiting", "paused", NOW - 1, saves=("a.py", "b.py", "c.py", "d.py", "e.py")),
    ),
    diagnostics=(Diagnostic("EDK101", "error", "/w/otsus-method/dag.py", 3, "no such image", "name one", 5),),
    holds=(Hold("otsus-viewer", "waits for otsus-method"),),
    last_batch="otsus_method.py saved",
)


class FakeWatcher:
    """Says one status, and keeps what it was asked to do."""

    def __init__(self, status: WatchStatus = STATUS) -> None:
        self.told = status
        self.done: list[object] = []
        self.stopped = threading.Event()

    def status(self) -> WatchStatus:
        """Return the one status."""
        return self.told

    def when_settled(self, tell: Callable[[], None]) -> None:
        """Call back at once: nothing is ever built."""
        tell()

    def rebuild(self, images: Sequence[str]) -> None:
        """Keep what was asked."""
        self.done.append(("rebuild", *images))

    def pause(self) -> None:
        """Keep it."""
        self.done.append("pause")

    def resume(self) -> None:
        """Keep it."""
        self.done.append("resume")

    def stop(self) -> None:
        """Keep it, and end the loop."""
        self.done.append("stop")
        self.stopped.set()


class Served:
    """A server with its loop's thread, which alone answers and emits, as the real one does."""

    def __init__(self, state_dir: Path, roots: Sequence[str]) -> None:
        self.state_dir = str(state_dir)
        self.inbox: queue.SimpleQueue[ControlAsked | Event | None] = queue.SimpleQueue()
        self.server = ControlServer(self.state_dir, roots, self.inbox.put, lambda: NOW)
        self.watcher = FakeWatcher()
        self._loop = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self.server.start()
        self._loop.start()

    def emit(self, *events: Event) -> None:
        """Have the loop's thread emit events."""
        for event in events:
            self.inbox.put(event)

    def end(self) -> None:
        """End the loop, and with it the server."""
        self.inbox.put(None)
        if self._loop.ident is not None:
            self._loop.join(PATIENCE)
        self.server.close()

    def _work(self) -> None:
        while not self.watcher.stopped.is_set() and (post := self.inbox.get()) is not None:
            if isinstance(post, ControlAsked):
                answer(post, self.watcher)
            else:
                self.server.emit(post)
        self.server.close()


@contextmanager
def serving(state_dir: Path, *roots: str) -> Iterator[Served]:
    """Yield a watcher that answers."""
    served = Served(state_dir, roots or STATUS.roots)
    try:
        served.start()
        yield served
    finally:
        served.end()


class Client:
    """A client by hand, who may be as rude as one likes."""

    def __init__(self, path: Path) -> None:
        self.sock: socket.socket = connect_to(path, PATIENCE)
        self._lines = self.sock.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def line(self) -> dict[str, Any] | None:
        """Return the next message, None at the end."""
        line = self._lines.readline()
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    def lines(self) -> list[dict[str, Any]]:
        """Return all messages until the end."""
        return list(iter(self.line, None))

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self.sock.close()


@contextmanager
def client(served: Served) -> Iterator[Client]:
    """Yield a client that is connected."""
    made = Client(served.server.path)
    try:
        yield made
    finally:
        made.close()


def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail if it does not in time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "did not come to be"
        time.sleep(0.005)
