"""Who gets a place, and where: its first choice if that has room, else the next that has.

No place is left empty while a build waits that may have it, so the pool is as fast as so many places can be. The most
urgent get one first, and of these who is at home where a place becomes free: its cache is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from edk.domain.pool.hashing import first
from edk.domain.pool.model import Asked, Lease, Pool, Worker


def share(pool: Pool, limit: int) -> int:
    """Return how many builds a worker of this limit may have now, with the next one counted in.

    That is its limit, or `Pool.balance` times its part of all builds if that is less.
    """
    return min(limit, math.ceil(pool.balance * (pool.running + 1) * limit / max(1, pool.places)))


def hand_out(pool: Pool) -> tuple[Pool, tuple[Lease, ...]]:
    """Give places to builds that wait, as long as there are some; return the leases too."""
    leases: list[Lease] = []
    while pool.waiting:
        chosen = _next(pool) if pool.running < pool.places else None
        if chosen is None:
            break
        asked, worker = chosen
        lease = Lease(asked.ticket, worker.name, worker.membership, worker.term, _reason(pool, asked, worker))
        leases.append(lease)
        waiting = tuple(other for other in pool.waiting if other is not asked)
        pool = replace(pool.put(replace(worker, running=worker.running + 1)), waiting=waiting)
    return pool, tuple(leases)


def left_for(pool: Pool, ticket: int) -> bool:
    """Whether there is a worker that a waiting build may still go to, be it full."""
    return any(asked.home for asked in pool.waiting if asked.ticket == ticket)


def why_it_waits(pool: Pool, ticket: int) -> str:
    """Return what a build without a place waits for."""
    tried = next((asked.tried for asked in pool.waiting if asked.ticket == ticket), frozenset())
    count = len(pool.workers)
    out = sum(worker.away or name in tried for name, worker in pool.workers.items())
    if not out:
        return f"all {count} workers are full" if count > 1 else "the worker is full"
    are = "is" if count - out == 1 else "are"
    return f"{count - out} of {count} workers {are} full, {out} {'is' if out == 1 else 'are'} away"


def homes(pool: Pool, changed: Iterable[str]) -> Pool:
    """Return a pool in which those that wait know their first choices again, after some workers changed."""
    if not pool.waiting:
        return pool
    names = frozenset(changed)
    new = [pool.workers[name] for name in names if name in pool.workers and not pool.workers[name].away]
    return replace(pool, waiting=tuple(_housed(pool, asked, names, new) for asked in pool.waiting))


def home_of(pool: Pool, asked: Asked) -> str:
    """Return the first choice of a build of those that are there and that it has not tried; empty if there is none."""
    found = first(asked.seed, (w for w in pool.workers.values() if not w.away and w.name not in asked.tried))
    return found.name if found else ""


def _housed(pool: Pool, asked: Asked, changed: frozenset[str], new: list[Worker]) -> Asked:
    if not asked.home or asked.home in changed:
        return replace(asked, home=home_of(pool, asked))
    # Only one that is new can be better than the one that it has: that keeps 1,000 workers quick.
    rivals = [w for w in new if w.name not in asked.tried]
    best = first(asked.seed, (pool.workers[asked.home], *rivals))
    return replace(asked, home=best.name) if best is not None and best.name != asked.home else asked


def _next(pool: Pool) -> tuple[Asked, Worker] | None:
    """Return who gets the next place, and where; None if nobody can."""
    spare = [worker for worker in pool.workers.values() if worker.running < worker.limit and not worker.away]
    shares = {limit: share(pool, limit) for limit in {worker.limit for worker in spare}}
    free = {worker.name: worker for worker in spare if worker.running < shares[worker.limit]}
    for _, group in groupby(pool.waiting, lambda asked: asked.urgency):
        equals = tuple(group)
        for asked in equals:
            if asked.home in free:
                return asked, free[asked.home]
        for asked in equals:
            best = first(asked.seed, (w for w in free.values() if w.name not in asked.tried))
            if best is not None:
                return asked, best
    return None


def _reason(pool: Pool, asked: Asked, worker: Worker) -> str:
    if asked.home == worker.name and not asked.tried and not pool.away:
        return ""
    wanted = first(asked.seed, pool.workers.values())
    if wanted is None or wanted.name == worker.name:
        return ""
    if wanted.away or wanted.name in asked.tried:
        return f"{wanted.name} is away"
    if wanted.running >= wanted.limit:
        return f"{wanted.name} is full"
    return f"{wanted.name} has more to do than others"
