"""What `edk doctor --fix` does: only what is ours, and what nobody loses anything by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from edk.domain.checks import Check, Mended
from edk.domain.errors import EdkError
from edk.orchestrator.doctor_model import Patient

_AGAIN = ("engine", "registry", "builder")
"""Checks whose daemon may be one of ours; in the order in which they are started again."""


def with_mends(patient: Patient, checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks, those with what would be done whose daemon was ours and has ended."""
    found: list[Check] = []
    for check in checks:
        # The registry has a line for each of its names, and the first is that of the pushes.
        first = check.name not in {other.name for other in found}
        if check.name in _AGAIN and check.status != "ok" and first and patient.own.ended(check.name):
            found.append(replace(check, mend=f"start it again: {patient.own.described(check.name)}"))
        else:
            found.append(check)
    return tuple(found)


def mend(patient: Patient, checks: Iterable[Check]) -> tuple[Mended, ...]:
    """Do what the checks say, each by itself: what one can't do keeps none of the others."""
    wanted = {check.name: check.mend for check in checks if check.mend}
    acts: Mapping[str, Callable[[], None]] = {
        **{name: _starter(patient, name) for name in _AGAIN},
        "state modes": patient.state.mend_modes,
        "state database": patient.state.set_database_aside,
        "dead watchers": patient.state.remove_dead_sockets,
    }
    return tuple(_done(name, wanted[name], act) for name, act in acts.items() if name in wanted)


def _starter(patient: Patient, name: str) -> Callable[[], None]:
    return lambda: patient.own.start_again(name)


def _done(name: str, what: str, act: Callable[[], None]) -> Mended:
    try:
        act()
    except EdkError as error:
        return Mended(name, what, f"{error.message}; {error.hint}" if error.hint else error.message)
    except OSError as error:
        return Mended(name, what, f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return Mended(name, what)
