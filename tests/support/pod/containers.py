"""Reading of a container: image, command, environment, mounts, security context, limits and probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from tests.support.pod.errors import NotKnownError, PodError
from tests.support.pod.fields import Fields
from tests.support.pod.quantities import quantity
from tests.support.pod.spec import ContainerSpec, Mount, Probe, Security, Source, Whole


def container(fields: Fields, of_pod: Security, *, initial: bool) -> ContainerSpec:
    """Read one container; `of_pod` is what its pod's security context says."""
    with fields:
        name = fields.text("name")
        fields.without_effect("terminationMessagePath", "shown in the pod's status alone")
        fields.without_effect("terminationMessagePolicy", "shown in the pod's status alone")
        fields.only("stdin", False)
        fields.only("tty", False)
        ports = dict(_port(one) for one in fields.each("ports"))
        memory, cpus, cpu_request = _resources(fields.inner("resources"))
        image = fields.text("image")
        return ContainerSpec(
            name=name,
            image=image,
            pull=_pull(fields, image),
            command=fields.texts("command") or None,
            arguments=fields.texts("args") or None,
            folder=fields.text("workingDir", ""),
            environment=tuple(_variable(one) for one in fields.each("env")),
            wholes=tuple(_whole(one) for one in fields.each("envFrom")),
            mounts=tuple(_mount(one) for one in fields.each("volumeMounts")),
            security=security(fields.inner("securityContext"), of_pod),
            ports=ports,
            memory=memory,
            cpus=cpus,
            cpu_request=cpu_request,
            **({} if initial else _looked_after(fields, ports)),
        )


def _pull(fields: Fields, image: str) -> Literal["Always", "IfNotPresent", "Never"]:
    name = image.rpartition("/")[2]
    latest = "@" not in name and (":" not in name or name.endswith(":latest"))
    match fields.take("imagePullPolicy", "Always" if latest else "IfNotPresent"):
        case "Always" | "IfNotPresent" | "Never" as policy:
            return policy  # type: ignore[no-any-return]
        case other:
            raise PodError(f"{fields.path}.imagePullPolicy: {other!r} is none")


def _port(fields: Fields) -> tuple[str, int]:
    with fields:
        fields.only("protocol", "TCP")
        number = fields.take("containerPort")
        return fields.text("name", str(number)), int(number)


def _resources(fields: Fields) -> tuple[int, float, float]:
    with fields, fields.inner("limits") as limits, fields.inner("requests") as requests:
        for one in (limits, requests):
            one.without_effect("ephemeral-storage", "the engine does not count it")
        requests.without_effect("memory", "asks for a place on a node")
        memory = int(quantity(limits.take("memory", 0), f"{limits.path}.memory"))
        cpus = float(quantity(limits.take("cpu", 0), f"{limits.path}.cpu"))
        return memory, cpus, float(quantity(requests.take("cpu", cpus), f"{requests.path}.cpu"))


def _variable(fields: Fields) -> tuple[str, Source]:
    with fields:
        name = fields.text("name")
        if "valueFrom" not in fields:
            return name, Source("value", fields.text("value", ""))
        with fields.inner("valueFrom") as source:
            kind = source.which("fieldRef", "configMapKeyRef", "secretKeyRef")
            with source.inner(kind) as wanted:
                if kind == "fieldRef":
                    wanted.only("apiVersion", "v1")
                    return name, Source("field", wanted.text("fieldPath"))
                optional = bool(wanted.take("optional", False))
                of = "configMap" if kind == "configMapKeyRef" else "secret"
                return name, Source(of, wanted.text("name"), wanted.text("key"), optional)  # type: ignore[arg-type]


def _whole(fields: Fields) -> Whole:
    with fields:
        prefix = fields.text("prefix", "")
        kind = fields.which("configMapRef", "secretRef")
        with fields.inner(kind) as wanted:
            of, optional = kind.removesuffix("Ref"), bool(wanted.take("optional", False))
            return Whole(of, wanted.text("name"), prefix, optional)  # type: ignore[arg-type]


