"""What a save costs while somebody watches, beside the bare engine; and a watcher of a thousand images."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import bare
from bench.cleaning import Leftovers
from bench.full_registry import Shelf, serving
from bench.measure import EDK, PROJECT, Figure, Goal, Peer, Result, RunFailedError, Skipped, environment, run
from edk.domain.fingerprint import LABEL

REGISTRY = os.environ.get("EDK_REGISTRY", "localhost:32000")
MARK = "edk-bench"
PATIENCE = 120.0
IMAGES = 1000
FILES = 18
"""Of each of these images, beside its Dockerfile; with what else is there 20,000 files."""
IDLE = 65.0
"""Seconds; the look at everything that comes once a minute is among them."""
Told = dict[str, Any]


@dataclass
class Watched:
    """A running watcher, and what it told."""

    process: subprocess.Popen[bytes]
    told: list[Told] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        """Take its events until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.more:
                self.told.append(json.loads(line))
                self.more.notify_all()

    def wait(self, kind: str, since: int = 0, **fields: object) -> Told:
        """Return the first event of a kind behind a place; raise RunFailedError if none comes."""
        until = time.monotonic() + PATIENCE
        with self.more:
            while True:
                for event in self.told[since:]:
                    if event["event"] == kind and all(event[name] == value for name, value in fields.items()):
                        return event
                left = until - time.monotonic()
                if self.process.poll() is not None:
                    raise RunFailedError(f"the watcher ended with {self.process.returncode}")
                if left <= 0:
                    raise RunFailedError(f"the watcher told of no {kind} in {PATIENCE:.0f} s")
                self.more.wait(min(left, 1.0))

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_megabytes(self) -> float:
        """Return the most memory that it had, in MB of 1,000,000 bytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


@contextmanager
def watching(folder: Path, env: Mapping[str, str]) -> Iterator[Watched]:
    """Run a watcher of a folder until left."""
    command = (*EDK, "watch", "--json", "--dir", str(folder))
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=PROJECT, env=dict(env), stdout=subprocess.PIPE, stderr=quiet) as process:
        watched = Watched(process)
        reader = threading.Thread(target=watched.read, daemon=True)
        reader.start()
        try:
            yield watched
        finally:
            process.terminate()
            process.wait()
            reader.join()


def measure(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield the figures of a save, and of a large tree.

    Args:
        work: an empty folder.
        runs: how many saves of each.
        leftovers: told what stays in the engine.
    """
    env = environment(
        work / "state",
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION="bench",
        EDK_EXTENSIONS_DIR=str(work / "none"),
        EDK_BENCH_LOG=str(work / "watch.log"),
    )
    try:
        yield from _saves(work, runs, leftovers, env)
        yield from _many(work / "many", runs, env)
    except RunFailedError as error:
        yield Skipped("edk watch", str(error))


def _image(folder: Path, name: str, files: int) -> Path:
    """Write an image that takes its scripts as they are, and return the one that is saved."""
    (folder / "files").mkdir(parents=True)
    (folder / "Dockerfile").write_text(f'FROM scratch\nLABEL IMAGE="{name}"\nCOPY files/ /{MARK}/\n')
    for number in range(files):
        (folder / "files" / f"part{number}.py").write_text(f"VALUE = {number}\n" * 20)
    return folder / "files" / "part0.py"


