"""Services: a container each, with an address that stays while pods come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.pod.engine import Bind, PodEngine
from tests.support.pod.errors import PodError
from tests.support.pod.spec import PodSpec, ServicePort, ServiceSpec


@dataclass
class Services:
    """The services of one set of pods.

    Args:
        folder: where it is written which pods are ready.
        network: that they are in.
        node: address of this machine in the network, the node's as pods know it.
    """

    engine: PodEngine
    folder: Path
    network: str
    node: str
    addresses: list[tuple[ServiceSpec, str]] = field(default_factory=list)

    def start(self, services: Iterable[ServiceSpec]) -> None:
        """Start them; a node port is one of this machine's own, at localhost and at the node's address."""
        for service in services:
            place = self._place(service)
            place.mkdir(parents=True, exist_ok=True)
            nodes = {
                one.port: [("127.0.0.1", one.node_port), (self.node, one.node_port)]
                for one in service.ports
                if one.node_port
            }
            ports = [one.port for one in service.ports]
            made = self.engine.run(
                f"edk-pod-{self.engine.name}-service-{service.namespace}-{service.name}",
                self.engine.labels("service", f"{service.namespace}/{service.name}"),
                {
                    "mounts": [
                        Bind(str(Path(__file__).with_name("proxy.py")), "/proxy.py", read_only=True).as_mount(),
                        Bind(str(place), "/endpoints", read_only=True).as_mount(),
                    ],
                    "network_mode": self.network,
                    "port_bindings": nodes,
                    "restart_policy": {"Name": "on-failure"},
                },
                image=self.engine.support,
                entrypoint=["python3", "-u", "/proxy.py", *map(str, ports)],
                ports=ports,
                user="0:0",
            )
            self.addresses.append((service, self.engine.address(made)))

    def hosts(self, namespace: str) -> dict[str, str]:
        """Return the names of all services, as seen from a namespace."""
        made: dict[str, str] = {}
        for service, address in self.addresses:
            names = service.names if service.namespace == namespace else service.names[1:]
            made |= dict.fromkeys(names, address)
        return made

    def show(self, ready: Mapping[str, PodSpec], others: Mapping[str, PodSpec]) -> None:
        """Have services pass on to the pods that are ready, given by address, and to others where they want them."""
        for service, _ in self.addresses:
            pods = {**ready, **others} if service.not_ready_too else ready
            for port in service.ports:
                lines = [f"{address} {_target(port, pod)}" for address, pod in pods.items() if _selects(service, pod)]
                self._write(self._place(service) / str(port.port), "".join(f"{line}\n" for line in sorted(lines)))

    def _place(self, service: ServiceSpec) -> Path:
        return self.folder / "endpoints" / service.namespace / service.name

    @staticmethod
    def _write(path: Path, text: str) -> None:
        try:
            if path.read_text() == text:
                return
        except OSError:
            pass
        made = path.with_suffix(".new")
        made.write_text(text)
        made.replace(path)


def _selects(service: ServiceSpec, pod: PodSpec) -> bool:
    return pod.namespace == service.namespace and service.selector.items() <= pod.labels.items()


def _target(port: ServicePort, pod: PodSpec) -> int:
    if isinstance(port.target, int):
        return port.target
    for container in pod.containers:
        if port.target in container.ports:
            return container.ports[port.target]
    raise PodError(f"{pod.owner}: no container has the port {port.target!r} that a service asks for")
