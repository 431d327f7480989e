"""The environment of a container, and the files of volumes that are made of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.support.pod.errors import NotKnownError, NotStartedError
from tests.support.pod.quantities import expanded
from tests.support.pod.spec import ContainerSpec, File, PodSpec, ServiceSpec, Source, Volume

Objects = Mapping[tuple[str, str, str], Mapping[str, bytes]]


@dataclass(frozen=True)
class Identity:
    """What a pod knows of itself once it has a place: its name, address and node."""

    name: str
    uid: str
    address: str
    node_address: str
    node: str = "this-machine"


@dataclass(frozen=True)
class Surroundings:
    """What values are looked up in."""

    pod: PodSpec
    identity: Identity
    objects: Objects

    def value(self, source: Source) -> bytes | None:
        """Return a value, None if it is missing and may be; else a missing one keeps the container from starting."""
        if source.kind == "value":
            return source.name.encode()
        if source.kind == "field":
            return self._field(source.name).encode()
        found = self.objects.get((source.kind, self.pod.namespace, source.name), {}).get(source.key)
        if found is None and not source.optional:
            raise NotStartedError(f"there is no key {source.key!r} in the {source.kind} {source.name!r}")
        return found

    def whole(self, kind: str, name: str, optional: bool) -> Mapping[str, bytes]:
        """Return all keys of an object."""
        found = self.objects.get((kind, self.pod.namespace, name))
        if found is None and not optional:
            raise NotStartedError(f"there is no {kind} {name!r}")
        return found or {}

    def _field(self, path: str) -> str:
        for prefix, table in (("metadata.labels", self.pod.labels), ("metadata.annotations", self.pod.annotations)):
            if path.startswith(f"{prefix}['") and path.endswith("']"):
                return table.get(path[len(prefix) + 2 : -2], "")
        known = {
            "metadata.name": self.identity.name,
            "metadata.namespace": self.pod.namespace,
            "metadata.uid": self.identity.uid,
            "spec.nodeName": self.identity.node,
            "spec.serviceAccountName": self.pod.service_account,
            "status.podIP": self.identity.address,
            "status.podIPs": self.identity.address,
            "status.hostIP": self.identity.node_address,
            "status.hostIPs": self.identity.node_address,
        }
        if path not in known:
            raise NotKnownError(f"{self.pod.owner}: the runner does not know the field {path!r}")
        return known[path]


def environment(spec: ContainerSpec, around: Surroundings, links: Mapping[str, str]) -> dict[str, str]:
    """Return a container's variables; a later one may name earlier ones as ``$(NAME)``."""
    made = dict(links)
    for whole in spec.wholes:
        for key, content in around.whole(whole.kind, whole.name, whole.optional).items():
            made[whole.prefix + key] = content.decode()
    for name, source in spec.environment:
        value = around.value(source)
        if value is not None:
            made[name] = expanded(value.decode(), made) if source.kind == "value" else value.decode()
    return made


def service_links(services: Iterable[tuple[ServiceSpec, str]], namespace: str) -> dict[str, str]:
    """Return the variables by which a kubelet names the services of a namespace, as old links of Docker do."""
    made: dict[str, str] = {}
    for service, address in services:
        if service.namespace != namespace or not service.ports:
            continue
        name = service.name.upper().replace("-", "_")
        first = service.ports[0]
        made |= {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(first.port)}
        made[f"{name}_PORT"] = f"tcp://{address}:{first.port}"
        for port in service.ports:
            if port.name:
                made[f"{name}_SERVICE_PORT_{port.name.upper().replace('-', '_')}"] = str(port.port)
            prefix = f"{name}_PORT_{port.port}_TCP"
            made |= {prefix: f"tcp://{address}:{port.port}", f"{prefix}_PROTO": "tcp"}
            made |= {f"{prefix}_PORT": str(port.port), f"{prefix}_ADDR": address}
    return made


def files(volume: Volume, around: Surroundings) -> Iterator[tuple[str, bytes, int]]:
    """Return path, content and mode of the files that a volume of objects holds."""
    for file in volume.files:
        yield from _files(file, around)


def _files(file: File, around: Surroundings) -> Iterator[tuple[str, bytes, int]]:
    if file.path == "/":
        for key, content in around.whole(file.source.kind, file.source.name, file.source.optional).items():
            yield key, content, file.mode
        return
    value = around.value(file.source)
    if value is not None:
        yield file.path, value, file.mode
