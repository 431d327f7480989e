"""One builder made of several: no build is lost while a worker is left."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.pool import BuilderPool
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.pool.model import WorkerAddress
from edk.domain.requests import BuiltImage, Placement
from tests.fakes.worker import FakeWorker
from tests.unit.pool.worlds import Context, World, until


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Whatever a test does, all threads end by themselves within the time of a check."""
    before = set(threading.enumerate())
    yield
    until(lambda: set(threading.enumerate()) <= before)


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


def test_is_cancelled_at_once_while_it_waits() -> None:
    """It leaves no trace: the place that becomes free is for the next one."""
    world = World(5, limit=1)
    worker = world.workers["10.0.0.5:1234"]
    worker.going.clear()
    running = world.build("a")
    until(lambda: worker.tries == ["a"])
    waiting = world.build("b")
    until(lambda: waiting.placements == [Placement("", "the worker is full")])

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


def test_a_cancelled_build_does_not_go_on_elsewhere() -> None:
    """Also if its worker says that it was lost, as a line that was cut does."""
    world = World(5, 6)
    home, other = world.order("otsus")
    cancel = Cancel()
    cutting = EngineUnreachableError("line was cut")
    home.fail_build("otsus", cutting)
    context = Context()
    context.on_read = lambda: cancel.cancel("files changed")

    with pytest.raises(CancelledError):
        world.build("otsus", context, cancel).result()

    assert ([], "ready") == (other.tries, world.pool.workers()[0].state)


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


def test_pushes_from_the_worker_that_built() -> None:
    """Also if that has left since."""
    world = World(5, 6)
    image = world.build("otsus").result()
    builder = world.workers[image.worker]
    world.names.remove(image.worker)
    world.forget_time()

    digest = world.pool.push(image, "localhost/otsus:1", lambda _: None, Cancel())

    assert digest
    assert ["localhost/otsus:1"] == [push.ref for push in builder.pushes]
    assert 1 == len(world.pool.workers())


def test_can_push_nothing_of_a_worker_that_it_never_knew() -> None:
    """It says whose it was."""
    with pytest.raises(EngineUnreachableError, match=r"10\.9\.9\.9:1"):
        World(5).pool.push(BuiltImage("sha256:x", 1, 0, worker="10.9.9.9:1"), "x/y:1", lambda _: None, Cancel())


def test_a_push_that_loses_its_worker_says_so_to_the_pool() -> None:
    """The next build goes elsewhere."""
    world = World(5, 6)
    image = world.build("otsus").result()
    world.workers[image.worker].fail_push("localhost/otsus:1", EngineUnreachableError("gone"))

    with pytest.raises(EngineUnreachableError):
        world.pool.push(image, "localhost/otsus:1", lambda _: None, Cancel())

    assert {"gone", ""} == {status.error for status in world.pool.workers()}


def test_takes_in_who_joins_and_gives_nothing_to_who_left() -> None:
    """Members are asked for again as builds go on."""
    world = World(5, limit=1)
    assert 1 == world.pool.capacity
    world.names = ["10.0.0.6:1234", "10.0.0.7:1234"]
    world.forget_time()

    workers = {world.build(f"image-{number}").result().worker for number in range(12)}

    assert {"10.0.0.6:1234", "10.0.0.7:1234"} == workers
    assert (2, 4) == (world.pool.capacity, world.pool.jobs)


def test_goes_on_with_who_is_known_where_nobody_says_who_is_there() -> None:
    """An answer that fails takes nobody away; that there never was one is an error with its cause."""
    world = World(5)
    world.build("a").result()
    world.look_up_error = OSError("no name server")
    world.forget_time()

    assert "10.0.0.5:1234" == world.build("b").result().worker
    fresh = BuilderPool(lambda _: FakeWorker("x"), world._addresses)
    with pytest.raises(EngineUnreachableError, match="no worker is known to build on: no name server"):
        fresh.describe()
    world.look_up_error, world.names = None, []
    with pytest.raises(EngineUnreachableError, match="no worker is known"):
        BuilderPool(lambda _: FakeWorker("x"), world._addresses).build(*world.arguments("a"))


def test_describes_all_of_them() -> None:
    """Who is away is named, and known from then on."""
    world = World(5, 6, 7)
    world.workers["10.0.0.6:1234"].down = True

    info = world.pool.describe()

    assert ("BuildKit", "10.0.0.5:1234, 10.0.0.7:1234 (away: 10.0.0.6:1234)") == (info.name, info.endpoint)
    assert ("1.0", "linux/amd64", True) == (info.version, info.platform, info.buildkit)
    assert ["ready", "away", "ready"] == [status.state for status in world.pool.workers()]


def test_describes_within_five_seconds_where_one_hangs() -> None:
    """Who is slow counts as away, gets nothing, and is back when it answers."""
    world = World(5, 6)
    home, _ = world.order("otsus")
    home.answering.clear()
    began = time.monotonic()

    info = world.pool.describe()

    assert time.monotonic() - began < 5
    assert info.endpoint.endswith(f"(away: {home.name})")
    assert home.name != world.build("otsus").result().worker
    home.answering.set()
    until(lambda: all(status.state == "ready" for status in world.pool.workers()))
    assert home.name == world.build("otsus").result().worker


def test_says_within_five_seconds_that_nobody_answers() -> None:
    """Be they slow or gone; each with its cause."""
    world = World(5, 6)
    world.workers["10.0.0.5:1234"].answering.clear()
    world.workers["10.0.0.6:1234"].down = True
    began = time.monotonic()

    with pytest.raises(EngineUnreachableError) as caught:
        world.pool.describe()

    assert time.monotonic() - began < 5
    assert "10.0.0.6:1234 refuses" in caught.value.message
    assert "10.0.0.5:1234: " in caught.value.message


def test_a_worker_that_can_not_be_made_is_none() -> None:
    """Its cause is told as that of one that is away."""

    def make(address: WorkerAddress) -> FakeWorker:
        raise EngineUnreachableError(f"no certificate for {address.name}")

    with pytest.raises(EngineUnreachableError, match="no certificate for b:1"):
        BuilderPool(make, lambda: [WorkerAddress("tcp://b:1")]).describe()


def test_nobody_is_asked_while_all_is_well() -> None:
    """Builds alone say how the workers are."""
    world = World(5, 6)
    for number in range(5):
        world.build(f"image-{number}").result()

    assert [0, 0] == [worker.asked for worker in world.workers.values()]
