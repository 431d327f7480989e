"""`edk watch --health`: the pages that Kubernetes' probes and Prometheus ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from edk.adapters.serving.server import PageServer
from edk.domain import events as ev
from edk.domain.listening import listen_address
from edk.domain.pages import ANY, JSON, TEXT, Admission, PageRequest, PageResponse
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.health import WatchHealth
from edk.orchestrator.loop import EventOccurred
from edk.orchestrator.services import Services
from edk.ui.metrics import Metrics

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Health:
    """What answers, if anything does.

    Args:
        states: None where nobody is to be answered.
        server: answers from them.
    """

    states: WatchHealth | None = None
    server: PageServer | None = None

    def planned(self) -> None:
        """Note that the first plan is made."""
        if self.states is not None:
            self.states.planned()

    def stop(self) -> None:
        """Answer nobody any more."""
        if self.states is not None:
            self.states.stop()
        if self.server is not None:
            self.server.stop()


def health_of(address: str, services: Services, inbox: QueueInbox, metrics: Metrics) -> Health:
    """Return what answers at an address, from now on; nothing if that is empty. Raise UsageError if it can't be had."""
    if not address:
        return Health()
    states = WatchHealth(
        inbox.put,
        services.clock.monotonic,
        services.builder.describe,
        services.registry.ping,
        services.settings.watch_frozen,
    )

    def trouble(sentence: str) -> None:
        # Events are shown by the loop's thread alone.
        inbox.put(EventOccurred(ev.Noticed(sentence)))

    host, port = listen_address(address, "watch_health", 8081)
    # Whoever asks, by whatever name: there is nothing to learn but states.
    admission = Admission(frozenset({ANY}), open_paths=PATHS)
    server = PageServer(host, port, lambda request: answer(request, states, metrics), admission, trouble, "--health")
    states.start()
    server.start()
    services.sink.emit(ev.Noticed(f"health is told at http://{server.address}/healthz, /readyz and /metrics"))
    return Health(states, server)


def answer(request: PageRequest, states: WatchHealth, metrics: Metrics) -> PageResponse:
    """Return the answer to a request."""
    match request.path:
        case "/healthz":
            hangs = states.hangs
            return PageResponse(503 if hangs else 200, f"{hangs or 'ok'}\n".encode(), TEXT)
        case "/readyz":
            readiness = states.readiness
            told = json.dumps(readiness.as_json()) + "\n"
            return PageResponse(200 if readiness.ready else 503, told.encode(), JSON)
        case "/metrics":
            return PageResponse(200, metrics.text(states.readiness, states.silent).encode(), _METRICS)
    return PageResponse(404, b"there is no such page\n", TEXT)
