"""When a watcher counts as alive, and as ready."""

from __future__ import annotations

from edk.domain.errors import EngineUnreachableError, RegistryUnreachableError
from edk.domain.health import Beat, Readiness
from edk.orchestrator.health import FIRST_PLAN_SECONDS, WatchHealth


class World:
    """A clock, an inbox that somebody has to empty, and an engine and a registry that may be away."""

    def __init__(self) -> None:
        self.now = 100.0
        self.inbox: list[Beat] = []
        self.away: dict[str, Exception] = {}
        self.health = WatchHealth(
            self.inbox.append, lambda: self.now, lambda: self.ask("engine"), lambda: self.ask("registry"), 60.0
        )

    def ask(self, what: str) -> None:
        """Answer, or be away."""
        if what in self.away:
            raise self.away[what]

    def turn(self) -> None:
        """Be the loop, and take what is there."""
        while self.inbox:
            self.inbox.pop().take()

    def pass_time(self, seconds: float) -> None:
        """Let time go by, and the heart beat once."""
        self.now += seconds
        self.health.beat()


def test_lives_while_its_loop_turns() -> None:
    """Each turn counts, however long it runs."""
    world = World()
    world.health.planned()
    for _ in range(10):
        world.pass_time(50)
        world.turn()
        assert "" == world.health.hangs


def test_hangs_when_its_loop_stands_still() -> None:
    """The reason says for how long; with the next turn it is well, and one beat waits however long it took."""
    world = World()
    world.health.planned()
    for _ in range(7):
        world.pass_time(10)

    assert "the loop has not turned for 70 s" == world.health.hangs
    assert 1 == len(world.inbox)

    world.turn()
    assert "" == world.health.hangs


def test_the_first_plan_may_take_long() -> None:
    """Before it the loop does not turn; but it may not take for ever."""
    world = World()
    world.pass_time(FIRST_PLAN_SECONDS)
    assert "" == world.health.hangs

    world.pass_time(1)
    assert "the first plan has not been made for 901 s" == world.health.hangs

    world.health.planned()
    assert "" == world.health.hangs


def test_ready_when_all_is_there() -> None:
    """Plan, engine and registry; what is away is named, by its role alone."""
    world = World()
    assert Readiness("not made yet", "not asked yet", "not asked yet") == world.health.readiness
    assert not world.health.readiness.ready

    world.health.look()
    assert Readiness("not made yet", "ok", "ok") == world.health.readiness
    world.health.planned()
    assert world.health.readiness.ready

    world.away = {"engine": EngineUnreachableError("tcp://10.0.0.1 is away"), "registry": RegistryUnreachableError("x")}
    world.health.look()
    expected = {"schema": "edk.ready/v1", "ready": False, "plan": "made", "engine": "away", "registry": "away"}
    assert expected == world.health.readiness.as_json()

    world.away = {}
    world.health.look()
    assert world.health.readiness.ready
