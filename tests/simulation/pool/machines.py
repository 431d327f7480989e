"""The machines behind the workers: they build, keep caches, die, freeze, and come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from edk.domain.pool.model import Lease
from tests.simulation.kernel import Timer


@dataclass
class Build:
    """One image under way: `tried` are workers that it was lost on, `attempts` its leases so far."""

    image: str
    tried: frozenset[str] = frozenset()
    attempts: int = 0


@dataclass
class Job:
    """A build on a machine, and the timer of its end."""

    build: Build
    lease: Lease
    timer: Timer
    seconds: float


@dataclass
class Machine:
    """One of them.

    Args:
        name: of its worker.
        state: a dead one refuses connections, a frozen one takes them and says nothing.
        jobs: by ticket.
        warm: images whose steps it has in its cache.
        busy: seconds of all that it built to the end.
        peak: builds at once, at most.
    """

    name: str
    state: Literal["well", "dead", "frozen"] = "well"
    jobs: dict[int, Job] = field(default_factory=dict)
    warm: set[str] = field(default_factory=set)
    busy: float = 0.0
    peak: int = 0


@dataclass
class Count:
    """What happened in one run.

    Args:
        seconds: from its beginning to the last image.
        built: image → how often it was built to the end.
        leases: places that were given.
        lost: builds that a machine took with it.
        unplaced: builds for which no worker was left.
        hits: images built where they had been built before.
        cold_at_home: images built by their first choice, which had not built them before.
        pushed: image → why it was not built by its first choice.
    """

    seconds: float = 0.0
    built: dict[str, int] = field(default_factory=dict)
    leases: int = 0
    lost: int = 0
    unplaced: int = 0
    hits: int = 0
    cold_at_home: set[str] = field(default_factory=set)
    pushed: dict[str, str] = field(default_factory=dict)

    @property
    def moved_home(self) -> set[str]:
        """Return images whose first choice was away."""
        return {image for image, why in self.pushed.items() if why.endswith("is away")}
