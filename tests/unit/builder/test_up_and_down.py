"""Bringing a daemon up and down, with one in memory and virtual time."""

from __future__ import annotations

import pytest

from edk.adapters.locks import FileLocks
from edk.domain.buildkitd import CacheBounds, Wanted
from edk.domain.errors import EngineUnreachableError
from edk.orchestrator.builder_daemon import LOCK, START_SECONDS, bring_up, take_down
from tests.fakes.builder_daemon import ADDRESS, FakeBuilderDaemon
from tests.fakes.clock import FakeClock

WANTED = Wanted(4, CacheBounds.of(20_000_000_000), ("localhost:32000",))


@pytest.fixture
def locks(tmp_path):
    """Real locks, in a folder of the test's own."""
    return FileLocks(str(tmp_path), "edk builder up")


def test_starts_one_and_announces_it_when_it_answers(locks) -> None:
    """Not before: a build would find nobody there."""
    daemon = FakeBuilderDaemon(slow=3)
    seen: list[list[str]] = []
    daemon.on_state = lambda: seen.append(list(daemon.announced))

    raised = bring_up(daemon, locks, FakeClock(), WANTED)

    assert (True, 77, True, ()) == (raised.started, raised.state.pid, raised.state.answers, raised.differs)
    assert [ADDRESS] == daemon.announced
    assert [[]] * 5 == seen
    assert ["clear", "start"] == daemon.done
    assert ("localhost:32000",) == daemon.config_used.registries


def test_one_that_runs_is_left_alone(locks) -> None:
    """A second up starts nothing, and says in what the daemon differs from what is wanted."""
    daemon = FakeBuilderDaemon(pid=5)

    raised = bring_up(daemon, locks, FakeClock(), Wanted(2, CacheBounds.of(60_000_000), ()))

    assert (False, 5, []) == (raised.started, raised.state.pid, daemon.done)
    assert 2 == len(raised.differs)
    assert bring_up(daemon, locks, FakeClock(), WANTED).differs == ()


def test_remains_go_before_a_new_one_comes(locks) -> None:
    """Steps of a killed daemon must not write on beside it."""
    raised = bring_up(FakeBuilderDaemon(remains=2), locks, FakeClock(), WANTED)

    assert 2 == raised.cleared


def test_one_that_ends_at_once_is_an_error_with_its_log(locks) -> None:
    """Nothing is announced."""
    daemon = FakeBuilderDaemon(dies=True)

    with pytest.raises(EngineUnreachableError, match="ended at once") as error:
        bring_up(daemon, locks, FakeClock(), WANTED)

    assert "could not lock data" in error.value.hint
    assert [] == daemon.announced


def test_one_that_never_answers_is_given_up(locks) -> None:
    """After the time for it; it is ended, since it was started just now."""
    daemon, clock = FakeBuilderDaemon(slow=10_000), FakeClock()

    with pytest.raises(EngineUnreachableError, match="does not answer"):
        bring_up(daemon, locks, clock, WANTED)

    assert START_SECONDS < clock.monotonic() < START_SECONDS + 2
    assert ["clear", "start", "stop"] == daemon.done


def test_one_that_hangs_is_not_ended_by_up(locks) -> None:
    """Builds may wait in it; whoever asks may end it."""
    daemon = FakeBuilderDaemon(pid=5, slow=10_000)

    with pytest.raises(EngineUnreachableError, match="process 5") as error:
        bring_up(daemon, locks, FakeClock(), WANTED)

    assert "edk builder down" in error.value.hint
    assert [] == daemon.done


@pytest.mark.parametrize(
    "act",
    [
        lambda daemon, locks: bring_up(daemon, locks, FakeClock(), WANTED),
        lambda daemon, locks: take_down(daemon, locks, FakeClock(), data=True),
    ],
    ids=["up", "down"],
)
def test_a_process_that_is_not_on_record_is_never_ended(locks, act) -> None:
    """Nor are its steps taken for remains."""
    daemon = FakeBuilderDaemon(foreign=9)

    with pytest.raises(EngineUnreachableError, match="process 9") as error:
        act(daemon, locks)

    assert "kill 9" in error.value.hint
    assert not {"start", "clear", "remove"} & set(daemon.done)


@pytest.mark.parametrize("data", [False, True])
def test_down_ends_it_and_its_remains(locks, data) -> None:
    """First nobody finds it any more; the cache goes only if asked for, and last."""
    daemon = FakeBuilderDaemon(pid=5, remains=1)

    lowered = take_down(daemon, locks, FakeClock(), data=data)

    assert (5, 1) == (lowered.pid, lowered.cleared)
    assert [""] == daemon.announced
    assert ["stop", "clear", *(["remove"] if data else [])] == daemon.done


def test_down_without_a_daemon_still_clears(locks) -> None:
    """A killed one leaves steps behind."""
    assert (0, 3) == (
        (lowered := take_down(FakeBuilderDaemon(remains=3), locks, FakeClock(), data=False)).pid,
        lowered.cleared,
    )


def test_only_one_at_a_time(locks, tmp_path) -> None:
    """Who comes second waits, and says for whom it waited in vain."""
    held = FileLocks(str(tmp_path), "edk builder down").try_acquire(LOCK)
    assert held is not None

    with pytest.raises(EngineUnreachableError, match="edk builder down"):
        bring_up(FakeBuilderDaemon(), locks, FakeClock(), WANTED)
    held.release()

    assert bring_up(FakeBuilderDaemon(), locks, FakeClock(), WANTED).started
