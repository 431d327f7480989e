"""From what a container is to what the engine is told: the part of a kubelet and its runtime that knows security."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.pod.engine import Bind
from tests.support.pod.errors import NotStartedError
from tests.support.pod.quantities import expanded
from tests.support.pod.spec import ContainerSpec, PodSpec


def user_of(spec: ContainerSpec, image: Mapping[str, Any]) -> str:
    """Return the user a container runs as; refuse root where the pod says that nobody may be root."""
    security = spec.security
    if security.user is None:
        user = str(image.get("User") or "")
        name = user.partition(":")[0]
        if security.group is not None:
            raise NotStartedError(f"{spec.name}: runAsGroup without runAsUser")
        if security.non_root and not name.isdigit():
            known = f"the image's user is {name!r}, which is no number" if name else "the image runs as root"
            raise NotStartedError(f"{spec.name}: runAsNonRoot, but {known}")
        number = int(name) if name.isdigit() else None
    else:
        number, user = security.user, str(security.user)
        if security.group is not None:
            user = f"{user}:{security.group}"
    if security.non_root and number == 0:
        raise NotStartedError(f"{spec.name}: runAsNonRoot, but it would run as root")
    return user


def command_of(spec: ContainerSpec, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return entrypoint and arguments, where the image's own are not to be used."""
    made: dict[str, Any] = {}
    if spec.command is not None:
        made["entrypoint"] = [expanded(one, environ) for one in spec.command]
    if spec.arguments is not None:
        made["command"] = [expanded(one, environ) for one in spec.arguments]
    if spec.folder:
        made["working_dir"] = spec.folder
    return made


def host_of(spec: ContainerSpec, pod: PodSpec, sandbox: str, binds: Sequence[Bind]) -> dict[str, Any]:
    """Return what the engine is told of namespaces, rights, limits and mounts."""
    security = spec.security
    options = []
    if not security.escalation:
        options.append("no-new-privileges")
    # A runtime that is told of no profile uses none, unlike the engine by itself.
    if security.seccomp == "Unconfined":
        options.append("seccomp=unconfined")
    if security.apparmor == "Unconfined":
        options.append("apparmor=unconfined")
    if security.unmasked_proc:
        options.append("systempaths=unconfined")
    groups = [str(one) for one in (*pod.groups, *(() if pod.fs_group is None else (pod.fs_group,)))]
    host: dict[str, Any] = {
        "network_mode": f"container:{sandbox}",
        "ipc_mode": f"container:{sandbox}",
        "mounts": [one.as_mount() for one in binds],
        "read_only": security.read_only_root,
        "privileged": security.privileged,
        "security_opt": options,
        "cap_add": list(security.added),
        "cap_drop": list(security.dropped),
        "group_add": groups,
    }
    if spec.memory:
        host |= {"mem_limit": spec.memory, "memswap_limit": spec.memory}
    if spec.cpus:
        host |= {"cpu_period": 100_000, "cpu_quota": int(spec.cpus * 100_000)}
    if spec.cpu_request:
        host["cpu_shares"] = max(2, int(spec.cpu_request * 1024))
    return host
