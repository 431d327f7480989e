"""Builds that wait in threads of their own."""

from __future__ import annotations

from functools import partial

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.pool.desk import Desk
from edk.domain.errors import CancelledError
from edk.domain.pool.changes import ended, with_members
from edk.domain.requests import Placement

NOBODY: frozenset[str] = frozenset()


def desk_of_one() -> Desk:
    desk = Desk(1.5)
    desk.change(lambda pool: with_members(pool, {"a": 1}))
    return desk


@pytest.mark.parametrize("error", [CancelledError("cancelled"), RuntimeError("a bug in who listens")])
def test_a_place_given_to_who_just_stopped_waiting_is_not_lost(error: Exception) -> None:
    """It was given at the very moment at which its build was told what it waits for."""
    desk = desk_of_one()
    first = desk.place("x", 0.0, NOBODY, Cancel(), lambda _: None)
    assert first is not None
    cancel = Cancel()

    def tell(placement: Placement) -> None:
        assert Placement("", "the worker is full") == placement
        desk.change(partial(ended, lease=first, worked=True))
        assert 1 == desk.pool.running
        cancel.cancel()
        if isinstance(error, RuntimeError):
            raise error

    with pytest.raises(type(error)):
        desk.place("y", 0.0, NOBODY, cancel, tell)

    assert (0, ()) == (desk.pool.running, desk.pool.waiting)
    assert desk.place("z", 0.0, NOBODY, Cancel(), lambda _: None) is not None


def test_has_nothing_for_who_tried_all() -> None:
    """And keeps nothing of it."""
    desk = desk_of_one()

    assert desk.place("x", 0.0, frozenset({"a"}), Cancel(), lambda _: None) is None
    assert () == desk.pool.waiting
