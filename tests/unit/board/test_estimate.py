"""How long the rest may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from edk.domain import events as ev
from edk.domain.board import Board
from edk.domain.board_estimate import Estimate, estimate, usual_seconds
from edk.domain.build_record import BuildRecord
from tests.unit.board.made import board, done, planned, started

WAITS = ev.ImageHeld("top", "waits for base", ("base",))


def left(state: Board, usual: Mapping[str, float], now: float = 100.0, jobs: int = 2) -> Estimate | None:
    return estimate(replace(state, usual=usual), now, jobs)


def test_a_chain_takes_the_sum() -> None:
    """What waits for a base comes after it, whatever room there is."""
    assert Estimate(15.0, True) == left(board(planned("base", "top"), started("base"), WAITS), {"base": 10, "top": 5})


@pytest.mark.parametrize(("jobs", "expected"), [(1, 12.0), (2, 8.0), (3, 4.0), (8, 4.0)])
def test_what_waits_for_nothing_shares_the_places(jobs: int, expected: float) -> None:
    """Three images of four seconds each, on some places."""
    state = board(planned("a", "b", "c"))

    assert Estimate(expected, True) == left(state, {"a": 4, "b": 4, "c": 4}, jobs=jobs)


def test_time_that_passed_is_gone() -> None:
    """A build that runs for some seconds needs the rest."""
    assert Estimate(7.0, True) == left(board(started("a")), {"a": 10}, now=103.0)


def test_longer_than_usual_is_not_sure() -> None:
    """Nobody knows how long a build goes on that already took longer than ever."""
    assert Estimate(0.0, False) == left(board(started("a")), {"a": 10}, now=120.0)


def test_one_that_was_never_built_is_not_sure() -> None:
    """What is known is the least that it takes."""
    assert Estimate(10.0, False) == left(board(planned("a", "new")), {"a": 10})


def test_nothing_is_said_where_nothing_is_known() -> None:
    """Without a past there is no estimate, nor when all is done."""
    assert left(board(started("a")), {}) is None
    assert left(board(started("a"), done("a")), {"a": 10}) is None


def test_those_that_wait_for_each_other_do_not_hang_it() -> None:
    """An estimate ends, whatever the events say."""
    state = board(ev.ImageHeld("a", "waits for b", ("b",)), ev.ImageHeld("b", "waits for a", ("a",)))

    assert Estimate(3.0, True) == left(state, {"a": 1, "b": 2})


def test_the_usual_is_the_median_of_the_latest_that_went_well() -> None:
    """Failed builds tell nothing, nor do old ones."""
    failed = BuildRecord("a", "/a", 0.0, 900.0, "failed")
    records = [failed, *(BuildRecord("a", "/a", 0.0, seconds, "done") for seconds in (5.0, 3.0, 4.0, 8.0, 9.0, 99.0))]

    assert {"a": 5.0} == usual_seconds(records)
