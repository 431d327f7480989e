"""Rendezvous hashing: every target has an order of all workers of its own, whoever else is there.

So a worker that leaves loses its own targets only, each to another one, and gets just these back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence

from edk.domain.pool.model import Worker

_MASK = (1 << 64) - 1
_UNIT = 2.0**-52
_ONE, _OTHER = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""Odd, with bits all over."""


def seed_of(name: str) -> int:
    """Return 64 bits of a name, the same in every process and version."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")


def first(target: int, workers: Iterable[Worker]) -> Worker | None:
    """Return the first of some workers in the order of a target, by its seed; None if there are none."""
    there = tuple(workers)
    if not there:
        return None
    draws = _draws(target, there)
    if len({worker.limit for worker in there}) == 1:
        # Of one limit the greatest draw has the greatest score, which spares nearly all logarithms.
        return there[draws.index(max(draws))]
    return max(zip(draws, there, strict=True), key=_score)[1]


def order(target: str, workers: Iterable[Worker]) -> tuple[Worker, ...]:
    """Return workers in the order of a target, its first choice first; of twice the limit twice as often the first."""
    there = tuple(workers)
    drawn = sorted(zip(_draws(seed_of(target), there), there, strict=True), key=_score, reverse=True)
    return tuple(worker for _, worker in drawn)


def _score(drawn: tuple[int, Worker]) -> float:
    # 52 bits and a half fit a float, so the logarithm is never zero.
    return -drawn[1].limit / math.log(((drawn[0] >> 12) + 0.5) * _UNIT)


def _draws(target: int, workers: Sequence[Worker]) -> list[int]:
    """Return 64 bits of a target and each worker; for thousands at once, so it is two multiplications and no digest."""
    return [
        (((mixed := ((target ^ worker.seed) * _ONE) & _MASK) ^ (mixed >> 32)) * _OTHER) & _MASK
        for worker in workers
    ]
