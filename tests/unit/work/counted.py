"""Runs of the EDK whose work is counted: what was listed, opened, read and hashed, and what was asked of whom.

The files and the state are real, so that what is remembered from run to run counts; engine and registry are fakes,
which count what they are asked. Nothing is timed.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from edk.adapters import files
from edk.adapters.files import FileTree
from edk.adapters.store.store import SqliteStore
from edk.domain.workspace import Root
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.loop import Loop, LoopOptions
from edk.orchestrator.pipeline import PlanRequest, make_plan
from edk.orchestrator.services import Services
from edk.settings import Settings
from tests.unit.core.bench import Bench, _Crew

MINUTE_NS = 60_000_000_000
SLACK = 500


@dataclass
class Work:
    """What a run did.

    Args:
        listed: folders.
        opened: files, each time that one was.
        read: bytes.
        hashed: bytes.
        queries: questions to the state.
        asked: of the registry, by method.
        built: names of images.
    """

    listed: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    read: int = 0
    hashed: int = 0
    queries: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    built: list[str] = field(default_factory=list)


class Machine:
    """A folder of an extension with a state, an engine and a registry that live from run to run.

    Args:
        root: of the extension.
        state: folder of the state.
        monkeypatch: puts the counters into the adapter of files.
    """

    def __init__(self, root: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bench = Bench({})
        self.root = root
        self._state = state
        self._work = Work()
        self._count_files(monkeypatch)
        self._count_questions(monkeypatch)

    def plan(self) -> Work:
        """Plan in a process of its own."""
        return self._run(lambda services, request: make_plan(services, services.open_tree(), request))

    def build(self) -> Work:
        """Plan and build in a process of its own; what it did not bring to a good end fails."""

        def run(services: Services, request: PlanRequest) -> None:
            plan = make_plan(services, services.open_tree(), request)
            clock, sink = self._bench.clock, self._bench.sink
            options = LoopOptions(2, 0)
            loop = Loop(QueueInbox(), _Crew(services), clock.monotonic, sink.emit, lambda: plan, options)
            state = loop.run(plan)
            assert {"done", "skipped"} >= {target.phase for target in state.targets.values()}

        return self._run(run)

    def _run(self, act: Callable[..., object]) -> Work:
        self._work = work = Work()
        store = SqliteStore(str(self._state), lambda _sentence: None)
        # A minute on, so that files that were just written count as settled.
        tree = FileTree(store, lambda: time.time_ns() + MINUTE_NS)
        before = len(self._bench.registry.calls)
        settings = replace(Settings(build_version="0.6.0", jobs=2), state_dir=str(self._state))
        services = replace(self._bench.services, settings=settings, open_tree=tree.fresh, cache=store)
        try:
            act(services, PlanRequest((Root(str(self.root), "extension", 0),)))
        finally:
            store.close()
        work.asked = Counter(call[0] for call in self._bench.registry.calls[before:])
        work.built = self._bench.built()
        return work

    def _count_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real_list, real_regular, real_pieces, real_hash = files._list, files._regular, files._pieces, FileTree._hash

        def listed(folder: str) -> object:
            self._work.listed.append(folder)
            return real_list(folder)

        def regular(path: str) -> object:
            self._work.opened.append(path)
            return real_regular(path)

        def pieces(descriptor: int, limit: int | None) -> Iterator[bytes]:
            for piece in real_pieces(descriptor, limit):
                self._work.read += len(piece)
                yield piece

        def hashed(tree: FileTree, path: str) -> str:
            before = self._work.read
            digest = real_hash(tree, path)
            self._work.hashed += self._work.read - before
            return digest

        monkeypatch.setattr(files, "_list", listed)
        monkeypatch.setattr(files, "_regular", regular)
        monkeypatch.setattr(files, "_pieces", pieces)
        monkeypatch.setattr(FileTree, "_hash", hashed)

    def _count_questions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = sqlite3.connect

        def statement(text: str) -> None:
            self._work.queries += text.lstrip().upper().startswith("SELECT")

        def connect(*args: Any, **more: Any) -> sqlite3.Connection:
            connection = real(*args, **more)
            connection.set_trace_callback(statement)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect)


def calls_of(act: Callable[[], object]) -> Counter[str]:
    """Return how often each function is called while something is done: work without a clock.

    Each call of a generator for its next value counts, too. Functions written in C are told by their name.
    """
    counts: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, function: object) -> None:
        if event == "call":
            code = frame.f_code
            owner = type(frame.f_locals.get("self")).__name__ if code.co_filename == "<string>" else ""
            counts[f"{code.co_filename}:{code.co_firstlineno} {owner}.{code.co_name}"] += 1
        elif event == "c_call":
            counts[getattr(function, "__qualname__", repr(function))] += 1

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return counts


def outgrown(small: Counter[str], large: Counter[str], grown: float) -> dict[str, tuple[int, int]]:
    """Return the functions whose calls grew by more than what the input grew by, with their counts.

    A tenth, and a few hundred calls, are let pass: what is short in the small input may be a little longer.
    """
    return {
        name: (small[name], count) for name, count in large.items() if count > 1.1 * grown * small[name] + SLACK
    }
