"""The local Docker Engine, as what runs containers of pods."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import Mount

from tests.support.pod.errors import NotStartedError, PodError

LABEL = "edk-pod"
HERE = Path(__file__).parent
# The longest that a call may take: stopping waits for a container's grace.
_SECONDS = 180


@dataclass(frozen=True)
class Bind:
    """A folder or file of this machine, or a volume of the engine, at a place in a container."""

    source: str
    target: str
    read_only: bool = False
    volume: bool = False

    def as_mount(self) -> Mount:
        """Return what the engine takes."""
        if self.volume:
            return Mount(self.target, self.source, type="volume", read_only=self.read_only, no_copy=True)
        return Mount(self.target, self.source, type="bind", read_only=self.read_only)


@dataclass(frozen=True)
class Seen:
    """A container as the engine lists it."""

    id: str
    role: str
    pod: str
    container: str
    running: bool
    code: int


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise NotStartedError(f"{what}: {error.explanation or error}") from error
    except DockerException as error:
        raise PodError(f"{what}: {error}") from error


class PodEngine:
    """Containers that belong to one set of pods.

    Args:
        name: of the set; a label of all that is made.
        support: image with a Python, for sandboxes, services and the preparation of volumes.
    """

    def __init__(self, name: str, support: str) -> None:
        self.name, self.support = name, support
        with _translated("no Docker Engine"):
            self.api = docker.APIClient(base_url=os.environ.get("DOCKER_HOST"), version="auto", timeout=_SECONDS)

    def labels(self, role: str, pod: str = "", container: str = "") -> dict[str, str]:
        """Return the labels of a container."""
        return {LABEL: self.name, f"{LABEL}.role": role, f"{LABEL}.pod": pod, f"{LABEL}.container": container}

    def network(self) -> tuple[str, str]:
        """Make the network of all pods, unless it is there; return its name, and this machine's address in it."""
        name = f"edk-pod-{self.name}"
        with _translated("the network"):
            if not self.api.networks(names=[f"^{name}$"]):
                self.api.create_network(name, driver="bridge", labels={LABEL: self.name})
            gateway: str = self.api.inspect_network(name)["IPAM"]["Config"][0]["Gateway"]
        return name, gateway

    def memory_volume(self, name: str, size: int) -> str:
        """Make a volume in memory; it lasts as long as a container has it."""
        limits = ["mode=0777", *([f"size={size}"] if size else [])]
        options = {"type": "tmpfs", "device": "tmpfs", "o": ",".join(limits)}
        full = f"edk-pod-{self.name}-{name}"
        with _translated(f"the volume {name}"):
            self.api.create_volume(full, driver="local", driver_opts=options, labels={LABEL: self.name})
        return full

    def image(self, ref: str, policy: str = "IfNotPresent") -> Mapping[str, Any]:
        """Return an image's configuration, and pull it first as the policy says."""
        with _translated(f"the image {ref}"):
            if policy != "Always":
                try:
                    return self._configuration(ref)
                except ImageNotFound:
                    if policy == "Never":
                        raise
            self.api.pull(ref)
            return self._configuration(ref)

    def renew(self, refs: Iterable[str]) -> None:
        """Pull images as a node that never had them does; where it can't get one, the one that is there stays."""
        for ref in refs:
            with contextlib.suppress(DockerException):
                self.api.pull(ref)

    def _configuration(self, ref: str) -> Mapping[str, Any]:
        return dict(self.api.inspect_image(ref)["Config"])  # type: ignore[no-untyped-call]

    def run(self, name: str, labels: Mapping[str, str], host: Mapping[str, Any], **more: Any) -> str:
        """Create and start a container, and return its id; one of the same name gives way.

        Args:
            name: of the container.
            labels: of the container.
            host: options as the client has them; in capitals those of the API that it does not know.
            more: of the container itself.
        """
        with _translated(name):
            self.remove(name)
            raw = {key: value for key, value in host.items() if key[0].isupper()}
            known = {key: value for key, value in host.items() if key not in raw}
            told = {**self.api.create_host_config(**known), **raw}
            made = self.api.create_container(name=name, labels=dict(labels), host_config=told, **more)
            try:
                self.api.start(made["Id"])
            except APIError:
                self.remove(made["Id"])
                raise
            return str(made["Id"])

    def runs(self, container: str) -> bool:
        """Whether a container is there and runs."""
        try:
            return bool(self.api.inspect_container(container)["State"]["Running"])
        except NotFound:
            return False

    def supported(
        self,
        name: str,
        role: str,
        script: str,
        *arguments: str,
        binds: Sequence[Bind] = (),
        pod: str = "",
        hostname: str = "",
        **host: Any,
    ) -> str:
        """Start one of our own scripts, as root, in a container of the support image."""
        self.image(self.support)
        mounts = [Bind(str(HERE / script), f"/{script}", read_only=True), *binds]
        return self.run(
            f"edk-pod-{self.name}-{name}",
            self.labels(role, pod),
            {"mounts": [one.as_mount() for one in mounts], **host},
            image=self.support,
            entrypoint=["python3", "-u", f"/{script}", *arguments],
            user="0:0",
            **({"hostname": hostname} if hostname else {}),
        )

    def prepare(self, name: str, argument: str, binds: Sequence[Bind], *more: str) -> None:
        """Run the preparation of volumes as root, and wait for its end."""
        made = self.supported(
            f"prepare-{name}", "prepare", "prepare.py", argument, *more, binds=binds, network_mode="none"
        )
        try:
            with _translated("the preparation of volumes"):
                code = self.api.wait(made)["StatusCode"]
                said = self.api.logs(made).decode("utf-8", "replace")
        finally:
            self.remove(made)
        if code:
            raise PodError(f"the preparation of volumes failed:\n{said}")

    def address(self, container: str) -> str:
        """Return a container's address in the network."""
        with _translated("an address"):
            networks = self.api.inspect_container(container)["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    def listed(self) -> list[Seen]:
        """Return all containers of this set, the ended ones with their exit code."""
        with _translated("the list of containers"):
            return [
                self._seen(one)
                for one in self.api.containers(all=True, filters={"label": f"{LABEL}={self.name}"})
                if one["State"] != "created"
            ]

    def _seen(self, one: Mapping[str, Any]) -> Seen:
        labels = one["Labels"]
        running, code = one["State"] in ("running", "paused", "restarting"), 0
        if not running:
            try:
                code = int(self.api.inspect_container(one["Id"])["State"]["ExitCode"])
            except NotFound:
                code = 137
        return Seen(
            one["Id"], labels[f"{LABEL}.role"], labels[f"{LABEL}.pod"], labels[f"{LABEL}.container"], running, code
        )

    def stop(self, container: str, grace: float) -> None:
        """End a container: a signal, and after the grace the one that cannot be ignored."""
        try:
            self.api.stop(container, timeout=int(grace))
        except NotFound:
            return
        except (APIError, DockerException):
            self.remove(container)

    def remove(self, container: str) -> None:
        """Kill and remove a container that may be there."""
        try:
            self.api.remove_container(container, force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # somebody else is removing it
                raise

    def execute(
        self, container: str, command: Sequence[str], user: str = "", environ: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run a command in a container, and return its exit code and what it wrote."""
        with _translated("exec"):
            made = self.api.exec_create(container, list(command), user=user, environment=dict(environ or {}))["Id"]
            out = self.api.exec_start(made)
            return int(self.api.exec_inspect(made)["ExitCode"] or 0), out.decode("utf-8", "replace")

    def logs(self, container: str) -> str:
        """Return what a container wrote."""
        with _translated("logs"):
            return bytes(self.api.logs(container, timestamps=False)).decode("utf-8", "replace")

    def clear(self) -> None:
        """Remove all containers, memory volumes and the network."""
        with _translated("removing"):
            for one in self.api.containers(all=True, filters={"label": f"{LABEL}={self.name}"}):
                self.remove(one["Id"])
            for volume in self.api.volumes(filters={"label": f"{LABEL}={self.name}"})["Volumes"] or []:
                self.api.remove_volume(volume["Name"], force=True)
            for network in self.api.networks(filters={"label": f"{LABEL}={self.name}"}):
                self.api.remove_network(network["Id"])
