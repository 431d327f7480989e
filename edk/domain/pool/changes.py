"""What happens to a pool, one function each: a pool in, a pool out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

from edk.domain.pool.hashing import seed_of
from edk.domain.pool.model import Asked, Lease, Pool, Worker
from edk.domain.pool.placing import home_of, homes

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
"""Between two checks of one that does not answer: back within ten seconds, whenever it comes back."""
FIRST_BAN = 1.0
LONGEST_BAN = 60.0
"""For one that answers checks, but loses its builds."""
CHECK_EVERY = 5.0
"""Of those that are there, while builds wait."""


def with_members(pool: Pool, limits: Mapping[str, int]) -> Pool:
    """Return the pool with just these workers, name → builds at once.

    Who stays keeps what is known of it. What runs on one that leaves counts no more, also if it comes back.
    """
    number = pool.next_number
    workers: dict[str, Worker] = {}
    changed = [name for name in pool.workers if name not in limits]
    for name, limit in limits.items():
        old = pool.workers.get(name)
        if old is None:
            workers[name] = Worker(name, max(1, limit), seed_of(name), number)
            number += 1
        else:
            workers[name] = replace(old, limit=max(1, limit))
        if old is None or old.limit != workers[name].limit:
            changed.append(name)
    if not changed:
        return pool
    return homes(replace(pool.having(workers), next_number=number), changed)


def asked(
    pool: Pool, target: str, tried: frozenset[str] = frozenset(), urgency: float = 0.0
) -> tuple[Pool, int]:
    """Return the pool with a build of a target waiting, and its ticket; for the rest see `Asked`."""
    new = Asked(pool.next_number, target, seed_of(target), tried, urgency)
    new = replace(new, home=home_of(pool, new))
    at = bisect_right(pool.waiting, _turn(new), key=_turn)
    waiting = (*pool.waiting[:at], new, *pool.waiting[at:])
    return replace(pool, waiting=waiting, next_number=new.ticket + 1), new.ticket


def withdrawn(pool: Pool, ticket: int) -> Pool:
    """Return the pool without a build that waits no more; it may not have waited at all."""
    return replace(pool, waiting=tuple(one for one in pool.waiting if one.ticket != ticket))


def ended(pool: Pool, lease: Lease, *, worked: bool) -> Pool:
    """Return the pool after a build gave its place back; `worked` if that showed that its worker can build."""
    worker = pool.workers.get(lease.worker)
    if worker is None or worker.membership != lease.membership:
        return pool
    strikes = 0 if worked and worker.term == lease.term else worker.strikes
    return pool.put(replace(worker, running=worker.running - 1, strikes=strikes))


def lost(pool: Pool, lease: Lease, now: float, error: str) -> Pool:
    """Return the pool after a worker did not answer any more in the middle of a build, or at its beginning.

    Several builds that were lost at once are one failure of their worker, and one that is told late, when the worker
    went away and is back already, none at all.
    """
    pool = ended(pool, lease, worked=False)
    worker = pool.workers.get(lease.worker)
    if worker is None or worker.membership != lease.membership or worker.term != lease.term or worker.away:
        return pool
    pause = _grown(FIRST_BAN, worker.strikes, LONGEST_BAN)
    gone = replace(worker, away=True, term=worker.term + 1, strikes=worker.strikes + 1, misses=0)
    return homes(pool.put(replace(gone, check_at=now + pause, error=error)), (worker.name,))


def answered(pool: Pool, name: str, now: float) -> Pool:
    """Return the pool after a worker answered a check: if it was away it is back, and its targets are its own again."""
    worker = pool.workers.get(name)
    if worker is None:
        return pool
    back = replace(worker, away=False, misses=0, check_at=now + CHECK_EVERY, error="")
    return homes(pool.put(back), (name,)) if worker.away else pool.put(back)


def unanswered(pool: Pool, name: str, now: float, error: str) -> Pool:
    """Return the pool after a worker failed a check, or was too slow for it: it is away, or still is."""
    worker = pool.workers.get(name)
    if worker is None:
        return pool
    check_at = max(worker.check_at, now + _grown(FIRST_PAUSE, worker.misses, LONGEST_PAUSE))
    gone = replace(worker, away=True, misses=worker.misses + 1, check_at=check_at, error=error)
    if worker.away:
        return pool.put(gone)
    return homes(pool.put(replace(gone, term=worker.term + 1)), (name,))


def due(pool: Pool, now: float) -> tuple[str, ...]:
    """Return who is to be asked now how it is: who is away, and everybody while builds wait."""
    return tuple(
        name for name, w in pool.workers.items() if w.check_at <= now and (w.away or pool.waiting)
    )


def next_check(pool: Pool, now: float) -> float | None:
    """Return when somebody is to be asked who is not due yet, in monotonic seconds; None if nobody is."""
    times = (w.check_at for w in pool.workers.values() if w.away or pool.waiting)
    return min((time for time in times if time > now), default=None)


def _turn(asked: Asked) -> tuple[float, bool]:
    """Return what builds are sorted by: one that was lost has waited for longer than all that never had a place."""
    return -asked.urgency, not asked.tried


def _grown(first: float, times: int, longest: float) -> float:
    return float(min(longest, first * 2 ** min(times, 16)))
