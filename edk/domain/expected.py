"""How long builds will take, by those of the past; so that what others would wait for longest is started first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from edk.domain.build_record import BuildRecord, middle, usual

LATEST = 3
"""So many builds of an image are counted: what it took longer ago may have been another image."""
SHORTEST = 0.05
ALIKE = 1.3
"""Paths of which one is less than so many times the other are equally urgent."""


def expected_seconds(records: Iterable[BuildRecord], keys: Sequence[str]) -> dict[str, float]:
    """Return for each target the seconds that its build is expected to take; nothing if nothing is known of any.

    That is the median of its latest builds that were done. A target without any is taken to be as long as the median of
    the others: neither first, as if it were the longest, nor last.

    Args:
        records: builds of the past, the latest first.
        keys: of the targets: the whole paths of their Dockerfiles.
    """
    wanted = set(keys)
    known = usual(records, lambda r: r.dockerfile if r.dockerfile in wanted else "", _taken, LATEST)
    if not known:
        return {}
    others = middle(list(known.values()))
    return {key: known.get(key, others) for key in keys}


def _taken(record: BuildRecord) -> float:
    """Return the seconds for which a build had a place: pauses between attempts are not among them."""
    return max(SHORTEST, record.built + record.pushed or record.seconds)


def urgency(weight: float) -> int:
    """Return how urgent a target is among those that wait for a place at a worker, by its longest path in seconds.

    Those that take about as long are equally urgent, so that each can wait for the worker that has its cache.
    """
    return math.floor(math.log(max(weight, SHORTEST), ALIKE))
