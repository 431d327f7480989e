"""Eight images on one base, and one image of few or many files: nothing changed, and one file changed; beside peers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench import peers
from bench.cleaning import Leftovers
from bench.measure import (
    Figure,
    Goal,
    Peer,
    Result,
    Run,
    RunFailedError,
    Skipped,
    megabytes,
    repeat,
    seconds,
)


def eight(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield what eight images of twenty files take."""
    yield from _measured(work, "eight", "eight images", 8, 20, runs, leftovers)


def contexts(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield what an image of 1, 1,000 and 20,000 files of 1 kB takes; the large one half as often."""
    for files, times in ((1, runs), (1000, runs), (20_000, max(2, runs // 3))):
        folder = work / str(files)
        folder.mkdir()
        yield from _measured(folder, f"files{files}", f"an image of {files:,} files", 1, files, times, leftovers)


def _measured(
    work: Path, stem: str, name: str, count: int, files: int, runs: int, leftovers: Leftovers
) -> Iterator[Result]:
    found = peers.find(work)
    if found.engine is None:
        yield Skipped(name, peers.NO_DOCKER)
        return
    if found.missing:
        yield Skipped(f"{name}: {found.missing}", "not in .cache/peers; run bench/peers.sh")
    try:
        base = peers.push_base(work, stem, found)
        leftovers.refs.append(base)
        projects = []
        for who in found.who:
            project = peers.Project(who, work / who, stem, count, base)
            leftovers.refs += project.refs
            project.write(files, 1000)
            try:
                project.build(found)
                project.build(found)
                projects.append(project)
            except RunFailedError as error:
                yield Skipped(f"{name}: {peers.NAMES[who]}", str(error))
        there = tuple(project.who for project in projects)
        taken = repeat(runs, *(partial(project.build, found) for project in projects))
        yield from _figures(f"{name}, nothing changed", there, taken, runs, nothing=count > 1)
        taken = repeat(runs, *(partial(_changed, project, found) for project in projects))
        yield from _figures(f"{name}, one file changed", there, taken, runs)
    except RunFailedError as error:
        yield Skipped(name, str(error))


def _changed(project: peers.Project, found: peers.Peers) -> Run:
    project.change()
    return project.build(found)


def _figures(
    name: str, who: tuple[peers.Who, ...], taken: list[list[Run]], runs: int, *, nothing: bool = False
) -> Iterator[Result]:
    ours = taken[0]
    samples = tuple(run.seconds for run in ours)
    if nothing:
        yield Figure(name, "s", seconds(ours), runs, Goal("<= 0.30 s", 0.3), samples=samples)
    for other, theirs in zip(who[1:], taken[1:], strict=True):
        beside = Peer(peers.NAMES[other], seconds(theirs), tuple(run.seconds for run in theirs))
        goal = Goal("a quarter of bake's", 0.25, "ratio") if nothing and other == "bake" else None
        yield Figure(name, "s", seconds(ours), runs, goal, beside, samples)
    for other, theirs in zip(who[1:], taken[1:], strict=True):
        yield Figure(f"{name}, memory", "MB", megabytes(ours), runs, None, Peer(peers.NAMES[other], megabytes(theirs)))
