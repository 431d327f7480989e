"""Rendezvous hashing: every target has an order of all workers of its own, whoever else is there.

So a worker that leaves loses its own targets only, each to another one, and gets just these back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from edk.domain.pool.model import Worker

_MASK = (1 << 64) - 1
_UNIT = 2.0**-52


def seed_of(name: str) -> int:
    """Return 64 bits of a name, the same in every process and version."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")


def score(target: int, worker: int, limit: int) -> float:
    """Return how much a target tends to a worker, by the seeds of both; twice the limit gets twice the targets."""
    # The finalizer of splitmix64: two multiplications are a tenth of what a digest of both names would cost.
    mixed = target ^ worker
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    mixed ^= mixed >> 31
    # 52 bits and a half fit a float, so the logarithm is never zero.
    return -limit / math.log(((mixed >> 12) + 0.5) * _UNIT)


def first(target: int, workers: Iterable[Worker]) -> Worker | None:
    """Return the first of some workers in the order of a target, None if there are none."""
    best, most = None, 0.0
    for worker in workers:
        now = score(target, worker.seed, worker.limit)
        if best is None or now > most or (now == most and worker.name > best.name):
            best, most = worker, now
    return best


def order(target: str, workers: Iterable[Worker]) -> tuple[Worker, ...]:
    """Return workers in the order of a target, its first choice first."""
    seed = seed_of(target)
    return tuple(sorted(workers, key=lambda w: (score(seed, w.seed, w.limit), w.name), reverse=True))
