"""How long the rest of a run may take, by what the same images took before."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edk.domain.board import MOVING, PENDING, Board
from edk.domain.build_record import BuildRecord, usual

LATEST = 5
"""Builds of an image that count: older ones were of another image, as good as."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that are left; `sure` if every image that is not done yet was built before, and none takes longer."""

    seconds: float
    sure: bool


def usual_seconds(records: Iterable[BuildRecord]) -> dict[str, float]:
    """Return image → the median of its latest builds that went well; `records` the latest first."""
    return usual(records, lambda record: record.image, lambda record: record.seconds, LATEST)


def estimate(board: Board, now: float, jobs: int) -> Estimate | None:
    """Return how long the rest may take, None if nothing is known of it.

    The builds that wait are given out in their order to `jobs` places, each once what it waits for is done.
    """
    open_ = {name: image for name, image in board.images.items() if not image.settled}
    known = {name: board.usual[name] for name in open_ if name in board.usual}
    if not known:
        return None
    running = {name: image for name, image in open_.items() if image.state in MOVING}
    passed = {name: now - image.since if image.since else 0.0 for name, image in running.items()}
    rest = {name: max(0.0, known.get(name, 0.0) - passed.get(name, 0.0)) for name in open_}
    sure = len(known) == len(open_) and all(known[name] >= passed[name] for name in running)
    waiting = {name: frozenset(image.on) & open_.keys() for name, image in open_.items() if image.state in PENDING}
    return Estimate(_simulated([(rest[name], name) for name in running], waiting, rest, jobs), sure)


def _simulated(
    running: list[tuple[float, str]],
    waiting: Mapping[str, frozenset[str]],
    seconds: Mapping[str, float],
    jobs: int,
) -> float:
    """Return when the last build ends; `running` holds when those end that run now."""
    heapq.heapify(running)
    queue = dict(waiting)
    ended: set[str] = set()
    now = 0.0
    while running or queue:
        ready = [name for name, on in queue.items() if on <= ended]
        for name in ready[: max(0, jobs - len(running))]:
            del queue[name]
            heapq.heappush(running, (now + seconds[name], name))
        if not running:
            # They wait for each other, or for what nobody tells of.
            return now + sum(seconds[name] for name in queue)
        now, name = heapq.heappop(running)
        ended.add(name)
    return now
