"""Runs ``edk watch`` in a process of its own, and reads what it tells, line by line, as it comes."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command
from tests.support.extension import Extension

Told = dict[str, Any]
PATIENCE = 30.0
PROBE = "probe"
_NUMBERS = itertools.count(1)


@dataclass
class Watcher:
    """A running watcher.

    Args:
        process: its process.
        told: its events so far, in order.
    """

    process: subprocess.Popen[bytes]
    told: list[Told] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)
    _ended: bool = False

    def read(self) -> None:
        """Take its events until it ends; runs in a thread."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.told.append(json.loads(line))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def mark(self) -> int:
        """Return a place in what was told: what comes from now on lies behind it."""
        with self._more:
            return len(self.told)

    def first(self, holds: Callable[[Told], object], since: int = 0, timeout: float = PATIENCE) -> Told:
        """Return the first event behind a place of which something holds; wait for it."""
        until = time.monotonic() + timeout
        place = since
        with self._more:
            while True:
                for event in self.told[place:]:
                    if holds(event):
                        return event
                place = len(self.told)
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._more.wait(left)
        lines = "\n".join(json.dumps(event)[:300] for event in self.told[since:] if event["event"] != "StepMoved")
        why = f"the watcher ended: {self.errors()}" if self._ended else f"nothing for {timeout} s"
        raise AssertionError(f"{why}; told was:\n{lines[-6000:]}")

    def wait(self, kind: str, since: int = 0, timeout: float = PATIENCE, **fields: object) -> Told:
        """Return the first event of a kind, with these fields, behind a place."""
        try:
            return self.first(
                lambda e: e["event"] == kind and all(e[name] == value for name, value in fields.items()),
                since,
                timeout,
            )
        except AssertionError as error:
            raise AssertionError(f"no {kind} {fields or ''}: {error}") from None

    def all(self, kind: str, since: int = 0, **fields: object) -> list[Told]:
        """Return the events of a kind, with these fields, that were told behind a place."""
        with self._more:
            return [
                event
                for event in self.told[since:]
                if event["event"] == kind and all(event[name] == value for name, value in fields.items())
            ]

    def images(self, kind: str, since: int = 0) -> list[str]:
        """Return which images the events of a kind tell of, sorted, each as often as it is told."""
        return sorted(event["image"] for event in self.all(kind, since))

    def errors(self) -> str:
        """Return what an ended watcher wrote to stderr."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode("utf-8", "backslashreplace") if not self.process.stderr.closed else ""

    def stop(self, number: int = signal.SIGTERM, timeout: float = 10.0) -> int:
        """Send it a signal, and return its exit code; one that does not end is aborted, and says where it hung."""
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(timeout)
            raise AssertionError(f"it did not end within {timeout} s:\n{self.errors()[-6000:]}") from None


@contextmanager
def watching(
    edk: Command, *folders: Path, arguments: tuple[str, ...] = (), prefix: tuple[str, ...] = ()
) -> Iterator[Watcher]:
    """Run a watcher of folders until left; it stands when this is entered, and must not have had a fault."""
    named = [word for folder in folders for word in ("--dir", str(folder))]
    process = edk.with_environ(PYTHONFAULTHANDLER="1").start("watch", "--json", *named, *arguments, prefix=prefix)
    watcher = Watcher(process)
    reader = threading.Thread(target=watcher.read, daemon=True)
    reader.start()
    try:
        watcher.wait("WatchStarted")
        yield watcher
    finally:
        if process.poll() is None:
            watcher.stop()
        reader.join(10)
        errors = watcher.errors()
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
    assert "Traceback" not in errors, errors
    faults = [event for event in watcher.all("Noticed") if "fault of the EDK" in event["message"]]
    assert [] == faults


def save(file: Path, text: str) -> float:
    """Write an existing file in place, as code-server does, and return when it was closed (seconds of the epoch)."""
    with file.open("w") as opened:
        opened.write(text)
    return time.time()


def with_probe(extension: Extension) -> Extension:
    """Add an image that is there to be saved by `settle`."""
    folder = f"containers/{PROBE}"
    extension.write(f"{folder}/Dockerfile", f'FROM scratch\nLABEL IMAGE="{extension.name(PROBE)}"\nCOPY data.txt /\n')
    extension.write(f"{folder}/data.txt", "probe 0\n")
    return extension


def settle(watcher: Watcher, extension: Extension) -> None:
    """Save the probe, and wait until it stands in the registry.

    The watcher takes reports in order: whatever happened before has been looked at then.
    """
    mark = watcher.mark()
    extension.write(f"containers/{PROBE}/data.txt", f"probe {next(_NUMBERS)}\n")
    watcher.wait("SaveServed", mark, image=extension.name(PROBE))


def stand(watcher: Watcher, extension: Extension, *shorts: str) -> None:
    """Wait until images stand in the registry for the first time."""
    for short in shorts:
        name = extension.name(short)
        watcher.first(lambda e, n=name: e["event"] in {"ImageFinished", "ImageSkipped"} and e["image"] == n)


@pytest.fixture
def light(engine_endpoint: str, registry_host: str, tmp_path: Path) -> Extension:
    """An extension whose images stand on nothing, and are built at once; with the probe."""
    folder = tmp_path / "extension"
    folder.mkdir()
    return with_probe(Extension(folder, "scratch"))


def until(what: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Wait until something holds, and return how long that took, in seconds; fail if it never does."""
    started = time.monotonic()
    while not what():
        assert seconds > time.monotonic() - started, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - started
