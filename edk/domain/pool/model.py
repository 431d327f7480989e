"""The state of a pool of workers: who is in it, what each is at, and who waits for a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

BALANCE = 1.5
"""So many times the average load a worker may have, before a target goes on to the next in its order."""


@dataclass(frozen=True, slots=True)
class WorkerAddress:
    """Where a worker is reached.

    Args:
        address: e.g. ``tcp://10.0.0.5:1234``, ``unix:///run/buildkit/buildkitd.sock``.
        server_name: that its certificate has been made for; empty: the host of the address.
    """

    address: str
    server_name: str = ""

    @property
    def name(self) -> str:
        """What it is called on the screen and when targets are spread: ``10.0.0.5:1234``."""
        return self.address.removeprefix("tcp://")


@dataclass(frozen=True, slots=True)
class Worker:
    """A member of the pool.

    Args:
        name: of it; its targets are its own by this name.
        limit: builds at once.
        seed: what its name is hashed to.
        membership: another number each time that it joins.
        running: builds that it is at.
        away: whether it gets no builds.
        term: another number each time that it goes away.
        strikes: how often a build was lost there since one last came to an end.
        misses: checks that it did not answer since it went away.
        check_at: monotonic seconds; not asked earlier how it is.
        error: why it is away; empty if it is not.
    """

    name: str
    limit: int
    seed: int
    membership: int
    running: int = 0
    away: bool = False
    term: int = 0
    strikes: int = 0
    misses: int = 0
    check_at: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A build that waits for a place.

    Args:
        ticket: of its own.
        target: name.
        seed: what that is hashed to.
        tried: workers that it was lost on.
        urgency: length of the longest path of builds that wait for it.
        home: first in its order of those that are there and were not tried; empty if there is none.
    """

    ticket: int
    target: str
    seed: int
    tried: frozenset[str] = frozenset()
    urgency: float = 0.0
    home: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A place that a build has; `membership` and `term` are the worker's at that moment."""

    ticket: int
    worker: str
    membership: int
    term: int
    reason: str = ""
    """Why it is not its first choice; empty if it is."""


@dataclass(frozen=True, slots=True)
class Pool:
    """All of it.

    Args:
        workers: name → member, in the order in which they joined.
        waiting: builds without a place, the most urgent first, of these lost ones first, then who asked first.
        balance: see `BALANCE`.
        next_number: of a ticket or membership.
        places: builds at once on all that are not away.
        running: builds on all that are not away.
    """

    workers: Mapping[str, Worker] = field(default_factory=dict)
    waiting: tuple[Asked, ...] = ()
    balance: float = BALANCE
    next_number: int = 1
    places: int = 0
    running: int = 0

    @property
    def capacity(self) -> int:
        """Return how many builds it takes at once if nobody is away."""
        return sum(worker.limit for worker in self.workers.values())

    def put(self, worker: Worker) -> Pool:
        """Return the pool with a member as it is now."""
        old = self.workers[worker.name]
        places = self.places + _counted(worker, worker.limit) - _counted(old, old.limit)
        running = self.running + _counted(worker, worker.running) - _counted(old, old.running)
        return replace(self, workers={**self.workers, worker.name: worker}, places=places, running=running)

    def having(self, workers: Mapping[str, Worker]) -> Pool:
        """Return the pool with just these members."""
        places = sum(_counted(worker, worker.limit) for worker in workers.values())
        running = sum(_counted(worker, worker.running) for worker in workers.values())
        return replace(self, workers=workers, places=places, running=running)

    @property
    def away(self) -> tuple[Worker, ...]:
        """Return who is away."""
        return tuple(worker for worker in self.workers.values() if worker.away)


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What is said of a worker to who asks; `error` is the last one, and empty unless it is away."""

    name: str
    state: Literal["ready", "full", "away"]
    running: int
    limit: int
    error: str


def _counted(worker: Worker, number: int) -> int:
    return 0 if worker.away else number


def statuses(pool: Pool) -> tuple[WorkerStatus, ...]:
    """Return what is said of each worker, by name."""
    workers = sorted(pool.workers.values(), key=lambda worker: worker.name)
    return tuple(WorkerStatus(w.name, _state(w), w.running, w.limit, w.error) for w in workers)


def _state(worker: Worker) -> Literal["ready", "full", "away"]:
    if worker.away:
        return "away"
    return "full" if worker.running >= worker.limit else "ready"
