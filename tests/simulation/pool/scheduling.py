"""What is started when: by the product's own decision, or by the same rule in a form for 10,000 images."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Protocol

from edk.domain.expected import urgency
from edk.domain.run import (
    GOOD,
    PlanAdopted,
    RunState,
    Wanted,
    WorkerFailed,
    WorkerStarted,
    WorkerSucceeded,
    _weights,
    reduce,
    schedule,
)


class Scheduler(Protocol):
    """Starts images when their bases are there."""

    def start(self, now: float) -> Iterable[str]:
        """Return what to start now; it counts as started."""

    def succeeded(self, image: str) -> None:
        """Note that an image was built."""

    def failed(self, image: str, retry_at: float) -> None:
        """Note that no worker was left for an image, which is tried again at a time."""

    def weight(self, image: str) -> float:
        """Return how urgent an image is."""

    @property
    def idle(self) -> bool:
        """Whether all is built."""


class RealScheduler:
    """`edk.domain.run`, whose decisions look at every image each time."""

    def __init__(self, wanted: tuple[Wanted, ...], jobs: int) -> None:
        self._jobs = jobs
        self._state = reduce(RunState(), PlanAdopted(wanted))

    def start(self, now: float) -> Iterable[str]:
        """Do as `schedule` says."""
        keys = schedule(self._state, now, self._jobs).start
        for key in keys:
            self._state = reduce(self._state, WorkerStarted(key))
        return keys

    def succeeded(self, image: str) -> None:
        """Tell the state."""
        fingerprint = self._state.targets[image].fingerprint
        self._state = reduce(self._state, WorkerSucceeded(image, fingerprint, f"sha256:{image}"))

    def failed(self, image: str, retry_at: float) -> None:
        """Tell the state."""
        fingerprint = self._state.targets[image].fingerprint
        self._state = reduce(self._state, WorkerFailed(image, fingerprint, "engine", "no worker", retry_at))

    def weight(self, image: str) -> float:
        """Ask the state."""
        return self._state.targets[image].weight

    @property
    def idle(self) -> bool:
        """Whether all is built, and well."""
        return self._state.idle and self._state.count(*GOOD) == len(self._state.targets)


class QuickScheduler:
    """The longest remaining path first, as `edk.domain.run`; a test compares the two.

    Args:
        wanted: of the plan.
        jobs: builds at once.
        seconds: image → how long it takes, if that is known; else each is as long as any other.
    """

    def __init__(self, wanted: tuple[Wanted, ...], jobs: int, seconds: Mapping[str, float] | None = None) -> None:
        self._jobs = jobs
        self._weights = _weights(wanted) if seconds is None else _paths(wanted, seconds)
        self._known = seconds is not None
        self._missing = {image.key: len(image.depends_on) for image in wanted}
        self._above: dict[str, list[str]] = {image.key: [] for image in wanted}
        for image in wanted:
            for base in image.depends_on:
                self._above[base].append(image.key)
        self._ready = [(-self._weights[key], key) for key, missing in self._missing.items() if not missing]
        heapq.heapify(self._ready)
        self._later: list[tuple[float, str]] = []
        self._running = 0
        self._left = len(wanted)

    def start(self, now: float) -> Iterable[str]:
        """Start the most urgent ones."""
        while self._later and self._later[0][0] <= now:
            _, image = heapq.heappop(self._later)
            heapq.heappush(self._ready, (-self._weights[image], image))
        while self._ready and self._running < self._jobs:
            self._running += 1
            yield heapq.heappop(self._ready)[1]

    def succeeded(self, image: str) -> None:
        """Free what stands on it."""
        self._running -= 1
        self._left -= 1
        for above in self._above[image]:
            self._missing[above] -= 1
            if not self._missing[above]:
                heapq.heappush(self._ready, (-self._weights[above], above))

    def failed(self, image: str, retry_at: float) -> None:
        """Keep it for later."""
        self._running -= 1
        heapq.heappush(self._later, (retry_at, image))

    def weight(self, image: str) -> float:
        """Return the longest path of images that wait for it."""
        weight = self._weights[image]
        # Images that take about as long are equally urgent, so that each can wait for its own worker's place.
        return urgency(weight) if self._known else weight

    @property
    def idle(self) -> bool:
        """Whether all is built."""
        return not self._left


def _paths(wanted: tuple[Wanted, ...], seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of the longest path of images that wait for each."""
    paths = {image.key: seconds[image.key] for image in wanted}
    for image in reversed(wanted):
        for base in image.depends_on:
            paths[base] = max(paths[base], seconds[base] + paths[image.key])
    return paths
