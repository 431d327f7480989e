"""Many viewers cost one survey, nobody waits without bound, and what failed is not asked for again at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from edk.domain.catalogue import Catalogue
from edk.domain.errors import EdkError, RegistryUnreachableError
from edk.domain.seen import Looked, Seen
from edk.orchestrator.glance import Glance
from tests.unit.core.bench import SleepingClock


def looked(time: float = 0.0) -> Looked:
    """A survey."""
    return Looked(Catalogue(time, ()), {})


class Surveys:
    """Surveys that wait until they may end, and are counted."""

    def __init__(self, *outcomes: Looked | Exception) -> None:
        self.outcomes = list(outcomes)
        self.begun = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> Looked:
        """Return the next outcome, or raise it."""
        self.begun += 1
        self.may_end.wait(20)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def clock() -> SleepingClock:
    """Time that stands still."""
    return SleepingClock(1000.0)


def ended(glance: Glance) -> None:
    """Wait for the survey that runs."""
    running = glance._running
    assert running is None or running.wait(20)


def together(count: int, look: Callable[[], Seen]) -> list[Seen]:
    """Have many ask at once."""
    seen: list[Seen] = []
    threads = [threading.Thread(target=lambda: seen.append(look())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return seen


def test_many_viewers_cost_one_survey(clock: SleepingClock) -> None:
    """At once, and within some seconds."""
    surveys = Surveys(looked(), looked())
    glance = Glance(surveys, clock, fresh=5)

    seen = together(40, glance.look)
    clock.advance(4)
    later = glance.look()

    assert 1 == surveys.begun
    assert {id(each.looked) for each in seen} == {id(later.looked)}
    assert 4 == later.age
    clock.advance(2)
    glance.look()
    assert 2 == surveys.begun


def test_a_first_survey_that_takes_long_is_not_waited_for(clock: SleepingClock) -> None:
    """It goes on, and is shown to whoever asks later; nobody begins another one."""
    surveys = Surveys(looked())
    surveys.may_end.clear()
    glance = Glance(surveys, clock, patience=0.01)

    seen = together(8, glance.look)
    surveys.may_end.set()
    ended(glance)

    assert [Seen()] * 8 == seen
    assert glance.look().looked is not None
    assert 1 == surveys.begun


def test_an_older_survey_is_shown_with_its_age(clock: SleepingClock) -> None:
    """While a new one takes long."""
    surveys = Surveys(looked(1), looked(2))
    glance = Glance(surveys, clock, fresh=5, patience_with_older=0.01)
    glance.look()
    surveys.may_end.clear()
    clock.advance(60)

    seen = glance.look()
    surveys.may_end.set()
    ended(glance)

    assert (1, 60) == (seen.looked.found.time if seen.looked else None, seen.age)
    again = glance.look()
    assert (2, 0) == (again.looked.found.time if again.looked else None, again.age)


def test_what_fails_is_remembered_as_long(clock: SleepingClock) -> None:
    """A registry that is away is not stormed, and is seen again once it is back."""
    error = RegistryUnreachableError("away", "start it")
    surveys = Surveys(error, looked())
    glance = Glance(surveys, clock, fresh=5)

    first = together(20, glance.look)
    clock.advance(4)

    assert {error} == {seen.problem for seen in first}
    assert error == glance.look().problem
    assert 1 == surveys.begun
    clock.advance(2)
    assert glance.look().looked is not None


def test_what_failed_before_is_not_what_is_so_now(clock: SleepingClock) -> None:
    """While the next survey takes long, nobody is told of the last one's failure."""
    surveys = Surveys(RegistryUnreachableError("away"), looked())
    glance = Glance(surveys, clock, fresh=5, patience=0.01)
    glance.look()
    ended(glance)
    clock.advance(10)
    surveys.may_end.clear()

    assert Seen() == glance.look()
    surveys.may_end.set()
    ended(glance)


def test_a_fault_of_ours_lets_nobody_wait(clock: SleepingClock) -> None:
    """It is told."""
    problem = Glance(Surveys(ZeroDivisionError("x")), clock).look().problem

    assert isinstance(problem, EdkError)
    assert "ZeroDivisionError: x" in problem.message
