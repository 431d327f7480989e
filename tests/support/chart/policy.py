"""What no rendering of the chart may do, as a list of sentences; empty if all is well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.chart.rendering import Document, containers

WRITABLE_ROOT = {
    "builder": "BuildKit and dockerd write below /run and /home",
    "minio-output": "the platform's image writes to its own root",
    "minio-input": "the platform's image writes to its own root",
}
WITHOUT_PROBES = {
    "minio-output": "the platform's image has nothing to ask",
    "minio-input": "the platform's image has nothing to ask",
}
CAPABILITIES = {"builder": {"SETUID", "SETGID"}}
"""What may be added, for newuidmap and newgidmap."""
RIGHTS = {("", "nodes", "list"), ("", "pods", "list")}
"""All that edk/adapters/kubernetes.py asks for."""
VOLUMES = {"persistentVolumeClaim", "emptyDir", "configMap", "secret", "projected"}
SHARED = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def violations(rendered: tuple[Document, ...], engine: bool, access: bool) -> list[str]:
    """Return what a rendering does that it may not.

    Args:
        rendered: all documents.
        engine: whether a Docker Engine in the pod was asked for.
        access: whether a look at the cluster was.
    """
    found: list[str] = []
    for document in rendered:
        name = f"{document['kind']} {document['metadata']['name']}"
        if document["kind"] == "Deployment":
            found += [f"{name}: {text}" for text in _of_deployment(document, engine, access)]
        elif document["kind"] in ("Role", "ClusterRole"):
            found += [f"{name}: {text}" for text in _of_role(document, access)]
        elif document["kind"] == "ServiceAccount" and document.get("automountServiceAccountToken") is not False:
            found.append(f"{name}: its token is mounted")
        elif document["kind"] in ("RoleBinding", "ClusterRoleBinding") and not access:
            found.append(f"{name}: nobody asked for it")
    return found


def _of_role(role: Mapping[str, Any], access: bool) -> Iterator[str]:
    if not access:
        yield "nobody asked for it"
    for rule in role["rules"]:
        if set(rule) != {"apiGroups", "resources", "verbs"}:
            yield f"{sorted(rule)} are no groups, resources and verbs"
            continue
        asked = {(g, r, v) for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}
        yield from (f"{right} is not needed" for right in sorted(asked - RIGHTS))


def _of_deployment(deployment: Mapping[str, Any], engine: bool, access: bool) -> Iterator[str]:
    pod = deployment["spec"]["template"]["spec"]
    yield from (f"{key} is on" for key in SHARED if pod.get(key))
    if pod.get("automountServiceAccountToken") is not False:
        yield "a token is mounted into all containers"
    if pod.get("enableServiceLinks") is not False:
        yield "names of Services become variables"
    if pod["securityContext"].get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "there is no system call filter"
    if not pod["securityContext"].get("runAsNonRoot"):
        yield "it may run as root"
    for volume in pod["volumes"]:
        kind = (set(volume) - {"name"}).pop()
        if kind not in VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
        if "serviceAccountToken" in str(volume) and not access:
            yield f"volume {volume['name']} has a token, and nobody asked for a look at the cluster"
    tokens = {volume["name"] for volume in pod["volumes"] if "serviceAccountToken" in str(volume)}
    first = {one["name"] for one in pod.get("initContainers", [])}
    for name, container in containers(deployment).items():
        for text in (
            *_of_container(name, container, engine and name == "builder"),
            *([] if name in first else _without_probes(name, container)),
            *_with_token(name, container, tokens),
        ):
            yield f"{name}: {text}"


def _of_container(name: str, container: Mapping[str, Any], privileged: bool) -> Iterator[str]:
    security = container.get("securityContext", {})
    yield from (
        f"{part} has no limit of memory" if part == "limits" else f"{part} has no memory"
        for part in ("requests", "limits")
        if "memory" not in container.get("resources", {}).get(part, {})
    )
    if privileged:
        return
    if security.get("privileged"):
        yield "it is privileged"
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 1000) == 0:
        yield "it may run as root"
    if security.get("allowPrivilegeEscalation") is not False and name != "builder":
        yield "it may gain privileges"
    capabilities = security.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"]:
        yield "it keeps capabilities"
    if extra := set(capabilities.get("add", [])) - CAPABILITIES.get(name, set()):
        yield f"it adds {sorted(extra)}"
    if "Unconfined" in str(security) and name != "builder":
        yield "a profile is off"
    if "procMount" in security:
        yield "it sees more of /proc"
    if security.get("readOnlyRootFilesystem") is not True and name not in WRITABLE_ROOT:
        yield "its root can be written to"


def _without_probes(name: str, container: Mapping[str, Any]) -> Iterator[str]:
    if name not in WITHOUT_PROBES:
        yield from (f"it has no {probe}" for probe in PROBES if probe not in container)


def _with_token(name: str, container: Mapping[str, Any], tokens: set[str]) -> Iterator[str]:
    if tokens & {mount["name"] for mount in container["volumeMounts"]} and name not in ("editor", "watcher"):
        yield "it has a token"
