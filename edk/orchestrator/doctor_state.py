"""Checks of the state folder: whether it can be written, who gets at it, and what lies in it."""

from __future__ import annotations

from edk.domain.checks import Check
from edk.orchestrator.doctor_machine import GROUP, LARGER, space
from edk.orchestrator.doctor_model import Patient


def state(patient: Patient) -> list[Check]:
    """Return whether the state folder can be written, its space, and what in it is not as it should be."""
    folder = patient.settings.state_dir
    if not folder:
        return [Check("state", "warning", "no folder for it: nothing is remembered", "export HOME=/root")]
    modes = _modes(patient)
    if not patient.machine.is_writable(folder) and not any(check.mend for check in modes):
        detail = f"{folder} can't be written: nothing is remembered, no logs are kept"
        return [Check("state", "warning", detail, GROUP if patient.in_pod else "export EDK_STATE_DIR=/tmp/edk")]
    remedy = LARGER.format("state") if patient.in_pod else ""
    return [space(patient.machine, "state", folder, 1.0, 0.05, remedy), *modes, *_database(patient), *_dead(patient)]


def _modes(patient: Patient) -> list[Check]:
    # The top of a pod's volume is the group's, and root's.
    wrong = () if patient.in_pod else patient.state.wrong_modes()
    foreign = () if patient.in_pod else patient.state.foreign()
    checks = []
    if foreign:
        some = ", ".join(foreign[:3]) + (" …" if len(foreign) > 3 else "")
        detail = f"{len(foreign)} entries belong to another user, as after edk was run by sudo: {some}"
        remedy = f"sudo chown -R $(id -un) {patient.settings.state_dir}"
        checks.append(Check("state owner", "warning", detail, remedy))
    if wrong:
        detail = "; ".join(f"{path}: {why}" for path, why in wrong)
        commands = " ".join(path for path, _ in wrong)
        mend = f"chmod u+rwx,go-w {commands}"
        checks.append(Check("state modes", "warning", detail, mend, mend))
    return checks


def _database(patient: Patient) -> list[Check]:
    wrong = patient.state.damage()
    if not wrong:
        return []
    path = f"{patient.settings.state_dir}/state.sqlite"
    detail = f"{path} is damaged ({wrong}): what is remembered of files and builds is not to be had"
    mend = f"set {path} aside as state.sqlite.damaged; the next command begins it anew"
    return [Check("state database", "warning", detail, f"mv {path} {path}.damaged", mend)]


def _dead(patient: Patient) -> list[Check]:
    dead = patient.state.dead_sockets()
    if not dead:
        return []
    detail = f"nobody listens any more at {', '.join(dead)}, left of watchers that were killed"
    return [Check("dead watchers", "warning", detail, f"rm {' '.join(dead)}", f"remove {', '.join(dead)}")]
