"""What the simulation shows, as figures: how fast, how even, what stays in caches, what faults cost."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edk.domain.pool.hashing import order
from tests.simulation.pool.graphs import Graph
from tests.simulation.pool.machines import Count
from tests.simulation.pool.scheduling import QuickScheduler, Scheduler
from tests.simulation.pool.simulator import Simulation

JITTER = 0.3


@dataclass(frozen=True)
class Speed:
    """One graph on a pool where nothing fails.

    Args:
        ratio: of its time to what nobody can be below.
        balance: seconds that the busiest worker built, to those of the average one.
        peak: builds at once on one worker, at most.
        twice: images that were built more than once, or not at all.
        pushed: images that were not built by their first choice.
    """

    graph: str
    workers: int
    limit: int
    images: int
    seconds: float
    ratio: float
    balance: float
    peak: int
    twice: int
    pushed: int


def speed(graph: Graph, workers: int, limit: int = 1, *, known: bool = False) -> Speed:
    """Build a graph; with `known` the times of all images are, as they are where they were built before."""
    simulation = Simulation(workers, limit)
    count = simulation.run(graph, scheduler=partial(QuickScheduler, seconds=graph.seconds) if known else QuickScheduler)
    machines = simulation.machines.values()
    return Speed(
        graph.name + (", times known" if known else ""),
        workers,
        limit,
        len(graph.bases),
        count.seconds,
        count.seconds / graph.bound(simulation.slots),
        max(m.busy for m in machines) / (sum(m.busy for m in machines) / len(machines)),
        max(m.peak for m in machines),
        _not_once(graph, count),
        len(count.pushed),
    )


@dataclass(frozen=True)
class Round:
    """All images built once more, after something happened.

    Args:
        what: happened before.
        hits: part of the images that found their own cache.
        seconds: from the first to the last.
        away: images that left their first choice since it was away.
        pushed: those that left it since it had enough to do.
        unexplained: those that were built anew although nothing of all this kept them from their cache.
        orphans: images whose first choice was taken away.
    """

    what: str
    hits: float
    seconds: float
    away: int
    pushed: int
    unexplained: int
    orphans: int


def rounds(graph: Graph, workers: int, limit: int, jobs: float, harmed: int, balance: float = 1.5) -> list[Round]:
    """Build a graph again and again, while some workers are away, come back, leave, and others join."""
    simulation = Simulation(workers, limit, balance=balance)
    draw = random.Random(1)
    told: list[Round] = []
    at_home: set[str] = set()

    def build(what: str, orphans: int = 0) -> None:
        count = simulation.run(graph, jobs, jitter=JITTER)
        away = count.moved_home
        # Who was at home once has its cache there, unless its home is another one by now.
        unexplained = len(count.cold_at_home & at_home)
        at_home.update(graph.bases.keys() - count.pushed.keys())
        images = len(graph.bases)
        busy = len(count.pushed) - len(away)
        told.append(Round(what, count.hits / images, count.seconds, len(away), busy, unexplained, orphans))

    build("the first time")
    build("again")
    build("again")
    lost = draw.sample(list(simulation.pool.workers), harmed)
    homes = _homes(graph, simulation)
    for name in lost:
        simulation.break_down(name, frozen=False)
    build(f"{harmed} workers dead", sum(home in lost for home in homes.values()))
    for name in lost:
        simulation.mend(name)
        simulation.answer(name)
    build("they are back")
    for name in lost:
        simulation.leave(name, at_once=False)
    orphans = {image for image, home in homes.items() if home in lost}
    at_home -= orphans
    build(f"{harmed} workers left", len(orphans))
    simulation.join(harmed)
    now = _homes(graph, simulation)
    new = {image for image, home in now.items() if home not in homes.values()}
    at_home -= new
    build(f"{harmed} others joined", len(new))
    return told


@dataclass(frozen=True)
class Trouble:
    """One graph while workers die, freeze, leave and join all the time.

    Args:
        faults: what happened, and how often.
        ratio: of its time to the bound of a pool where all are always well.
        lost: builds that were taken by a machine.
        unplaced: builds that found no worker at all, and were tried again by the loop.
        needless: places that were given without need: neither for the first time nor after a loss.
        twice: images that were built more than once, or not at all.
        away: workers that were still away in the end, though they were well.
    """

    graph: str
    workers: int
    limit: int
    images: int
    faults: dict[str, int]
    seconds: float
    ratio: float
    lost: int
    unplaced: int
    needless: int
    twice: int
    away: int


def trouble(
    graph: Graph,
    workers: int,
    limit: int,
    pause: float,
    seed: int = 0,
    scheduler: Callable[..., Scheduler] = QuickScheduler,
) -> Trouble:
    """Build a graph with a fault every `pause` seconds on the average."""
    simulation = Simulation(workers, limit, seed)
    faults = Faults(random.Random(seed), pause)
    bound = graph.bound(simulation.slots)
    count = simulation.run(graph, scheduler=scheduler, fault=faults.strike)
    return Trouble(
        graph.name,
        workers,
        limit,
        len(graph.bases),
        faults.told,
        count.seconds,
        count.seconds / bound,
        count.lost,
        count.unplaced,
        count.leases - len(graph.bases) - count.lost,
        _not_once(graph, count),
        sum(simulation.machines[worker.name].state == "well" for worker in simulation.pool.away),
    )


class Faults:
    """What goes wrong; `pause` are the seconds between two faults, on the average."""

    def __init__(self, draw: random.Random, pause: float) -> None:
        self._draw = draw
        self._pause = pause
        self.told = {"died": 0, "froze": 0, "left": 0, "joined": 0}

    def strike(self, simulation: Simulation) -> float:
        """Do one harm, and return the seconds until the next."""
        draw = self._draw
        well = [name for name in simulation.pool.workers if simulation.machines[name].state == "well"]
        what = draw.choices(list(self.told), (4, 2, 2, 2))[0]
        if what == "joined":
            simulation.join()
        elif not well:
            return self._pause
        elif what == "left":
            simulation.leave(draw.choice(well), at_once=draw.random() < 0.5)
        else:
            name = draw.choice(well)
            simulation.break_down(name, frozen=what == "froze")
            simulation.kernel.at(simulation.kernel.now + draw.uniform(5.0, 120.0), partial(simulation.mend, name))
        self.told[what] += 1
        return draw.expovariate(1.0 / self._pause)


def _homes(graph: Graph, simulation: Simulation) -> dict[str, str]:
    workers = tuple(simulation.pool.workers.values())
    return {image: order(image, workers)[0].name for image in graph.bases}


def _not_once(graph: Graph, count: Count) -> int:
    return sum(count.built.get(image, 0) != 1 for image in graph.bases)