def _saves(work: Path, runs: int, leftovers: Leftovers, env: Mapping[str, str]) -> Iterator[Result]:
    mine = _image(work / "one" / "image", f"{MARK}-watched", 20)
    theirs = _image(work / "bare", f"{MARK}-bare-watched", 20)
    ref = f"{REGISTRY}/{MARK}-bare-watched:bench"
    leftovers.refs += [ref, f"{REGISTRY}/{MARK}-watched:bench"]
    engine = bare.find(env, work / "bare")
    if engine is None:
        yield Skipped("a save beside the bare engine", "no docker command that can build here is on PATH")
        return
    ours: list[Told] = []
    starts: list[float] = []
    others: list[float] = []
    with watching(work / "one", env) as watched:
        watched.wait("ImageFinished")
        for number in range(runs + 1):
            since = len(watched.told)
            theirs.write_text(f"VALUE = {number}, {time.time_ns()}\n")
            others.append(engine.build(env, [(work / "bare", ref)]).seconds)
            mine.write_text(f"VALUE = {number}, {time.time_ns()}\n")
            closed = time.time()
            ours.append(watched.wait("SaveServed", since))
            starts.append(watched.wait("ImageStarted", since)["time"] - closed)
            ours[-1]["seconds"] = watched.wait("ImageFinished", since)["time"] - closed
    # The first one warms up both.
    del ours[0], starts[0], others[0]
    beside = Peer(engine.name, statistics.median(others))
    pushed = statistics.median(served["seconds"] for served in ours)
    yield Figure("save to pushed", "s", pushed, runs, Goal("< 0.15 s more", 0.15, "excess"), beside)
    yield Figure("save to its build's start", "s", statistics.median(starts), runs, Goal("< 0.1 s", 0.1))
    yield from (
        Figure(f"of it {name}", "s", statistics.median(served[name] for served in ours), runs)
        for name in ("noticed", "planned", "built", "pushed")
    )


def _many(folder: Path, runs: int, env: Mapping[str, str]) -> Iterator[Result]:
    """Measure a watcher of a large tree, all of which is in the registry."""
    saved = [
        _image(
            folder / f"extension-{number // 10}" / "processing-containers" / f"image-{number}", f"many-{number}", FILES
        )
        for number in range(IMAGES)
    ]
    for number in range(IMAGES):
        (folder / "docs" / f"{number % 20}").mkdir(parents=True, exist_ok=True)
        (folder / "docs" / f"{number % 20}" / f"page-{number}.rst").write_text("Page\n")
    shelf = Shelf()
    command = (*EDK, "plan", "--json", "--offline", "--dir", str(folder))
    shelf.fill(json.loads(subprocess.check_output(command, cwd=PROJECT, env=dict(env))), LABEL)
    with serving(shelf) as host:
        env = {**env, "EDK_REGISTRY": host}
        for label in ("no state", "warm state"):
            if label == "no state":
                shutil.rmtree(env["EDK_STATE_DIR"], ignore_errors=True)
            started = time.monotonic()
            with watching(folder, env) as watched:
                watched.wait("WatchStarted")
                ready = time.monotonic() - started
                yield Figure(f"watch 1,000 images in 20,000 files, {label}: ready", "s", ready, 1, Goal("< 5 s", 5.0))
                if label == "warm state":
                    yield from _following(watched, saved, runs, env)


def _following(watched: Watched, saved: list[Path], runs: int, env: Mapping[str, str]) -> Iterator[Result]:
    run((*EDK, "pause"), env)  # what is measured is all that comes before a build
    before = watched.cpu_seconds()
    time.sleep(IDLE)
    idle = (watched.cpu_seconds() - before) / IDLE * 100
    taken: dict[str, list[float]] = {"a script": [], "a Dockerfile": []}
    for number in range(runs):
        for what, times in taken.items():
            since = len(watched.told)
            file = saved[number * 7 % IMAGES] if what == "a script" else saved[number].parents[1] / "Dockerfile"
            with file.open("a") as opened:
                opened.write("# more\n")
            times.append(watched.wait("SavesNoticed", since)["seconds"])
            time.sleep(0.3)  # so that the next one is no part of a burst
    for what, times in taken.items():
        name = f"after a save of {what} among them: noticed and planned"
        yield Figure(name, "s", statistics.median(times), runs, Goal("< 0.05 s + 0.03 s", 0.08))
    yield Figure("peak memory", "MB", watched.peak_megabytes(), 1, Goal("< 200 MB", 200))
    yield Figure(f"processor when idle, over {IDLE:.0f} s", "%", idle, 1, Goal("< 1 %", 1))
