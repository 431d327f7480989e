"""What a pod is made of, as values: read from manifests, nothing of it started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Probe:
    """A question asked again and again.

    Args:
        kind: how it is asked.
        grace: seconds between signal and kill when it fails; None: as the pod has them.
    """

    kind: Literal["http", "exec", "tcp"]
    command: tuple[str, ...] = ()
    port: int = 0
    path: str = "/"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3
    grace: float | None = None


@dataclass(frozen=True)
class Source:
    """Where the value of a variable comes from.

    Args:
        kind: ``value``, ``field``, ``configMap`` or ``secret``.
        name: the value, the field's path, or the object's name.
        key: in the object.
        optional: whether it may be missing.
    """

    kind: Literal["value", "field", "configMap", "secret"]
    name: str
    key: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Whole:
    """All keys of a ConfigMap or Secret as variables."""

    kind: Literal["configMap", "secret"]
    name: str
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Mount:
    """A volume, or a part of it, at a place in a container."""

    volume: str
    path: str
    sub_path: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Security:
    """Who a container runs as, and what it may."""

    user: int | None = None
    group: int | None = None
    non_root: bool = False
    read_only_root: bool = False
    privileged: bool = False
    escalation: bool = True
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    seccomp: str = "Unconfined"
    apparmor: str = "RuntimeDefault"
    unmasked_proc: bool = False


@dataclass(frozen=True)
class ContainerSpec:
    """One container."""

    name: str
    image: str
    pull: Literal["Always", "IfNotPresent", "Never"]
    command: tuple[str, ...] | None
    arguments: tuple[str, ...] | None
    folder: str
    environment: tuple[tuple[str, Source], ...]
    wholes: tuple[Whole, ...]
    mounts: tuple[Mount, ...]
    security: Security
    ports: Mapping[str, int]
    memory: int = 0
    cpus: float = 0
    cpu_request: float = 0
    startup: Probe | None = None
    liveness: Probe | None = None
    readiness: Probe | None = None
    pre_stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file of a volume, out of a key of an object or a field of the pod."""

    path: str
    source: Source
    mode: int


@dataclass(frozen=True)
class Volume:
    """A volume of a pod.

    Args:
        kind: what it is.
        claim: name of the claim.
        size: in bytes, of an emptyDir that has a limit; 0: none.
        files: of a volume made of objects; a path that ends in ``/`` stands for all keys.
    """

    name: str
    kind: Literal["claim", "emptyDir", "memory", "files"]
    claim: str = ""
    size: int = 0
    read_only: bool = False
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class PodSpec:
    """One pod."""

    owner: str
    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    initial: tuple[ContainerSpec, ...]
    containers: tuple[ContainerSpec, ...]
    volumes: Mapping[str, Volume]
    fs_group: int | None
    fs_group_once: bool
    groups: tuple[int, ...]
    grace: float
    service_account: str
    service_links: bool
    aliases: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ServicePort:
    """A port of a service; the target is a number or a container port's name."""

    name: str
    port: int
    target: int | str
    node_port: int


@dataclass(frozen=True)
class ServiceSpec:
    """A name and a place at which the pods with these labels are reached."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    not_ready_too: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Under which it is known, in its own namespace and in others."""
        full = f"{self.name}.{self.namespace}"
        return self.name, full, f"{full}.svc", f"{full}.svc.cluster.local"


@dataclass(frozen=True)
class Rendered:
    """All that a chart renders, by what it means here.

    Args:
        objects: data of ConfigMaps and Secrets by kind, namespace and name.
        claims: sizes of PersistentVolumeClaims by namespace and name.
        notes: what is known and has no effect here.
    """

    pods: tuple[PodSpec, ...]
    services: tuple[ServiceSpec, ...]
    objects: Mapping[tuple[str, str, str], Mapping[str, bytes]]
    claims: Mapping[tuple[str, str], int]
    notes: tuple[str, ...] = ()
    raw: tuple[dict[str, Any], ...] = field(default=(), repr=False)
