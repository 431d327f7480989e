"""Builds of the past: what is remembered of each, and what many of them come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Ended = Literal["done", "failed", "cancelled"]
KEPT_STEPS = 5


@dataclass(frozen=True, slots=True)
class StepTime:
    """A step that was run, and the seconds that it took; `line` in the Dockerfile, 0 if it is not known."""

    title: str
    line: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """A build that ended. Fields are added with a default, and never change their meaning: older records stay readable.

    Args:
        image: its name.
        dockerfile: whole path of it.
        started: seconds since the epoch.
        seconds: from its start to its end, pauses between attempts included.
        ended: how.
        reason: why it was built.
        built: seconds in the engine; 0 if it did not come that far.
        pushed: seconds in which it was pushed.
        steps: how many there were.
        cached: how many of them came from the cache.
        slowest: steps that were run, the slowest first, at most `KEPT_STEPS`.
        attempts: how many there were.
        context_files: that were sent.
        context_bytes: of them.
        worker: where it was built, if there are several.
        command: that asked for it, e.g. ``edk watch``.
        message: what failed, or why it was cancelled.
        line: of the failing instruction in the Dockerfile; 0 if it is not known.
        digest: of the image.
    """

    image: str
    dockerfile: str
    started: float
    seconds: float
    ended: Ended
    reason: str = ""
    built: float = 0.0
    pushed: float = 0.0
    steps: int = 0
    cached: int = 0
    slowest: tuple[StepTime, ...] = ()
    attempts: int = 1
    context_files: int = 0
    context_bytes: int = 0
    worker: str = ""
    command: str = ""
    message: str = ""
    line: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step, or an image, cost over several builds."""

    image: str
    title: str
    line: int
    seconds: float
    times: int


@dataclass(frozen=True, slots=True)
class Series:
    """The builds of one image, oldest first.

    Args:
        image: its name.
        records: its builds.
        median: seconds, of those that were done; 0 if none was.
    """

    image: str
    records: tuple[BuildRecord, ...]
    median: float

    @property
    def total(self) -> float:
        """Return the seconds of all of them."""
        return sum(record.seconds for record in self.records)


def chosen(records: Iterable[BuildRecord], images: Sequence[str] = (), since: float = 0.0) -> tuple[BuildRecord, ...]:
    """Return the builds of some images (none: of all) from a time on, in the same order."""
    return tuple(r for r in records if r.started >= since and (not images or r.image in images))


def usual(
    records: Iterable[BuildRecord],
    of: Callable[[BuildRecord], str],
    seconds: Callable[[BuildRecord], float],
    latest: int,
) -> dict[str, float]:
    """Return what builds usually took: the median of the latest that were done, by whatever they are told apart by.

    Args:
        records: the latest first.
        of: returns what a build is one of; empty: it does not count.
        seconds: returns what it took.
        latest: so many of each are counted: what was longer ago may have been another image.
    """
    taken: dict[str, list[float]] = {}
    for record in records:
        key = of(record) if record.ended == "done" else ""
        if key and len(times := taken.setdefault(key, [])) < latest:
            times.append(seconds(record))
    return {key: middle(times) for key, times in taken.items()}


def middle(values: Sequence[float]) -> float:
    """Return the middle one; of two, the longer one. The module for it takes longer to import than a small plan."""
    return sorted(values)[len(values) // 2]


def slowest_steps(steps: Iterable[StepTime]) -> tuple[StepTime, ...]:
    """Return what is kept of the steps of a build."""
    return tuple(sorted(steps, key=lambda step: -step.seconds)[:KEPT_STEPS])


def costs(records: Iterable[BuildRecord]) -> tuple[Cost, ...]:
    """Return what the steps cost over all builds, the dearest first; a step is told by its image and its text."""
    seconds: dict[tuple[str, str], float] = {}
    times: Counter[tuple[str, str]] = Counter()
    lines: dict[tuple[str, str], int] = {}
    for record in records:
        for step in record.slowest:
            key = record.image, _text(step.title)
            seconds[key] = seconds.get(key, 0.0) + step.seconds
            times[key] += 1
            lines.setdefault(key, step.line)
    found = (Cost(*key, lines[key], total, times[key]) for key, total in seconds.items())
    return tuple(sorted(found, key=lambda cost: -cost.seconds))


def _text(title: str) -> str:
    """Return a step's title without its number, which changes with the steps above."""
    head, bracket, rest = title.partition("] ")
    return rest if bracket and head.startswith("[") else title


def series(records: Iterable[BuildRecord]) -> tuple[Series, ...]:
    """Return the builds by image, oldest first; the image that cost most comes first."""
    # Imported here: it takes longer to import than a build with nothing to do may take for all of this.
    from statistics import median

    found: dict[str, list[BuildRecord]] = {}
    for record in records:
        found.setdefault(record.image, []).append(record)
    made = []
    for image, builds in found.items():
        builds.sort(key=lambda record: record.started)
        done = [record.seconds for record in builds if record.ended == "done"]
        made.append(Series(image, tuple(builds), median(done) if done else 0.0))
    return tuple(sorted(made, key=lambda one: (-one.total, one.image)))
