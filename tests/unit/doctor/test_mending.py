"""What `edk doctor --fix` mends, and in which order; and what it leaves alone."""

from __future__ import annotations

import pytest

from edk.domain.checks import Check, Mended
from edk.domain.errors import EngineUnreachableError, RegistryUnreachableError
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_mending import mend
from edk.ui.doctor_text import mended_lines, planned_lines
from tests.fakes.registry import FakeRegistry
from tests.unit.doctor.test_doctor import GONE, FakeOwn, FakeState, patient

SICK = {"modes": (("/state", "its mode 777"),), "damaged": "malformed", "dead": ("/state/watch/a.sock",)}


def dead_registry() -> FakeRegistry:
    """One that does not answer."""
    dead = FakeRegistry()
    dead.fail("ping", *[RegistryUnreachableError("dead", "h")] * 4)
    return dead


def test_what_is_ours_is_started_again_before_the_rest() -> None:
    """Each check says what would be done, and that is done."""
    state, own = FakeState(**SICK), FakeOwn(("engine", "registry", "builder"))  # type: ignore[arg-type]
    registries = {"in-cluster:5000": dead_registry(), "localhost:32000": dead_registry()}
    sick = patient(
        builder=GONE, registries=registries, state=state, own=own, chosen=lambda: ("", "b.sock does not answer")
    )

    checks = examine(sick)
    done = mend(sick, checks)

    planned = {check.name: check.mend for check in checks if check.mend}
    assert planned == {each.name: each.what for each in done}
    assert ["engine", "registry", "builder"] == own.done
    assert ["modes", "database", "sockets"] == state.done
    assert "start it again: our registry" == planned["registry"]
    assert 1 == sum(bool(check.mend) for check in checks if check.name == "registry")


def test_what_is_not_ours_is_left_alone() -> None:
    """The engine of somebody else is away: nothing is planned; neither where all is well, though ours has ended."""
    assert [] == [check for check in examine(patient(builder=GONE)) if check.mend]
    assert [] == [check for check in examine(patient(own=FakeOwn(("engine", "registry", "builder")))) if check.mend]


def test_what_fails_keeps_nothing_from_being_done() -> None:
    """It is told with its cause."""
    state = FakeState(**SICK, refusal=PermissionError(1, "Operation not permitted", "/state"))  # type: ignore[arg-type]
    own = FakeOwn(("engine",), EngineUnreachableError("no room", "see its log"))
    sick = patient(builder=GONE, state=state, own=own)

    done = mend(sick, examine(sick))

    assert ["no room; see its log", "/state: Operation not permitted", "", ""] == [each.error for each in done]
    assert ["database", "sockets"] == state.done


def test_folders_of_others_are_told_and_not_mended() -> None:
    """Only their owner may."""
    sick = patient(state=FakeState(strangers=("/state/logs",)))

    (check,) = [check for check in examine(sick) if check.name == "state owner"]

    assert ("warning", "") == (check.status, check.mend)
    assert "chown" in check.remedy


def test_in_a_pod_modes_are_those_of_the_volume() -> None:
    """Its top is root's, and its group's."""
    environ = {"KAAPANA_BUILD_VERSION": "0.6.0", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    state = FakeState(modes=(("/state", "x"),), strangers=("/state",))

    names = {check.name for check in examine(patient(state=state, environ=environ))}

    assert set() == names & {"state modes", "state owner"}


@pytest.mark.parametrize(
    ("checks", "mended", "last"),
    [
        ((), (Mended("a", "x"),), "1 mended, left: nothing"),
        ((Check("b", "failure", ""), Check("c", "warning", "")), (), "0 mended, left: 1 failure and 1 warning"),
        ((Check("b", "ok", ""),), (Mended("a", "x", "why"),), "0 mended, left: nothing"),
    ],
)
def test_what_is_left_is_counted(checks: tuple[Check, ...], mended: tuple[Mended, ...], last: str) -> None:
    """In the last line."""
    assert last == list(mended_lines(checks, mended))[-1]


def test_the_plan_is_shown() -> None:
    """With control characters written out."""
    assert ["nothing that --fix can mend"] == list(planned_lines([]))
    assert "  a: rm \\x1b" == list(planned_lines([Check("a", "warning", "", mend="rm \x1b")]))[1]
