"""`edk doctor`: whether engine, registry, tools, machine and environment are as a build needs them.

Checks run beside each other, each within `SECONDS`: one that hangs is reported like any other failure, and its
thread is left behind, for there is no way to end it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from edk.domain.checks import Check
from edk.domain.errors import EdkError, EngineUnreachableError, UsageError
from edk.domain.requests import BUILDKIT
from edk.orchestrator import (
    doctor_engines,
    doctor_environment,
    doctor_machine,
    doctor_nodes,
    doctor_pod,
    doctor_state,
)
from edk.orchestrator.doctor_mending import with_mends
from edk.orchestrator.doctor_model import Patient

SECONDS = 5.0
_SLOW = {"build cache": 4.0}
"""Checks that may take a multiple of it."""
_ASIDE = frozenset({"rootless", "build cache"})
"""Checks that say nothing where the engine is out of reach, for one line on that is enough."""
START = "scripts/setup.sh"

_Look = Callable[[Patient], Sequence[Check]]


def examine(patient: Patient, seconds: float = SECONDS) -> tuple[Check, ...]:
    """Look at everything and return what was found, in a fixed order.

    Args:
        patient: what is looked at.
        seconds: that one check may take.
    """
    found: dict[str, Sequence[Check]] = {}

    def look(name: str, check: _Look) -> None:
        try:
            found[name] = check(patient)
        except EdkError as error:
            hint = doctor_pod.unreachable(patient, name, error.message, error.hint)
            found[name] = (Check(name, "failure", error.message, hint),)
            if name in _ASIDE:
                away = isinstance(error, EngineUnreachableError | UsageError)
                found[name] = () if away else (Check(name, "ok", f"not told: {error.message}"),)
        except (OSError, ValueError) as error:
            found[name] = (Check(name, "failure", str(error)),)

    threads = [
        (name, threading.Thread(target=look, args=(name, check), name=f"doctor-{name}", daemon=True))
        for name, check in _LOOKS
    ]
    for _, thread in threads:
        thread.start()
    started = time.monotonic()
    for name, thread in threads:
        thread.join(max(0.0, started + seconds * _SLOW.get(name, 1.0) - time.monotonic()))
    checks = [check for name, _ in threads for check in found.get(name, (_late(name, seconds),))]
    return with_mends(patient, checks)


def _late(name: str, seconds: float) -> Check:
    if name in _ASIDE:
        return Check(name, "ok", f"not told within {seconds * _SLOW.get(name, 1.0):.0f} s")
    return Check(name, "failure", f"no answer within {seconds:.0f} s", START)


def _engine(patient: Patient) -> list[Check]:
    info = patient.builder.describe()
    detail = f"{info.name} {info.version} at {info.endpoint}, {info.platform}"
    if info.away:
        lacking = f"{detail}; away: {', '.join(info.away)}"
        checks = [Check("engine", "warning", lacking, "look at the logs of those that are away")]
    elif info.name == BUILDKIT:
        checks = [Check("engine", "ok", detail)]
    elif info.buildkit:
        checks = [Check("engine", "ok", f"{detail}, BuildKit")]
    else:
        remedy = "apt-get install --only-upgrade docker.io"
        lacking = f"{detail}, without BuildKit: heredocs and RUN --mount are refused, context is slower"
        checks = [Check("engine", "warning", lacking, remedy)]
    local = info.endpoint.startswith(("unix://", "/")) and patient.machine.is_folder(info.root_dir)
    if info.root_dir and local:
        checks.append(doctor_machine.space(patient.machine, "engine disk", info.root_dir, 10.0, 1.0))
    return checks


def _builder(patient: Patient) -> list[Check]:
    """Return which builder is used, and why."""
    reason, missed = patient.chosen()
    if missed:
        remedy = doctor_pod.kubectl(patient, "builder", "builder.kind") if patient.in_pod else "edk builder up"
        return [Check("builder", "warning", f"the Docker Engine builds, for {missed}", remedy)]
    return [Check("builder", "ok", f"builder: {patient.settings.builder}; {reason}")]


def _registry(patient: Patient) -> list[Check]:
    """Return a line for each of the registry's names, and what can be done with it."""
    settings = patient.settings
    checks = [_answers(patient, settings.push_host)]
    if settings.push_host != settings.registry:
        checks.append(doctor_nodes.nodes_registry(patient))
    if checks[0].status == "ok":
        checks += [_writable(patient, settings.push_host), _deletes(patient, settings.push_host)]
        checks += doctor_pod.clock(patient)
    asked = doctor_nodes.nodes_address(settings, patient.environ)
    if asked and asked != settings.push_host and {"ok"} == {check.status for check in checks[:2]}:
        checks.append(_same(patient, asked))
    return checks


def _answers(patient: Patient, address: str) -> Check:
    try:
        patient.registries[address].ping()
    except EdkError as error:
        hint = doctor_pod.unreachable(patient, "registry", error.message, error.hint)
        return Check("registry", "failure", error.message, hint)
    return Check("registry", "ok", f"{address} answers")


def _writable(patient: Patient, address: str) -> Check:
    try:
        patient.registry_probes.try_writing(address)
    except EdkError as error:
        return Check("registry writable", "failure", error.message, error.hint)
    return Check("registry writable", "ok", f"{address} takes uploads")


def _deletes(patient: Patient, address: str) -> Check:
    try:
        if patient.registry_probes.deletes(address):
            return Check("registry deletion", "ok", f"{address} lets images be deleted")
    except EdkError as error:
        return Check("registry deletion", "warning", error.message, error.hint)
    detail = f"{address} does not let images be deleted, so its disk only ever fills"
    return Check("registry deletion", "warning", detail, "REGISTRY_STORAGE_DELETE_ENABLED=true in its environment")


def _same(patient: Patient, asked: str) -> Check:
    """Return whether both names are of one registry; `asked` is where the nodes' one is asked."""
    first, second = patient.settings.push_host, patient.settings.registry
    try:
        if patient.registry_probes.is_same(first, asked):
            return Check("registry names", "ok", f"{first} and {second} are one registry")
    except EdkError as error:
        return Check("registry names", "warning", error.message, error.hint)
    detail = f"{first} and {second} are different registries: images would be pushed to one and pulled from the other"
    return Check("registry names", "failure", detail, f"export LOCAL_REGISTRY_URL={second}")


def _kube_helm(patient: Patient) -> list[Check]:
    url = patient.settings.kube_helm_url
    if patient.platform is None:
        detail = "KUBE_HELM_URL is not set: charts are packaged, not uploaded"
        return [Check("kube-helm", "ok", detail)]
    try:
        patient.platform.health()
    except EdkError as error:
        return [Check("kube-helm", "warning", error.message, error.hint or "edk build --no-import")]
    return [Check("kube-helm", "ok", f"{url} answers")]


_LOOKS: tuple[tuple[str, _Look], ...] = (
    ("pod", doctor_pod.pod),
    ("builder", _builder),
    ("engine", _engine),
    ("rootless", doctor_engines.rootless),
    ("build cache", doctor_engines.build_cache),
    ("registry", _registry),
    ("kube-helm", _kube_helm),
    ("watcher", doctor_pod.watcher),
    ("state", doctor_state.state),
    ("git", doctor_machine.git),
    ("helm", doctor_machine.helm),
    ("buildctl", doctor_machine.buildctl),
    ("inotify", doctor_machine.inotify),
    ("python", doctor_machine.python),
    ("environment", doctor_environment.environment),
)