def _mount(fields: Fields) -> Mount:
    with fields:
        fields.only("mountPropagation", "None")
        path, sub_path = fields.text("mountPath"), fields.text("subPath", "")
        if not path.startswith("/") or sub_path.startswith("/") or ".." in sub_path.split("/"):
            raise PodError(f"{fields.path}: a cluster refuses the mountPath {path!r} with the subPath {sub_path!r}")
        return Mount(fields.text("name"), path.rstrip("/") or "/", sub_path, bool(fields.take("readOnly", False)))


def security(fields: Fields, inherited: Security) -> Security:
    """Read a security context; what it leaves open is as the pod says."""
    with fields:
        unmasked = fields.take("procMount", "Default")
        if unmasked not in ("Default", "Unmasked"):
            raise PodError(f"{fields.path}.procMount: {unmasked!r} is none")
        with fields.inner("capabilities") as capabilities:
            added, dropped = capabilities.texts("add"), capabilities.texts("drop")
        read = replace(
            inherited,
            **who(fields, inherited),
            read_only_root=bool(fields.take("readOnlyRootFilesystem", False)),
            privileged=bool(fields.take("privileged", False)),
            escalation=bool(fields.take("allowPrivilegeEscalation", True)),
            added=added,
            dropped=dropped,
            unmasked_proc=unmasked == "Unmasked",
        )
    if not read.escalation and (read.privileged or "SYS_ADMIN" in read.added):
        raise PodError(f"{fields.path}: a cluster refuses no allowPrivilegeEscalation beside privileged")
    return read


def who(fields: Fields, inherited: Security) -> Mapping[str, Any]:
    """Read what stands in the security contexts of pods and containers alike."""
    fields.only("seLinuxOptions", None)
    fields.only("windowsOptions", None)
    return {
        "user": fields.take("runAsUser", inherited.user),
        "group": fields.take("runAsGroup", inherited.group),
        "non_root": bool(fields.take("runAsNonRoot", inherited.non_root)),
        "seccomp": _profile(fields.inner("seccompProfile"), inherited.seccomp),
        "apparmor": _profile(fields.inner("appArmorProfile"), inherited.apparmor),
    }


def _profile(fields: Fields, inherited: str) -> str:
    with fields:
        kind = fields.text("type", inherited)
        if kind not in ("RuntimeDefault", "Unconfined"):
            raise NotKnownError(f"{fields.path}: the runner does not know the profile {kind!r}")
        return kind


def _looked_after(fields: Fields, ports: Mapping[str, int]) -> Mapping[str, Any]:
    with fields.inner("lifecycle") as lifecycle, lifecycle.inner("preStop") as stop, stop.inner("exec") as command:
        pre_stop = command.texts("command")
    probes = {name: f"{name}Probe" for name in ("startup", "liveness", "readiness")}
    read = {name: _probe(fields.inner(field), ports) if field in fields else None for name, field in probes.items()}
    return {**read, "pre_stop": pre_stop}


def _probe(fields: Fields, ports: Mapping[str, int]) -> Probe:
    with fields:
        asked = _asked(fields, ports)
        return replace(
            asked,
            initial_delay=float(fields.take("initialDelaySeconds", 0)),
            period=float(fields.take("periodSeconds", 10)),
            timeout=float(fields.take("timeoutSeconds", 1)),
            successes=int(fields.take("successThreshold", 1)),
            failures=int(fields.take("failureThreshold", 3)),
            grace=fields.take("terminationGracePeriodSeconds", None),
        )


def _asked(fields: Fields, ports: Mapping[str, int]) -> Probe:
    kind = fields.which("exec", "httpGet", "tcpSocket")
    with fields.inner(kind) as at:
        if kind == "exec":
            return Probe("exec", at.texts("command"))
        port, host = at.take("port"), at.text("host", "")
        number = ports.get(port) if isinstance(port, str) else port
        if number is None:
            raise PodError(f"{at.path}.port: the container has no port named {port!r}")
        if kind == "tcpSocket":
            return Probe("tcp", port=number, host=host)
        at.only("scheme", "HTTP")
        headers = tuple((one.text("name"), one.text("value")) for one in at.each("httpHeaders"))
        return Probe("http", port=number, path=at.text("path", "/"), host=host, headers=headers)
