"""Who gets a place, where, and why there."""

from __future__ import annotations

from edk.domain.pool.changes import asked, ended, lost, unanswered, with_members, withdrawn
from edk.domain.pool.hashing import order
from edk.domain.pool.model import Lease, Pool, Worker
from edk.domain.pool.placing import hand_out, left_for, why_it_waits

FREE = 100.0
"""A balance by which limits alone count."""


def pool_of(*names: str, limit: int = 2, balance: float = FREE) -> Pool:
    return with_members(Pool(balance=balance), dict.fromkeys(names, limit))


def prefers(pool: Pool, *names: str) -> str:
    """Return a target whose order begins with these workers."""
    targets = (f"image-{number}" for number in range(10_000))
    return next(t for t in targets if [w.name for w in order(t, pool.workers.values())][: len(names)] == list(names))


def place(pool: Pool, target: str, *tried: str) -> tuple[Pool, Lease]:
    pool, _ = asked(pool, target, frozenset(tried))
    pool, (lease,) = hand_out(pool)
    return pool, lease


def test_gives_a_target_its_first_choice_again_and_again() -> None:
    """What was built there finds its cache there."""
    pool = pool_of("a", "b", "c")
    target = prefers(pool, "b")
    for _ in range(3):
        pool, lease = place(pool, target)
        pool = ended(pool, lease, worked=True)

        assert ("b", "") == (lease.worker, lease.reason)


def test_goes_on_to_the_next_in_its_order_where_one_is_full() -> None:
    """Each target has its own next one, and is told why it is not at home."""
    pool = pool_of("a", "b", "c", limit=1)
    target = prefers(pool, "b", "c", "a")

    leases = []
    for _ in range(3):
        pool, lease = place(pool, target)
        leases.append((lease.worker, lease.reason))

    assert [("b", ""), ("c", "b is full"), ("a", "b is full")] == leases


def test_waits_where_all_are_full() -> None:
    """Nobody gets more than its limit; it says so."""
    pool = pool_of("a", "b", limit=1)
    for _ in range(2):
        pool, _lease = place(pool, "x")
    pool, ticket = asked(pool, "x")
    pool, leases = hand_out(pool)

    assert () == leases
    assert left_for(pool, ticket)
    assert "all 2 workers are full" == why_it_waits(pool, ticket)
    assert "1 of 2 workers is full, 1 is away" == why_it_waits(unanswered(pool, "a", 0.0, "slow"), ticket)


def test_gives_a_free_place_first_to_who_is_at_home_there() -> None:
    """Also if others wait for longer; of these the first gets it if nobody is at home there."""
    pool = pool_of("a", "b", limit=1)
    pool, on_a = place(pool, prefers(pool, "a"))
    pool, on_b = place(pool, prefers(pool, "b"))
    pool, stranger = asked(pool, prefers(pool, "b"))
    pool, native = asked(pool, prefers(pool, "a"))

    pool, (first,) = hand_out(ended(pool, on_a, worked=True))
    pool, (second,) = hand_out(ended(pool, first, worked=True))

    assert (native, "a", "") == (first.ticket, first.worker, first.reason)
    assert (stranger, "a", "b is full") == (second.ticket, second.worker, second.reason)
    assert "b" == on_b.worker


def test_gives_a_free_place_first_to_the_most_urgent() -> None:
    """Though another one, which asked before, is at home there: all that stands on it waits for it."""
    pool = pool_of("a", "b", limit=1)
    pool, on_a = place(pool, prefers(pool, "a"))
    pool, _on_b = place(pool, prefers(pool, "b"))
    pool, _native = asked(pool, prefers(pool, "a"), urgency=1.0)
    pool, urgent = asked(pool, prefers(pool, "b"), urgency=2.0)

    pool, (lease,) = hand_out(ended(pool, on_a, worked=True))

    assert (urgent, "a") == (lease.ticket, lease.worker)


def test_no_worker_has_far_more_than_the_others() -> None:
    """A target leaves its first choice, although that has room, where others have far less to do."""
    pool = pool_of("a", "b", "c", "d", limit=4, balance=1.5)
    target = prefers(pool, "a", "b")

    leases = []
    for _ in range(3):
        pool, lease = place(pool, target)
        leases.append((lease.worker, lease.reason))

    assert [("a", ""), ("b", "a has more to do than others")] == leases[:2]


def test_gives_a_lost_build_to_another_worker() -> None:
    """Even where the one that it was lost on is back by then."""
    pool = pool_of("a", "b")
    target = prefers(pool, "a")

    pool, lease = place(pool, target, "a")

    assert ("b", "a is away") == (lease.worker, lease.reason)


def test_a_lost_build_does_not_queue_up_again() -> None:
    """It had its turn already."""
    pool = pool_of("a", "b", limit=1)
    pool, on_a = place(pool, prefers(pool, "a"))
    pool, on_b = place(pool, prefers(pool, "b"))
    pool, _later = asked(pool, prefers(pool, "a"))
    pool, ticket = asked(lost(pool, on_a, 0.0, "gone"), prefers(pool, "a"), frozenset({"a"}))

    pool, (lease,) = hand_out(ended(pool, on_b, worked=True))

    assert (ticket, "b", "a is away") == (lease.ticket, lease.worker, lease.reason)


def test_nobody_is_left_where_all_are_away_or_tried() -> None:
    """A build that could wait for ever is told so; it does not stand in the way of others."""
    pool = pool_of("a", "b")
    pool = unanswered(pool, "a", 0.0, "slow")
    pool, hopeless = asked(pool, "x", frozenset({"b"}))
    pool, leases = hand_out(pool)

    assert () == leases
    assert not left_for(pool, hopeless)
    assert "b" == place(pool, "y")[1].worker
    assert () == withdrawn(pool, hopeless).waiting


def test_who_waits_knows_who_is_there() -> None:
    """A worker that goes away is nobody's home any more, and one that joins is for those that prefer it."""
    pool = pool_of("a", "b", limit=1)
    pool, on_a = place(pool, prefers(pool, "a"))
    pool, _on_b = place(pool, prefers(pool, "b"))
    target = prefers(pool, "a")
    pool, ticket = asked(pool, target)

    pool = lost(pool, on_a, 0.0, "gone")

    assert "b" == pool.waiting[0].home
    assert left_for(pool, ticket)
    more = with_members(pool, dict.fromkeys(("b", "c"), 1))
    assert ["c"] == [lease.worker for lease in hand_out(more)[1]]


def test_a_worker_of_another_limit_has_its_share_of_it() -> None:
    """The average is one of places, not of machines."""
    pool = with_members(Pool(balance=1.0), {"big": 6, "small": 2})
    for number in range(4):
        pool, _lease = place(pool, f"image-{number}")

    assert {"big": 3, "small": 1} == {name: w.running for name, w in pool.workers.items()}
    assert isinstance(pool.workers["big"], Worker)
