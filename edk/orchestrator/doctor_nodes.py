"""The registry by the name that nodes pull by, asked from a pod.

In a cluster ``localhost:32000`` is a port that every node has (NodePort); in a pod nobody answers there. Where the pod
was told its node's address, the port is asked for there.
"""

from __future__ import annotations

from collections.abc import Mapping

from edk.domain.checks import Check
from edk.domain.errors import EdkError
from edk.domain.network import is_local
from edk.domain.surroundings import in_pod
from edk.orchestrator.doctor_model import Patient
from edk.settings import Settings

NODE = "EDK_NODE_ADDRESS"


def nodes_address(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return where the nodes' name of the registry is to be asked from here; empty if it cannot be from a pod."""
    host, _, port = settings.registry.rpartition(":")
    if settings.registry == settings.push_host or not port.isdigit() or not is_local(host):
        return settings.registry
    node = environ.get(NODE, "")
    if node:
        return f"[{node}]:{port}" if ":" in node else f"{node}:{port}"
    return "" if in_pod(environ) else settings.registry


def nodes_registry(patient: Patient) -> Check:
    """Return whether the registry answers by the name that nodes pull by."""
    name, asked = patient.settings.registry, nodes_address(patient.settings, patient.environ)
    if not asked:
        return Check("registry", "ok", f"{name} is its name for the nodes, and for nobody here")
    try:
        patient.registries[asked].ping()
    except EdkError as error:
        if asked == name:
            return Check("registry", "warning", error.message, error.hint)
        detail = f"nodes pull from {name}, and at this pod's node ({asked}) it does not answer: {error.message}"
        service = patient.settings.push_host.partition(".")[0].partition(":")[0]
        remedy = f"kubectl get service,endpoints {service}: the port of nodes, and a pod that is ready"
        return Check("registry", "warning", detail, remedy)
    where = "" if asked == name else f" at this pod's node, {asked}"
    return Check("registry", "ok", f"{name} answers{where}")
