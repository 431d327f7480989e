"""BuildKit beside the Docker Engine in one run: the same images by both, with us and without."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import bare, saving
from bench.building import REGISTRY
from bench.cleaning import Leftovers
from bench.contestants import NAMES, WHO, Images, Tools, Who, write_base, write_files
from bench.measure import (
    Figure,
    Goal,
    Peer,
    Result,
    Run,
    RunFailedError,
    Skipped,
    environment,
    megabytes,
    repeat,
    seconds,
)
from tests.support.buildkitd import OwnDaemon, missing_programs, own_daemon


@dataclass(frozen=True, slots=True)
class Case:
    """What is built and what changes.

    Args:
        name: in the table.
        change: makes the difference; None: nothing changes.
        base: whether the base is built as well.
    """

    name: str
    change: Callable[[Images], None] | None
    base: bool = False


def measure(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield what each of the four takes, one after the other in every round, with daemons of the bench's own.

    Args:
        work: an empty folder.
        runs: rounds of small images; large ones have a third.
        leftovers: told what stays in engine and registry.
    """
    missing = [*missing_programs(), *(() if shutil.which("busybox") else ("busybox",))]
    if missing:
        yield Skipped("BuildKit beside the Docker Engine", f"{' and '.join(missing)} not on PATH")
        return
    probe = work / "probe"
    probe.mkdir()
    (probe / "Dockerfile").write_text('FROM scratch\nLABEL edk-bench="probe"\n')
    env = _environment(work, "")
    engine = bare.find(env, probe)
    if engine is None:
        yield Skipped("BuildKit beside the Docker Engine", "no docker command that can build here is on PATH")
        return
    try:
        with _daemon(work / "daemon") as ours, _daemon(work / "other") as other:
            tools = Tools(engine, _environment(work, ours.address), other.address)
            yield from _measured(work, runs, leftovers, tools)
    except RunFailedError as error:
        yield Skipped("BuildKit beside the Docker Engine", str(error))


@contextmanager
def _daemon(folder: Path) -> Iterator[OwnDaemon]:
    try:
        with own_daemon(folder, registry=REGISTRY) as daemon:
            yield daemon
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(work: Path, address: str) -> dict[str, str]:
    return environment(
        work / "state",
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION="bench",
        EDK_EXTENSIONS_DIR=str(work / "none"),
        EDK_BENCH_LOG=str(work / "builders.log"),
        BUILDKIT_HOST=address,
    )


def _measured(work: Path, runs: int, leftovers: Leftovers, tools: Tools) -> Iterator[Result]:
    base, few = write_base(work / "base"), max(1, runs // 3)
    small, nothing = write_files(work / "small", 20, 1000), Case("nothing changed", None)
    line = Case("one line of 20 files changed", lambda images: images.change("part0/file0.txt", _line()))
    made = _images(work / "s", "small", 1, leftovers)
    yield from _cases(made, base, small, tools, runs, (line, nothing))
    yield from saving.measure(work / "w", base, small, runs, leftovers, tools)
    cold = Case("8 images and their base, a step of 1 s in each", lambda i: i.change("base/nonce", _line()), base=True)
    made = _images(work / "c", "wide", 8, leftovers)
    yield from _cases(made, base, small, tools, few, (cold,), step="sleep 1")
    many = write_files(work / "many", 20_000, 10_000)
    made = _images(work / "m", "many", 1, leftovers)
    one = Case("one of 20,000 files (200 MB, one layer) changed", line.change)
    yield from _cases(made, base, many, tools, few, (one, Case("20,000 files, nothing changed", None)))
    shutil.rmtree(work / "m")
    made = _images(work / "r", "random", 1, leftovers)
    blob = Case(
        "a file of 100 MB of random bytes changed",
        lambda images: images.change("part0/blob", secrets.token_bytes(100_000_000)),
    )
    yield from _cases(made, base, small, tools, few, (blob,))


def _images(folder: Path, stem: str, count: int, leftovers: Leftovers) -> dict[Who, Images]:
    made = {who: Images(who, folder / who, stem, count) for who in WHO}
    for images in made.values():
        leftovers.refs += [*images.refs, images.base_ref]
    return made


def _cases(
    made: dict[Who, Images], base: Path, files: Path, tools: Tools, runs: int, cases: tuple[Case, ...], step: str = ""
) -> Iterator[Result]:
    for images in made.values():
        images.write(base, files, step)
        images.build(tools, base=True)
    for case in cases:
        # A round beforehand, in which nothing is warm yet.
        repeat(1, *(partial(_once, images, case, tools) for images in made.values()))
        taken = repeat(runs, *(partial(_once, images, case, tools) for images in made.values()))
        yield from _figures(case.name, dict(zip(made, taken, strict=True)), runs)


def _once(images: Images, case: Case, tools: Tools) -> Run:
    if case.change is not None:
        case.change(images)
    return images.build(tools, base=case.base)


def _figures(name: str, taken: dict[Who, list[Run]], runs: int) -> Iterator[Result]:
    """Yield a line for each of the others beside the docker command, and what memory ours had."""
    beside = Peer(NAMES["docker"], seconds(taken["docker"]))
    for who, done in taken.items():
        if who != "docker":
            yield Figure(f"{name}: {NAMES[who]}", "s", seconds(done), runs, None, beside)
    ours, engine = megabytes(taken["edk-buildkit"]), megabytes(taken["edk-docker"])
    limit = Goal("< 150 MB", 150)
    yield Figure(f"{name}: edk, BuildKit, peak memory", "MB", ours, runs, limit, Peer(NAMES["edk-docker"], engine))


def _line() -> bytes:
    return f"VALUE = {secrets.token_hex(16)!r}\n".encode()
