"""`edk watch --health`: the pages that Kubernetes' probes and Prometheus ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from edk.adapters.health.metrics import Metrics
from edk.adapters.health.server import HealthServer, Page
from edk.domain import events as ev
from edk.domain.health import Readiness
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.health import WatchHealth
from edk.orchestrator.services import Services

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Health:
    """What answers, if anything does.

    Args:
        states: None where nobody is to be answered.
        server: answers from them.
    """

    states: WatchHealth | None = None
    server: HealthServer | None = None

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
    server = HealthServer(
        address,
        {
            "/healthz": lambda: _alive(states.hangs),
            "/readyz": lambda: _ready(states.readiness),
            "/metrics": lambda: Page(200, metrics.text(states.readiness, states.silent), _METRICS),
        },
    )
    states.start()
    server.start()
    host = address.rpartition(":")[0]
    services.sink.emit(ev.Noticed(f"health is told at http://{host}:{server.port}/healthz, /readyz and /metrics"))
    return Health(states, server)


def _alive(hangs: str) -> Page:
    return Page(503, f"{hangs}\n") if hangs else Page(200, "ok\n")


def _ready(readiness: Readiness) -> Page:
    return Page(200 if readiness.ready else 503, json.dumps(readiness.as_json()) + "\n", "application/json")
