"""From what a container is to what the engine is told: the part of a kubelet and its runtime that knows security."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.pod.engine import Bind
from tests.support.pod.errors import NotStartedError
from tests.support.pod.quantities import expanded
from tests.support.pod.spec import ContainerSpec, PodSpec

# By the names that the engine's API has for them; the docker command has an option for both.
_WHOLE_PROC: dict[str, Any] = {"MaskedPaths": [], "ReadonlyPaths": []}
_CONTROL_GROUPS = "/sys/fs/cgroup"

# By their numbers, as Linux has them; without the last three, which older engines do not know.
_CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE"
    " NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN"
    " SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE"
    " MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ"
)


def _named() -> list[str]:
    return _CAPABILITIES.split()


def lacking_here(status: str) -> frozenset[str]:
    """Return the capabilities that nobody can have on this machine, by what /proc/self/status says of its bounding set.

    An engine on such a machine, itself in a container or a small virtual one, starts no privileged container.
    """
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    return frozenset(name for number, name in enumerate(_named()) if not bounding >> number & 1)


def nearly_privileged(lacking: frozenset[str]) -> dict[str, Any]:
    """Return what the engine is told in place of ``privileged`` where some capabilities are not to be had."""
    return {
        "privileged": False,
        "cap_add": [name for name in _named() if name not in lacking],
        "cap_drop": [],
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        **_WHOLE_PROC,
        "device_cgroup_rules": ["a *:* rwm"],
    }


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


def host_of(
    spec: ContainerSpec, pod: PodSpec, sandbox: str, binds: Sequence[Bind], lacking: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return what the engine is told of namespaces, rights, limits and mounts; see `lacking_here` for what lacks."""
    security = spec.security
    options = []
    if not security.escalation:
        options.append("no-new-privileges")
    # A runtime that is told of no profile uses none, unlike the engine by itself.
    if security.seccomp == "Unconfined":
        options.append("seccomp=unconfined")
    if security.apparmor == "Unconfined":
        options.append("apparmor=unconfined")
    less = security.privileged and bool(lacking)
    groups_of_control = [Bind(_CONTROL_GROUPS, _CONTROL_GROUPS)] if less else []
    groups = [str(one) for one in (*pod.groups, *(() if pod.fs_group is None else (pod.fs_group,)))]
    host: dict[str, Any] = {
        "network_mode": f"container:{sandbox}",
        "ipc_mode": f"container:{sandbox}",
        "mounts": [one.as_mount() for one in (*binds, *groups_of_control)],
        "read_only": security.read_only_root,
        "privileged": security.privileged,
        "security_opt": options,
        "cap_add": list(security.added),
        "cap_drop": list(security.dropped),
        "group_add": groups,
    }
    if security.unmasked_proc:
        host |= _WHOLE_PROC
    if less:
        host |= nearly_privileged(lacking)
    if spec.memory:
        host |= {"mem_limit": spec.memory, "memswap_limit": spec.memory}
    if spec.cpus:
        host |= {"cpu_period": 100_000, "cpu_quota": int(spec.cpus * 100_000)}
    if spec.cpu_request:
        host["cpu_shares"] = max(2, int(spec.cpu_request * 1024))
    return host
