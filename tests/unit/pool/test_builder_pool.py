"""One builder made of several: no build is lost while a worker is left."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from edk.adapters.cancellation import Cancel
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.requests import Placement
from tests.unit.pool.worlds import Context, World, until


def test_builds_each_target_at_home_and_says_so() -> None:
    """Its first choice is told without a reason, and the image says who built it."""
    world = World(5, 6, 7)
    second = world.order("otsus")[0]

    build = world.build("otsus")

    assert second.name == build.result().worker
    assert [Placement(second.name)] == build.placements
    assert ["otsus"] == second.tries


def test_goes_on_with_the_next_where_a_worker_refuses() -> None:
    """The build is told why, and the context is sent again from its beginning."""
    world = World(5, 6, 7)
    home, then, _ = world.order("otsus")
    home.down = True
    context = Context()

    build = world.build("otsus", context)

    assert then.name == build.result().worker
    assert [Placement(home.name), Placement(then.name, f"{home.name} is away")] == build.placements
    assert (["otsus"], ["otsus"], 1) == (home.tries, then.tries, context.read)


def test_goes_on_where_a_worker_is_lost_in_the_middle() -> None:
    """Of all builds that are on it each is built by another one, once."""
    world = World(5, 6, 7, limit=4)
    home = world.order("otsus")[0]
    home.going.clear()
    builds = [world.build(world.target(home)) for _ in range(3)]
    until(lambda: len(home.tries) == 3)

    home.down = True

    assert all(build.result().worker != home.name for build in builds)
    assert 3 == sum(len(worker.builds) for worker in world.workers.values())
    assert ["ready", "ready", "away"] == sorted((w.state for w in world.pool.workers()), reverse=True)


def test_targets_come_home_when_their_worker_is_back() -> None:
    """With the next build, though nobody looked in between."""
    world = World(5, 6, 7)
    home, then, _ = world.order("otsus")
    home.down = True
    assert then.name == world.build("otsus").result().worker
    home.down = False
    time.sleep(1.05)  # until the first check is due

    assert home.name == world.build("otsus").result().worker


def test_a_worker_that_answers_again_gets_builds_that_wait() -> None:
    """It is looked for in the background while others are full."""
    world = World(5, 6, limit=1)
    home, other = world.order("otsus")
    home.down = True
    other.going.clear()
    first = world.build(world.target(home))
    until(lambda: other.tries != [])
    waiting = world.build(world.target(other))
    until(lambda: waiting.placements == [Placement("", "1 of 2 workers is full, 1 is away")])

    home.down = False

    assert home.name == waiting.result().worker
    other.going.set()
    assert other.name == first.result().worker


def test_waits_while_all_are_full() -> None:
    """And goes on as soon as a place is free, where it is at home if it can."""
    world = World(5, 6, limit=1)
    for worker in world.workers.values():
        worker.going.clear()
    targets = {name: world.target(worker) for name, worker in world.workers.items()}
    running = {name: world.build(target) for name, target in targets.items()}
    until(lambda: all(worker.tries for worker in world.workers.values()))
    waiting = world.build("otsus")
    until(lambda: waiting.placements == [Placement("", "all 2 workers are full")])
    home = world.order("otsus")[0]

    home.going.set()

    assert home.name == waiting.result().worker
    assert [Placement("", "all 2 workers are full"), Placement(home.name)] == waiting.placements
    for worker in world.workers.values():
        worker.going.set()
    assert {name: name for name in running} == {name: build.result().worker for name, build in running.items()}


def test_asks_workers_how_they_are_while_a_build_waits() -> None:
    """A frozen one would else be waited for until its own builds find out."""
    world = World(5, limit=1)
    worker = world.workers["10.0.0.5:1234"]
    worker.going.clear()
    running = world.build("a")
    until(lambda: worker.tries == ["a"])
    assert 0 == worker.asked

    waiting = world.build("b")

    until(lambda: worker.asked == 1)
    worker.going.set()
    assert running.result().worker == waiting.result().worker == worker.name


def test_is_cancelled_at_once_while_it_waits() -> None:
    """It leaves no trace: the place that becomes free is for the next one."""
    world = World(5, limit=1)
    worker = world.workers["10.0.0.5:1234"]
    worker.going.clear()
    running = world.build("a")
    until(lambda: worker.tries == ["a"])
    waiting = world.build("b")
    until(lambda: waiting.placements == [Placement("", "the worker is full")] and worker.asked == 1)
    time.sleep(0.2)  # all is quiet by now: nothing but the cancellation can wake it

    began = time.monotonic()
    waiting.cancel.cancel("test")
    with pytest.raises(CancelledError):
        waiting.result()

    assert time.monotonic() - began < 1
    worker.going.set()
    running.result()
    assert (1, ["a"]) == (world.workers["10.0.0.5:1234"].peak, worker.tries)
    assert worker.name == world.build("c").result().worker


def test_does_not_begin_when_cancelled_before() -> None:
    """Nobody is asked for anything."""
    world = World(5)
    cancel = Cancel()
    cancel.cancel()

    with pytest.raises(CancelledError):
        world.build("a", cancel=cancel).result()

    assert [] == world.workers["10.0.0.5:1234"].tries


@pytest.mark.parametrize(
    "error",
    [
        StepFailedError("exited with 1"),
        BuildRefusedError("no such instruction"),
        RegistryUnreachableError("no base"),
        ContextChangedError("x.py changed"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_tries_no_other_worker_where_the_build_itself_failed(error: Exception) -> None:
    """It would fail there as well; the worker is as good as before."""
    world = World(5, 6)
    home, other = world.order("otsus")
    if isinstance(error, EdkError):
        home.fail_build("otsus", error)

    build = world.build("otsus", Context() if isinstance(error, EdkError) else Context(error))
    with pytest.raises(type(error)) as caught:
        build.result()

    assert error is caught.value
    assert [] == other.tries
    assert [("ready", 0), ("ready", 0)] == [(status.state, status.running) for status in world.pool.workers()]


def test_names_every_worker_and_its_cause_when_none_is_left() -> None:
    """Each was tried or asked once."""
    world = World(5, 6, 7)
    for worker in world.workers.values():
        worker.down = True

    with pytest.raises(EngineUnreachableError) as caught:
        world.build("otsus").result()

    causes = "; ".join(f"10.0.0.{n}:1234: 10.0.0.{n}:1234 refuses" for n in (5, 6, 7))
    assert f"none of the 3 workers answers: {causes}" == caught.value.message
    assert {"otsus": 3} == Counter(name for worker in world.workers.values() for name in worker.tries)


def test_tries_who_is_away_before_it_gives_up() -> None:
    """A build that begins just after a worker returned is not lost."""
    world = World(5)
    worker = world.workers["10.0.0.5:1234"]
    worker.down = True
    with pytest.raises(EngineUnreachableError):
        world.build("a").result()
    assert "away" == world.pool.workers()[0].state
    worker.down = False

    assert worker.name == world.build("a").result().worker


def test_a_build_that_takes_workers_down_is_tried_on_each_once() -> None:
    """Though all of them answer again at once: it must not go round for ever."""
    world = World(5, 6, 7)
    for worker in world.workers.values():
        worker.fail_build("poison", *(EngineUnreachableError("out of memory") for _ in range(9)))

    with pytest.raises(EngineUnreachableError, match="out of memory"):
        world.build("poison").result()

    assert [1, 1, 1] == [len(worker.tries) for worker in world.workers.values()]


def test_a_build_that_brings_workers_down_stops_at_the_fifth() -> None:
    """What kills whoever takes it does not go through a large pool; the rest is left alone."""
    world = World(*range(5, 15))
    for worker in world.workers.values():
        worker.fail_build("poison", EngineUnreachableError("out of memory"))

    with pytest.raises(EngineUnreachableError, match="poison was lost on 5 workers"):
        world.build("poison").result()

    assert 5 == sum(len(worker.tries) for worker in world.workers.values())


def test_a_cancelled_build_does_not_go_on_elsewhere() -> None:
    """Also if its worker says that it was lost, as a line that was cut does."""
    world = World(5, 6)
    _home, other = world.order("otsus")
    cancel = Cancel()
    context = Context(EngineUnreachableError("line was cut"))
    context.on_read = lambda: cancel.cancel("files changed")

    with pytest.raises(CancelledError):
        world.build("otsus", context, cancel).result()

    assert ([], ["ready", "ready"]) == (other.tries, [status.state for status in world.pool.workers()])


def test_never_gives_a_worker_more_than_its_limit() -> None:
    """Forty builds at once on three workers, one of which goes away and comes back: each is built, none twice."""
    world = World(5, 6, 7, limit=2, balance=1.5)
    for number in range(40):
        for worker in world.workers.values():
            worker.delay_build(f"image-{number}", 0.02)
    builds = [world.build(f"image-{number}") for number in range(40)]
    flapping = world.workers["10.0.0.6:1234"]
    flapping.down = True
    time.sleep(0.1)
    flapping.down = False

    workers = [build.result().worker for build in builds]

    assert set(world.workers) >= set(workers)
    built = Counter(call.request.name for worker in world.workers.values() for call in worker.builds)
    assert dict.fromkeys((f"image-{number}" for number in range(40)), 1) == built
    assert max(worker.peak for worker in world.workers.values()) <= 2
    assert [0, 0, 0] == [status.running for status in world.pool.workers()]
