"""One pod that runs: its sandbox, its volumes and its containers."""

from __future__ import annotations

import random
import string
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support.pod.creation import command_of, host_of, lacking_here, user_of
from tests.support.pod.engine import Bind, PodEngine, Seen
from tests.support.pod.environment import Identity, Objects, Surroundings, environment, service_links
from tests.support.pod.errors import PodError
from tests.support.pod.services import Services
from tests.support.pod.spec import ContainerSpec, PodSpec
from tests.support.pod.storage import Storage
from tests.support.pod.supervision import Pauses, Phase, Watch

_LETTERS = string.ascii_lowercase + string.digits


class RunningPod:
    """A pod with a name of its own; made anew when its sandbox is gone.

    Args:
        services: all of them.
        logs: folder for what ended containers wrote.
    """

    def __init__(
        self,
        spec: PodSpec,
        engine: PodEngine,
        storage: Storage,
        objects: Objects,
        network: str,
        services: Services,
        logs: Path,
        pauses: Pauses,
    ) -> None:
        self.spec, self.engine, self.storage, self.logs = spec, engine, storage, logs
        suffix = "0" if spec.owner.startswith("StatefulSet/") else "".join(random.choices(_LETTERS, k=5))
        self.name = f"{spec.name}-{suffix}"
        self.containers: dict[str, str] = {}
        self._watches = [Watch(one, True, pauses) for one in spec.initial]
        self._mains = [Watch(one, False, pauses) for one in spec.containers]
        self._links = service_links(services.addresses, spec.namespace) if spec.service_links else {}
        logs.mkdir(parents=True, exist_ok=True)
        self._begin(objects, network, services)

    def _begin(self, objects: Objects, network: str, services: Services) -> None:
        """Start the sandbox, which keeps volumes in memory alive, and make the volumes ready."""
        hosts = services.hosts(self.spec.namespace)
        memory = [
            Bind(self.storage.memory(volume, self.name), f"/volumes/{volume.name}", volume=True)
            for volume in self.spec.volumes.values()
            if self.storage.in_memory(volume)
        ]
        uid = str(uuid.uuid4())
        self.sandbox = self.engine.supported(
            f"{self.name}-sandbox",
            "sandbox",
            "sandbox.py",
            binds=memory,
            pod=self.name,
            hostname=self.name,
            network_mode=network,
            ipc_mode="shareable",
            extra_hosts=dict([*hosts.items(), *self.spec.aliases]),
        )
        self.identity = Identity(self.name, uid, self.engine.address(self.sandbox), services.node)
        self.around = Surroundings(self.spec, self.identity, objects)
        self.fault = ""
        try:
            self.volumes = self.storage.mounted(self.spec, self.name, self.around)
            self.storage.prepare(self.spec, self.name, self.volumes)
        except PodError as error:
            self.fault = str(error)
            self.log(f"volumes: {error}")

    def stands(self, seen: Mapping[str, Seen]) -> bool:
        """Whether its sandbox runs; a sandbox that was just made is not among what was seen before."""
        if self.sandbox not in seen:
            return self.engine.runs(self.sandbox)
        return seen[self.sandbox].running

    def watched(self) -> list[Watch]:
        """Return the containers in force: one init container after the other, then all others."""
        if self.fault:
            return []
        for watch in self._watches:
            if watch.phase is not Phase.DONE:
                return [watch]
        return self._mains

    @property
    def ready(self) -> bool:
        """Whether services may pass on to it."""
        done = all(watch.phase is Phase.DONE for watch in self._watches)
        return done and not self.fault and all(watch.ready for watch in self._mains)

    def start(self, watch: Watch) -> None:
        """Start a container."""
        spec = watch.spec
        try:
            image = self.engine.image(spec.image, spec.pull)
            environ = environment(spec, self.around, self._links)
            lacking = lacking_here(Path("/proc/self/status").read_text()) if spec.security.privileged else frozenset()
            if lacking:
                self.log(f"{spec.name}: privileged but for {', '.join(sorted(lacking))}, which nobody has here")
            binds = self.storage.binds(spec, self.spec, self.volumes)
            made = self.engine.run(
                f"edk-pod-{self.engine.name}-{self.name}-{spec.name}-{watch.number}",
                self.engine.labels("container", self.name, spec.name),
                host_of(spec, self.spec, self.sandbox, binds, lacking),
                image=spec.image,
                environment=environ,
                user=user_of(spec, image),
                **command_of(spec, environ),
            )
        except PodError as error:
            watch.refused(time.monotonic(), str(error))
            self.log(f"{spec.name}: not started: {error}")
            return
        self.containers[spec.name] = made
        watch.begun(time.monotonic())
        self.log(f"{spec.name}: started")

    def notice_end(self, watch: Watch, seen: Mapping[str, Seen], now: float) -> None:
        """See whether a container ended, and keep what it wrote."""
        if watch.phase not in (Phase.RUNNING, Phase.STOPPING):
            return
        container = self.containers[watch.spec.name]
        known = seen.get(container)
        if (known is None and self.engine.runs(container)) or (known is not None and known.running):
            return
        if known is not None:
            self._keep_log(watch, container)
        self.engine.remove(container)
        watch.ended(now, 137 if known is None else known.code)
        self.log(f"{watch.spec.name}: {watch.last}")

    def _keep_log(self, watch: Watch, container: str) -> None:
        path = self.logs / f"{self.name}.{watch.spec.name}.{watch.number}.log"
        try:
            path.write_text(self.engine.logs(container))
        except PodError as error:
            self.log(f"{watch.spec.name}: its log is lost: {error}")

    def stop(self, spec: ContainerSpec, grace: float | None = None) -> None:
        """End a container with the pod's grace, or another one."""
        container = self.containers.get(spec.name)
        if container is None:
            return
        if spec.pre_stop:
            try:
                self.engine.execute(container, spec.pre_stop)
            except PodError as error:
                self.log(f"{spec.name}: preStop: {error}")
        self.engine.stop(container, self.spec.grace if grace is None else grace)

    def end(self) -> None:
        """End all containers side by side, then the sandbox."""
        both = (*self._watches, *self._mains)
        running = [watch for watch in both if watch.phase in (Phase.RUNNING, Phase.STOPPING)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda watch: self.stop(watch.spec), running))
        for watch in running:
            self._keep_log(watch, self.containers[watch.spec.name])
        self.discard()

    def discard(self) -> None:
        """Remove what there is of it: containers, sandbox, and the volumes that last as long as a pod."""
        for container in (*self.containers.values(), self.sandbox):
            self.engine.remove(container)
        self.storage.remove(self.name)
        self.log("removed")

    def log(self, text: str) -> None:
        """Write to the supervisor's log."""
        print(f"{time.strftime('%H:%M:%S')} {self.name}: {text}", flush=True)

    def status(self) -> dict[str, Any]:
        """Return how it is."""
        return {
            "name": self.name,
            "owner": self.spec.owner,
            "namespace": self.spec.namespace,
            "address": self.identity.address,
            "ready": self.ready,
            "fault": self.fault,
            "containers": [
                {
                    "name": watch.spec.name,
                    "initial": watch.initial,
                    "phase": str(watch.phase),
                    "ready": watch.ready,
                    "restarts": watch.restarts,
                    "last": watch.last,
                    "id": self.containers.get(watch.spec.name, "")[:12],
                }
                for watch in (*self._watches, *self._mains)
            ],
        }
