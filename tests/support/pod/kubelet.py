"""A kubelet in small: keeps the containers of pods running as their specs say, until it is told to end."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.pod.engine import PodEngine, Seen
from tests.support.pod.probes import ask
from tests.support.pod.running import RunningPod
from tests.support.pod.services import Services
from tests.support.pod.spec import PodSpec, Rendered
from tests.support.pod.storage import Storage
from tests.support.pod.supervision import Ask, Kind, Pauses, Start, Stop, Watch

_TICK = 0.1


@dataclass(frozen=True)
class _Answer:
    pod: RunningPod
    watch: Watch
    kind: Kind
    number: int
    fault: str


@dataclass
class Kubelet:
    """Runs the pods of one chart.

    Args:
        folder: for what is told of them: ``status.json``, ``logs``.
        pauses: between starts of a container that ends.
    """

    engine: PodEngine
    rendered: Rendered
    storage: Storage
    folder: Path
    pauses: Pauses
    ending: bool = False
    _pods: list[RunningPod] = field(default_factory=list)
    _answers: queue.SimpleQueue[_Answer] = field(default_factory=queue.SimpleQueue)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16))
    _told: str = ""

    def run(self) -> None:
        """Do so until `ending` is set, then end the pods with grace."""
        network, node = self.engine.network()
        services = Services(self.engine, self.storage.folder, network, node)
        services.start(self.rendered.services)
        self._pods = [self._begin(one, network, services) for one in self.rendered.pods]
        while not self.ending:
            self._step(network, services)
            time.sleep(_TICK)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pod: pod.end(), self._pods))
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, spec: PodSpec, network: str, services: Services) -> RunningPod:
        return RunningPod(
            spec, self.engine, self.storage, self.rendered.objects, network, services, self.folder / "logs", self.pauses
        )

    def _step(self, network: str, services: Services) -> None:
        seen = {one.id: one for one in self.engine.listed()}
        for number, pod in enumerate(self._pods):
            if not pod.stands(seen):
                pod.discard()
                self._pods[number] = self._begin(pod.spec, network, services)
        while not self._answers.empty():
            self._take(self._answers.get())
        for pod in self._pods:
            self._look_after(pod, seen)
        by_address = {pod.identity.address: pod for pod in self._pods}
        ready = {address: pod.spec for address, pod in by_address.items() if pod.ready}
        services.show(ready, {address: pod.spec for address, pod in by_address.items() if not pod.ready})
        self._tell()

    def _look_after(self, pod: RunningPod, seen: Mapping[str, Seen]) -> None:
        for watch in pod.watched():
            now = time.monotonic()
            pod.notice_end(watch, seen, now)
            for action in watch.due(now):
                match action:
                    case Start():
                        pod.start(watch)
                    case Ask(kind, probe):
                        container = pod.containers[watch.spec.name]
                        self._pool.submit(self._ask, pod, watch, kind, probe, container, watch.number)
                    case Stop():
                        pass

    def _ask(self, pod: RunningPod, watch: Watch, kind: Kind, probe: Any, container: str, number: int) -> None:
        fault = ask(self.engine, probe, container, pod.identity.address)
        self._answers.put(_Answer(pod, watch, kind, number, fault))

    def _take(self, answer: _Answer) -> None:
        for action in answer.watch.answered(answer.kind, answer.number, time.monotonic(), answer.fault):
            match action:
                case Stop(why, grace):
                    answer.pod.log(f"{answer.watch.spec.name}: {why}; it is ended")
                    self._pool.submit(answer.pod.stop, answer.watch.spec, grace)

    def _tell(self) -> None:
        """Write how everything is, if that changed."""
        text = json.dumps({"pods": [pod.status() for pod in self._pods], "notes": self.rendered.notes}, indent=1)
        if text != self._told:
            made = self.folder / "status.json.new"
            made.write_text(text)
            made.replace(self.folder / "status.json")
            self._told = text
