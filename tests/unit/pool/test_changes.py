"""What becomes of workers that fail, answer, join and leave."""

from __future__ import annotations

import pytest

from edk.domain.pool import changes
from edk.domain.pool.changes import answered, asked, due, ended, lost, next_check, unanswered, with_members
from edk.domain.pool.model import Lease, Pool, statuses
from edk.domain.pool.placing import hand_out


def busy(builds: int = 1, limit: int = 4) -> tuple[Pool, list[Lease]]:
    """Return a pool of one worker with some builds."""
    pool = with_members(Pool(), {"a": limit})
    leases: list[Lease] = []
    for number in range(builds):
        pool, _ = asked(pool, f"image-{number}")
        pool, handed = hand_out(pool)
        leases += handed
    assert builds == len(leases)
    return pool, leases


def test_a_lost_build_takes_its_worker_out_until_it_answers() -> None:
    """Time alone brings nobody back."""
    pool, (lease,) = busy()

    pool = lost(pool, lease, 100.0, "connection reset")

    assert [("a", "away", 0, "connection reset")] == [(s.name, s.state, s.running, s.error) for s in statuses(pool)]
    assert () == due(pool, 100.9)
    assert ("a",) == due(pool, 101.0)
    back = answered(pool, "a", 101.2)
    assert [("a", "ready", "")] == [(s.name, s.state, s.error) for s in statuses(back)]


def test_builds_lost_at_once_are_one_failure() -> None:
    """A worker with three builds goes away once."""
    pool, leases = busy(3)
    for lease in leases:
        pool = lost(pool, lease, 100.0, "gone")

    assert (1, 0) == (pool.workers["a"].strikes, pool.workers["a"].running)


def test_a_failure_told_late_does_not_count_against_who_is_back() -> None:
    """Only the place is given back."""
    pool, (early, late) = busy(2)
    pool = answered(lost(pool, early, 100.0, "gone"), "a", 102.0)

    pool = lost(pool, late, 103.0, "stalled")

    assert (False, 0, 1) == (pool.workers["a"].away, pool.workers["a"].running, pool.workers["a"].strikes)


def test_who_loses_every_build_is_out_for_longer_and_longer() -> None:
    """Also if it answers in between; until a build comes to an end there."""
    pool, _ = busy(0)
    pauses = []
    for _ in range(8):
        pool, _ticket = asked(pool, "x")
        pool, (lease,) = hand_out(pool)
        pool = lost(pool, lease, 0.0, "gone")
        pauses.append(pool.workers["a"].check_at)
        pool = answered(pool, "a", 0.0)
    pool, _ticket = asked(pool, "x")
    pool, (lease,) = hand_out(pool)
    pool = ended(pool, lease, worked=True)

    assert [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] == pauses
    assert 0 == pool.workers["a"].strikes


def test_who_does_not_answer_is_asked_ever_more_seldom_but_not_too_seldom() -> None:
    """It is back within ten seconds, whenever that is."""
    pool, _ = busy(0)
    pauses = []
    for _ in range(6):
        pool = unanswered(pool, "a", 100.0, "slow")
        pauses.append(pool.workers["a"].check_at - 100.0)

    assert [0.5, 1.0, 2.0, 4.0, 5.0, 5.0] == pauses
    assert max(pauses) <= changes.LONGEST_PAUSE < 10


def test_asks_who_is_there_only_while_builds_wait() -> None:
    """Nobody is bothered without need."""
    pool, _ = busy(1, limit=1)
    waiting, _ticket = asked(pool, "x")

    assert () == due(pool, 1e9)
    assert next_check(pool, 0.0) is None
    assert ("a",) == due(waiting, 0.0)
    assert 7.0 + changes.CHECK_EVERY == next_check(answered(waiting, "a", 7.0), 7.0)


def test_what_runs_on_a_worker_that_leaves_counts_no_more() -> None:
    """Also if it is there again when the build ends."""
    pool, (lease,) = busy()
    gone = with_members(pool, {"b": 1})
    again = with_members(gone, {"a": 4, "b": 1})

    assert ["b"] == list(gone.workers)
    for after in (ended(again, lease, worked=True), lost(again, lease, 0.0, "gone")):
        assert (0, False) == (after.workers["a"].running, after.workers["a"].away)
    assert gone == ended(gone, lease, worked=True)
    assert gone == lost(gone, lease, 0.0, "gone")


def test_who_stays_keeps_what_is_known_of_it() -> None:
    """An answer of the same members changes nothing at all."""
    pool, _ = busy()

    assert pool is with_members(pool, {"a": 4})
    assert 1 == with_members(pool, {"a": 2, "b": 2}).workers["a"].running


@pytest.mark.parametrize("change", [answered, lambda pool, name, now: unanswered(pool, name, now, "slow")])
def test_hears_of_who_left(change: object) -> None:
    """A check that ends after its worker left changes nothing."""
    pool, _ = busy()

    assert pool == change(pool, "z", 0.0)  # type: ignore[operator]
