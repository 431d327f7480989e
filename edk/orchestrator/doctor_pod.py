"""Checks of what a pod has beside the editor, and remedies that only help there: values of the chart, and kubectl."""

from __future__ import annotations

import ipaddress

from edk.domain.certificates import tls_fault
from edk.domain.checks import Check
from edk.domain.errors import EdkError
from edk.domain.network import is_local
from edk.orchestrator.doctor_machine import GROUP, LARGER, space
from edk.orchestrator.doctor_model import Patient

_CLOCK_SECONDS = 60.0


def pod(patient: Patient) -> list[Check]:
    """Return that this is a pod, which address it uses for what, and whether names lead anywhere."""
    if not patient.in_pod:
        return []
    settings = patient.settings
    namespace = patient.environ.get("NAMESPACE", "")
    charts = f"charts go to {settings.kube_helm_url}" if settings.kube_helm_url else "charts go nowhere"
    detail = (
        f"in a pod{f' of {namespace}' if namespace else ''}: images are pushed to {settings.push_host}, which nodes"
        f" know as {settings.registry}; {_builder(patient)} builds; {charts}"
    )
    return [Check("pod", "ok", detail), *_named(patient), *_extensions(patient), *_trust(patient)]


def watcher(patient: Patient) -> list[Check]:
    """Return whether a watcher shares the state folder, and how it is; only in a pod there should be one."""
    try:
        seen = patient.watchers()
    except EdkError as error:
        return [Check("watcher", "warning", error.message, error.hint)]
    if not seen and not patient.in_pod:
        return [Check("watcher", "ok", "none runs: edk watch builds what is saved")]
    if not seen:
        detail = f"none shares {patient.settings.state_dir}: saves are not built by themselves"
        return [Check("watcher", "warning", detail, kubectl(patient, "watcher", "watcher.enabled"))]
    look = kubectl(patient, "watcher", "") if patient.in_pod else "edk status"
    return [
        Check("watcher", "warning", _told(each.roots, each.who, each.trouble), look)
        if each.trouble
        else Check("watcher", "ok", _told(each.roots, each.who, ""))
        for each in seen
    ]


def clock(patient: Patient) -> list[Check]:
    """Return whether the registry's clock agrees with ours; only where it answers."""
    address = patient.settings.push_host
    ahead = patient.registry_probes.seconds_ahead(address)
    if abs(ahead) <= _CLOCK_SECONDS:
        return [Check("registry clock", "ok", "agrees with ours")]
    which = "ahead of" if ahead > 0 else "behind"
    detail = f"the clock of {address} is {abs(ahead):.0f} s {which} ours: certificates and ages are judged wrongly"
    return [Check("registry clock", "warning", detail, "let the nodes keep time (chrony, systemd-timesyncd)")]


def kubectl(patient: Patient, container: str, value: str) -> str:
    """Return where to look at a container of this pod, and the value of the chart that it hangs on."""
    namespace = patient.environ.get("NAMESPACE", "")
    where = f"-n {namespace} " if namespace else ""
    name = patient.environ.get("HOSTNAME", "") or "POD"
    look = f"kubectl {where}logs {name} -c {container}"
    return f"{look}; the chart's value {value}" if value else look


def unreachable(patient: Patient, name: str, message: str, hint: str) -> str:
    """Return what to do about an engine or registry that does not answer, in a pod or not."""
    if not patient.in_pod or tls_fault(message) is not None:
        return hint
    if name == "registry":
        return (
            "see that its pod runs and its Service leads there (kubectl get pods,services,endpoints); its address is"
            " LOCAL_REGISTRY_URL, the chart's value registry.podAddress"
        )
    return kubectl(patient, "builder", "builder.kind") if name in ("engine", "builder") else hint


def _builder(patient: Patient) -> str:
    settings = patient.settings
    address = settings.docker_host if settings.builder == "docker" else settings.buildkit_host or settings.docker_host
    kind = "the Docker Engine" if settings.builder == "docker" or not settings.buildkit_host else "BuildKit"
    return f"{kind} at {address}" if address else kind


def _named(patient: Patient) -> list[Check]:
    """Return whether the name of the registry leads to an address; numbers, and this machine, need no name server."""
    host = patient.settings.push_host.rpartition(":")[0].strip("[]") or patient.settings.push_host
    if is_local(host):
        return []
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return []
    try:
        addresses = patient.machine.resolve(host)
    except OSError as error:
        detail = f"{host} has no address: {error.strerror or error}"
        short = host.partition(".")[0]
        remedy = (
            f"kubectl get services -A | grep {short}: is its namespace another one? Its name is LOCAL_REGISTRY_URL, the"
            " chart's value registry.podAddress"
        )
        return [Check("registry address", "failure", detail, remedy)]
    return [Check("registry address", "ok", f"{host} is {', '.join(addresses)}")]


def _extensions(patient: Patient) -> list[Check]:
    folder = patient.settings.extensions_dir
    if not patient.machine.is_writable(folder):
        detail = f"{folder} can't be written: nothing can be saved there"
        return [Check("extensions", "failure", detail, GROUP)]
    return [space(patient.machine, "extensions", folder, 1.0, 0.05, LARGER.format("extensions"))]


def _trust(patient: Patient) -> list[Check]:
    path = patient.settings.repo_path
    if not patient.machine.is_clone(path) or not patient.machine.refuses_clone(path):
        return []
    detail = f"git refuses {path} in a terminal, for the top of the volume belongs to another user; edk does not mind"
    return [Check("git owner", "warning", detail, f"git config --global --add safe.directory {path}")]


def _told(roots: tuple[str, ...], who: str, trouble: str) -> str:
    return f"watches {', '.join(roots) or 'something'}{who}" + (f": {trouble}" if trouble else "")
