"""What a build costs beside the bare engine: the same images, one file of each changed, pushed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import bare
from bench.cleaning import Leftovers
from bench.measure import (
    EDK,
    Figure,
    Goal,
    Peer,
    Result,
    Run,
    RunFailedError,
    Skipped,
    environment,
    repeat,
    run,
    seconds,
)

REGISTRY = os.environ.get("EDK_REGISTRY", "localhost:32000")
MARK = "edk-bench"
OURS = "local-only/base-python-cpu:latest"
BARE = f"{REGISTRY}/base-python-cpu:latest"
FILES = 20


@dataclass(frozen=True, slots=True)
class Case:
    """Images to build: how many, what changes in each (bytes), and how long a step works on it (seconds)."""

    name: str
    images: int
    changed_bytes: int
    step_seconds: float


CASES = (
    Case("one image, 10 kB changed", 1, 10_000, 0),
    Case("one image, 10 MB changed and a step of 3 s", 1, 10_000_000, 3),
    Case("four images, 10 kB changed in each", 4, 10_000, 0),
)


def measure(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield what `edk build` takes beside the bare engine.

    Args:
        work: an empty folder.
        runs: how often each, in turn.
        leftovers: told what stays in the engine.
    """
    env = environment(
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION="bench",
        EDK_EXTENSIONS_DIR=str(work),
        EDK_BENCH_LOG=str(work / "build.log"),
    )
    try:
        base = _extension(work / "base", Case("base", 1, 1, 0), OURS)
        leftovers.refs.append(f"{REGISTRY}/{MARK}-base-0:bench")
        run(_edk(base), env)  # brings up the base that all images here stand on
    except RunFailedError as error:
        yield Skipped("edk build beside the bare engine", str(error))
        return
    probe = work / "probe"
    probe.mkdir()
    (probe / "Dockerfile").write_text(f"FROM {BARE}\n")
    engine = bare.find(env, probe)
    if engine is None:
        yield Skipped("edk build beside the bare engine", "no docker command that can build here is on PATH")
        return
    for number, case in enumerate(CASES):
        yield from _measure(work / str(number), case, engine, runs, leftovers, env)


def _edk(extension: Path) -> tuple[str | Path, ...]:
    return (*EDK, "build", "--dir", extension, "--no-import", "--jobs", "4")


def _measure(
    work: Path, case: Case, engine: bare.BareEngine, runs: int, leftovers: Leftovers, env: dict[str, str]
) -> Iterator[Result]:
    mine, theirs = _extension(work / "edk", case, OURS), _extension(work / "bare", case, BARE)
    contexts = [(theirs / str(n), f"{REGISTRY}/{MARK}-bare-{n}:bench") for n in range(case.images)]
    leftovers.refs += [ref for _, ref in contexts] + [f"{REGISTRY}/{MARK}-edk-{n}:bench" for n in range(case.images)]

    def ours() -> Run:
        _change(mine, case)
        return run(_edk(mine), env)

    def others() -> Run:
        _change(theirs, case)
        return engine.build(env, contexts)

    ours(), others()
    built, bare_built = repeat(runs, ours, others)
    beside = Peer(engine.name, seconds(bare_built))
    name, value = f"build, {case.name}", seconds(built)
    yield Figure(name, "s", value, runs, Goal("< 0.2 s more", 0.2, "excess"), beside)
    yield Figure(name, "s", value, runs, Goal("< 10 % more", 1.1, "ratio"), beside)
    again, bare_again = repeat(runs, lambda: run(_edk(mine), env), lambda: engine.build(env, contexts))
    name = f"build, {case.name.split(',')[0]}, nothing changed"
    yield Figure(name, "s", seconds(again), runs, Goal("< 0.5 s", 0.5), Peer(engine.name, seconds(bare_again)))


def _extension(folder: Path, case: Case, base: str) -> Path:
    """Write an extension of so many images, each with some files, of which one changes."""
    for number in range(case.images):
        files = folder / str(number) / "files"
        files.mkdir(parents=True)
        for name in range(FILES):
            (files / f"part{name}.py").write_text(f"VALUE = {name}\n" * 100)
        step = f"import time; time.sleep({case.step_seconds})"
        (folder / str(number) / "Dockerfile").write_text(
            f'FROM {base}\nLABEL IMAGE="{MARK}-{folder.name}-{number}"\n'
            f'COPY files/ /{MARK}/\nRUN python3 -c "{step}" # {MARK}\n'
        )
    _change(folder, case)
    return folder


def _change(folder: Path, case: Case) -> None:
    for number in range(case.images):
        (folder / str(number) / "files" / "changed.bin").write_bytes(secrets.token_bytes(case.changed_bytes))
