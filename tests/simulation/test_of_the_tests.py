"""The simulator itself: bugs that are put into the loop on purpose, and that it has to find."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.schedules import draw_case
from tests.simulation.shrinking import as_json, failure_of, from_json, shrink

MOST = 300


def first_caught() -> tuple[int, str]:
    """Return the first seed that fails and why; MOST if none does."""
    for seed in range(MOST):
        why = failure_of(draw_case(seed))
        if why:
            return seed, why
    return MOST, ""


def test_there_are_enough_bugs() -> None:
    """A list that lost its entries would show nothing."""
    assert len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_seeded_bug_is_caught(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a few hundred schedules one fails."""
    bug(monkeypatch)

    caught = first_caught()[1]
    assert "" != caught
    # A seed that no longer fits the function in whose place it is would be caught whatever the simulator looks at.
    assert not caught.startswith("TypeError"), caught


def test_a_failing_schedule_shrinks_and_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it fails as it did, has fewer steps, survives being written down, and holds without the bug."""
    with monkeypatch.context() as patch:
        BUGS["where_a_move_ends_is_ignored"](patch)
        case = draw_case(first_caught()[0])
        small = shrink(case, lambda smaller: failure_of(smaller) != "")
        again = failure_of(from_json(as_json(small, "why")))

    assert len(small.steps) < len(case.steps)
    assert "" != again
    assert "" == failure_of(small)
