"""A plan is made of files that stood still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain.errors import EXIT_SOURCES, ContextChangedError, SourceError, UsageError
from edk.domain.files import Entry
from edk.domain.plan import BuildPlan
from edk.orchestrator.pipeline import MAX_ATTEMPTS, PAUSE, steady_plan
from tests.fakes.tree import FakeTree
from tests.unit.core.bench import Bench, actions
from tests.unit.core.building import dockerfile


class Restless:
    """Opens trees; in the first of them a file changes whenever it is hashed.

    Args:
        bench: whose disk it is.
        times: how many trees do so.
    """

    def __init__(self, bench: Bench, times: int) -> None:
        self.opened = 0
        self._bench = bench
        self._times = times

    def __call__(self) -> FakeTree:
        """Return the next tree."""
        self.opened += 1
        tree = self._bench.disk.fresh()
        if self.opened <= self._times:
            tree.digest = self._changes  # type: ignore[method-assign, assignment]
        return tree

    def _changes(self, path: str, _entry: Entry) -> str:
        raise ContextChangedError(f"{path} changed while it was read")


def planned(times: int) -> tuple[Bench, Restless, BuildPlan]:
    """Plan over files that change so many times."""
    bench = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY a /"), "x/a": "a"})
    opening = Restless(bench, times)
    plan = steady_plan(replace(bench.services, open_tree=opening), bench.request())
    return bench, opening, plan


def test_files_that_stand_still_are_planned_at_once() -> None:
    """Without a pause."""
    bench, opening, plan = planned(0)

    assert (1, 0.0) == (opening.opened, bench.clock.monotonic())
    assert {"x": "build"} == actions(plan)


@pytest.mark.parametrize("times", [1, 3, MAX_ATTEMPTS - 1])
def test_files_that_change_for_a_while_are_looked_at_again(times: int) -> None:
    """Afresh each time, with a pause between; the plan is that of the files as they stand then."""
    bench, opening, plan = planned(times)

    assert times + 1 == opening.opened
    assert pytest.approx(times * PAUSE) == bench.clock.monotonic()
    assert {"x": "build"} == actions(plan)
    assert bench.plan().images == plan.images


def test_files_that_never_stand_still_are_the_fault_of_the_sources() -> None:
    """Told with the file and what to do, within seconds."""
    with pytest.raises(SourceError, match=r"keep changing .*: /w/ext/x/Dockerfile changed") as caught:
        planned(MAX_ATTEMPTS)

    assert EXIT_SOURCES == caught.value.exit_code == 3
    assert "stop what writes" in caught.value.hint
    assert MAX_ATTEMPTS * PAUSE < 5


def test_other_errors_are_not_tried_again() -> None:
    """They would come again."""
    bench = Bench({})
    opening = Restless(bench, 0)

    with pytest.raises(UsageError):
        steady_plan(replace(bench.services, open_tree=opening), bench.request(selection="images", images=("none",)))

    assert 1 == opening.opened
