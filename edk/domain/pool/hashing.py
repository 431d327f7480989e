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


def score(target: int, worker: Worker) -> float:
    """Return how much a target, by its seed, tends to a worker; to one of twice the limit twice as many targets do."""
    # 52 bits and a half fit a float, so the logarithm is never zero.
    return -worker.limit / math.log(((_mixed(target, worker.seed) >> 12) + 0.5) * _UNIT)


def first(target: int, workers: Iterable[Worker]) -> Worker | None:
    """Return the first of some workers in the order of a target, by its seed; None if there are none."""
    best: dict[int, tuple[int, Worker]] = {}
    for worker in workers:
        # Of one limit the greatest number has the greatest score, which spares nearly all logarithms.
        mixed = _mixed(target, worker.seed) >> 12
        most = best.get(worker.limit)
        if most is None or mixed > most[0] or (mixed == most[0] and worker.name > most[1].name):
            best[worker.limit] = mixed, worker
    return max((w for _, w in best.values()), key=lambda w: (score(target, w), w.name), default=None)


def order(target: str, workers: Iterable[Worker]) -> tuple[Worker, ...]:
    """Return workers in the order of a target, its first choice first."""
    seed = seed_of(target)
    return tuple(sorted(workers, key=lambda w: (score(seed, w), w.name), reverse=True))


def _mixed(target: int, worker: int) -> int:
    """Return 64 bits of two seeds: two multiplications, which cost a tenth of a digest of both names."""
    mixed = target ^ worker
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)
