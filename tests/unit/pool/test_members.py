"""Who is in the pool and how they are; pushing from who built."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.pool import BuilderPool
from edk.adapters.pool.desk import Desk
from edk.adapters.pool.membership import Membership
from edk.domain.errors import (
    EngineUnreachableError,
    UsageError,
)
from edk.domain.pool.model import Pool, WorkerAddress
from edk.domain.requests import BuiltImage
from tests.fakes.worker import FakeWorker
from tests.unit.pool.worlds import World, until


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
    assert (2, 4) == (world.pool.capacity, world.pool.places())


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

    assert ("BuildKit", "10.0.0.5:1234, 10.0.0.7:1234") == (info.name, info.endpoint)
    assert ("10.0.0.6:1234",) == info.away
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
    assert (home.name,) == info.away
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


def test_what_is_wrong_here_is_no_fault_of_workers() -> None:
    """Where the program is missing that asks them, that is told with what to do about it."""
    world = World(5, 6)
    missing = UsageError("there is no buildctl", "install it")
    for worker in world.workers.values():
        worker.fail_describe(missing)

    with pytest.raises(UsageError) as caught:
        world.pool.describe()

    assert missing is caught.value
    assert "10.0.0.5:1234, 10.0.0.6:1234" == world.pool.describe().endpoint


def test_nobody_is_asked_while_all_is_well() -> None:
    """Builds alone say how the workers are."""
    world = World(5, 6)
    for number in range(5):
        world.build(f"image-{number}").result()

    assert [0, 0] == [worker.asked for worker in world.workers.values()]


def test_a_worker_that_joins_can_be_built_on_at_once() -> None:
    """The desk may hand it out to a build that waits while it is still being told of it."""
    built_on = []

    class WatchedDesk(Desk):
        def change(self, step: Callable[[Pool], Pool]) -> None:
            super().change(step)
            built_on.extend(name for name in self.pool.workers if members.builder(name) is not None)

    there = [WorkerAddress("tcp://new:1")]
    members = Membership(lambda address: FakeWorker(address.name), lambda: there, 1, WatchedDesk(1.5))

    members.refresh(5)

    assert ["new:1"] == built_on
