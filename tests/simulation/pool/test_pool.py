"""A pool of 1,000 workers and 10,000 images in virtual time; ``python -m tests.simulation.pool`` prints the figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulation.pool.figures import Round, Speed, Trouble, rounds, trouble
from tests.simulation.pool.graphs import Graph, Times, wide
from tests.simulation.pool.large import IMAGES, SHAPES, WORKERS, fast, hard
from tests.simulation.pool.scheduling import QuickScheduler, RealScheduler, Scheduler
from tests.simulation.pool.simulator import Simulation


@pytest.fixture(scope="module")
def large() -> Iterator[dict[tuple[str, str], Future[Speed | Trouble]]]:
    """The large pools, by as many processes as there are cores."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        kinds: dict[str, Callable[[str], Speed | Trouble]] = {"fast": fast, "hard": hard}
        cases = [("fast", "wide"), ("fast", "deep"), ("fast", "mixed"), ("hard", "mixed")]
        yield {(kind, shape): pool.submit(kinds[kind], shape) for kind, shape in cases}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_is_nearly_as_fast_as_so_many_places_can_be(
    shape: str, large: dict[tuple[str, str], Future[Speed | Trouble]]
) -> None:
    """Within a tenth of max(longest path, work by places); each image once, no worker over its limit."""
    found = large["fast", shape].result()

    assert isinstance(found, Speed)
    assert (WORKERS, IMAGES, 0) == (found.workers, found.images, found.twice)
    assert 1.0 <= found.ratio + 1e-9
    assert found.ratio <= 1.1
    assert 1 == found.peak
    # Where all places are in use, all workers have about the same to do.
    assert shape == "deep" or found.balance <= 1.15


def test_builds_all_while_workers_die_freeze_leave_and_join(
    large: dict[tuple[str, str], Future[Speed | Trouble]],
) -> None:
    """Each image once, and nothing again but what a machine took with it."""
    found = large["hard", "mixed"].result()

    assert isinstance(found, Trouble)
    assert min(found.faults.values()) > 10
    assert found.lost > 50
    assert (0, 0, 0) == (found.twice, found.needless, found.unplaced)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scheduler", [RealScheduler, QuickScheduler], ids=["real", "quick"])
def test_builds_all_on_small_pools_that_hardly_ever_work(
    shape: str, seed: int, scheduler: Callable[..., Scheduler]
) -> None:
    """Also with the product's own scheduling, and where now and then nobody at all is left."""
    found = trouble(SHAPES[shape](120, seed), 3, 2, pause=15.0, seed=seed, scheduler=scheduler)

    assert found.lost > 0
    # A build that no worker was left for has had its places, too, each of which ended in a loss.
    assert (0, 0) == (found.twice, found.needless)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_quick_scheduler_decides_as_the_real_one(shape: str) -> None:
    """So what holds for 10,000 images by the one holds for the other."""
    times = Times((2, 6), (1.0, 9.0))
    graph: Graph = SHAPES[shape](300, 0, times)
    told = []
    for scheduler in (RealScheduler, QuickScheduler):
        simulation = Simulation(20, 2)
        simulation.run(graph, scheduler=scheduler)
        told.append((simulation.count, {m.name: m.busy for m in simulation.machines.values()}))

    assert told[0] == told[1]


@pytest.fixture(scope="module")
def told() -> dict[float, list[Round]]:
    """Builds handed in at once, by place → rounds of all images on 20 workers with 4 places each."""
    return {jobs: rounds(wide(1_000), 20, 4, jobs, 2) for jobs in (1.0, 2.0)}


def test_who_is_lost_takes_its_own_images_along_and_no_others(told: dict[float, list[Round]]) -> None:
    """All else that misses its cache was pushed away by builds that its first choice had to do."""
    for found in told.values():
        dead = next(one for one in found if one.what.endswith("dead"))
        # Before it is known that a worker is dead, a few leave it since it is full of builds that will be lost.
        assert dead.orphans - 2 * 4 <= dead.away <= dead.orphans
        assert 0 < dead.away
        assert [0] * len(found) == [one.unexplained for one in found]
        assert all(one.away == 0 for one in found if one is not dead)


def test_builds_in_waiting_keep_caches_warm(told: dict[float, list[Round]]) -> None:
    """With twice as many builds as places nearly all find their caches; with just as many hardly any."""
    few, many = ([one.hits for one in told[jobs]] for jobs in (1.0, 2.0))

    assert 0.0 == few[0] == many[0]
    assert min(many[1:]) > 0.75
    assert max(few[1:]) < 0.5


def test_moves_nothing_but_a_lost_workers_images_where_there_is_room() -> None:
    """One build at a time is always at home, and a lost worker costs its own images only."""
    found = rounds(wide(300), 10, 2, jobs=0.05, harmed=1)

    hits = [round(one.hits * 300) for one in found]
    orphans = [one.orphans for one in found]
    assert [0] * 7 == [one.pushed for one in found]
    assert [0, 300, 300, 300 - orphans[3], 300, 300, 300 - orphans[6]] == hits
    assert 0 < orphans[3] == orphans[5]
    assert [0, 0, 0, orphans[3], 0, 0, 0] == [one.away for one in found]
