"""Checks of this machine: space, tools, limits."""

from __future__ import annotations

from edk.domain.checks import Check, Status
from edk.domain.errors import EdkError
from edk.orchestrator.doctor_model import MachineProbes, Patient

_GB = 1e9
_HELM = "curl -fsSL https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3 | bash"
_PYTHON = (3, 11)
_INSTANCES = 64
_WATCHES_TO_SPARE = 2
GROUP = "the volume's group has to be the pod's fsGroup (1000)"
LARGER = "a larger volume, if its storage class lets it grow: the chart's value storage.{}.size"
"""What to do about a volume in a pod."""


def space(
    machine: MachineProbes, name: str, path: str, warn_gb: float, fail_gb: float, remedy: str = ""
) -> Check:
    """Return whether there is enough free space at a path, in GB of 10^9 bytes; `remedy` in place of the usual one."""
    free = machine.free_bytes(path) / _GB
    detail = f"{free:.1f} GB free at {path}"
    if free >= warn_gb:
        return Check(name, "ok", detail)
    status: Status = "failure" if free < fail_gb else "warning"
    remedy = remedy or ("docker system prune" if name.startswith("engine") else f"df -h {path}")
    return Check(name, status, f"{detail}, which is little", remedy)


def git(patient: Patient) -> list[Check]:
    """Return whether git is there."""
    return [_tool(patient, "git", "needed by edk init alone", "apt-get install git")]


def helm(patient: Patient) -> list[Check]:
    """Return whether helm is there."""
    return [_tool(patient, "helm", "charts are packaged by our own writer, unlinted", _HELM)]


def buildctl(patient: Patient) -> list[Check]:
    """Return whether BuildKit's client is there, if BuildKit builds."""
    if patient.settings.builder == "docker" or not patient.settings.buildkit_host:
        return []
    return [_tool(patient, "buildctl", "needed to build by BuildKit", "see github.com/moby/buildkit/releases")]


def _tool(patient: Patient, name: str, without: str, remedy: str) -> Check:
    if patient.in_pod:
        remedy = "the chart's image holds it (values images.edk and image.tag): is this another one?"
    try:
        version = patient.machine.tool(name)
    except OSError as error:
        return Check(name, "warning", f"{name} is there, but {error}", remedy)
    if not version:
        return Check(name, "warning", f"not there: {without}", remedy)
    return Check(name, "ok", version.removeprefix(f"{name} version "))


def inotify(patient: Patient) -> list[Check]:
    """Return what a watch of the tree needs, and whether the limits suffice for it, with as many again to spare."""
    watches, instances = patient.machine.inotify_limits()
    used, used_instances = patient.machine.inotify_used()
    roots = [root for root in patient.tree if patient.machine.is_folder(root)]
    needed = patient.machine.count_folders(roots, patient.settings.exclude) if roots else 0
    what = f"a watch of {', '.join(patient.tree)} needs {needed} watches"
    if not roots:
        what = f"there is no {' or '.join(patient.tree)} to watch"
    detail = f"{what}; {used} of {watches} watches and {used_instances} of {instances} instances are in use"
    where = "on the node: " if patient.in_pod else ""
    # A watcher that runs holds what is needed already.
    lacks_free = watches - used < needed and not _is_watched(patient)
    if watches < needed * _WATCHES_TO_SPARE or lacks_free:
        wanted = max(524_288, needed * 4, used * 4)
        remedy = f"{where}sysctl fs.inotify.max_user_watches={wanted}"
        return [Check("inotify", "warning", f"{detail}: too few", remedy)]
    if instances < _INSTANCES or used_instances >= instances:
        remedy = f"{where}sysctl fs.inotify.max_user_instances={max(512, used_instances * 4)}"
        return [Check("inotify", "warning", f"{detail}: too few instances", remedy)]
    return [Check("inotify", "ok", detail)]


def _is_watched(patient: Patient) -> bool:
    try:
        return bool(patient.watchers())
    except EdkError:
        return False


def python(patient: Patient) -> list[Check]:
    """Return whether Python is new enough."""
    told = patient.machine.python()
    version = tuple(int(part) for part in told.partition(" ")[0].split(".")[:2])
    if version < _PYTHON:
        return [Check("python", "failure", f"{told} is too old", "apt-get install python3.11")]
    return [Check("python", "ok", told)]
