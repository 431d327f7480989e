"""Every target has an order of all workers of its own, by a hash that never changes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edk.domain.pool.hashing import first, order, seed_of
from edk.domain.pool.model import Worker

NAMES = st.lists(st.text(min_size=1, max_size=12), unique=True, min_size=1, max_size=8)


def members(names: list[str], limits: dict[str, int] | None = None) -> list[Worker]:
    return [Worker(name, (limits or {}).get(name, 1), seed_of(name), 0) for name in names]


def test_is_the_same_in_every_process_and_version() -> None:
    """Caches outlive a process: an order written down once stays."""
    names = [f"10.0.0.{number}:1234" for number in range(5)]

    assert 0xC8850FF936C99A02 == seed_of("otsus-method")
    assert ["4", "0", "2", "3", "1"] == [w.name[7] for w in order("otsus-method", members(names))]


@given(NAMES, st.text(), st.randoms(use_true_random=False))
def test_heeds_no_order_of_workers(names: list[str], target: str, random: object) -> None:
    """Whoever is listed first, a target's order is the same, and its beginning is its first choice."""
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expected = order(target, members(names))

    assert expected == order(target, members(shuffled))
    assert expected[0] == first(seed_of(target), members(shuffled))


@given(NAMES, st.text(min_size=1, max_size=12), st.lists(st.text(), max_size=30, unique=True))
def test_moves_only_to_a_worker_that_joins(names: list[str], new: str, targets: list[str]) -> None:
    """Each target stays where it was, or goes to the new one; read backwards: a leaving one loses just its own."""
    before = members([name for name in names if name != new])
    after = [*before, *members([new])]
    for target in targets:
        moved = first(seed_of(target), after)
        assert moved is not None
        assert moved.name == new or moved == first(seed_of(target), before)


def test_spreads_targets_by_limits() -> None:
    """Workers of one limit get about the same, one of three times the limit three times as much."""
    limits = {"a": 1, "b": 1, "c": 3}
    workers = members(list(limits), limits)

    got = Counter(first(seed_of(f"image-{number}"), workers).name for number in range(10_000))  # type: ignore[union-attr]

    assert {} == {name: got[name] for name, limit in limits.items() if abs(got[name] / (2000 * limit) - 1) > 0.1}


def test_is_first_of_nobody() -> None:
    """Without workers there is no first choice."""
    assert first(1, []) is None
