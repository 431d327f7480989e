"""Asking a Docker Engine, for `edk doctor`, whose rights it has and what its build cache holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

from edk.adapters.engine import describing
from edk.adapters.engine.disk import DockerEngineDisk
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.wire import ASK_SECONDS, EngineWire
from edk.domain.engines import EngineSeen, Rights

_CLOSED = ("connection refused", "no such host", "no route to host", "i/o timeout", "network is unreachable")
"""What an engine says of a registry that it does not get to, and not of an image that is not there."""


class DockerEngineProbes:
    """See `edk.orchestrator.doctor_model.EngineProbes`.

    Args:
        endpoint: of the engine; empty: as the docker command finds it.
        environ: see `edk.adapters.engine.endpoint.find_endpoint`; None: the process's own.
    """

    def __init__(self, endpoint: str = "", environ: Mapping[str, str] | None = None) -> None:
        self._endpoint = find_endpoint(endpoint, os.environ if environ is None else environ)
        self._disk = DockerEngineDisk(endpoint, environ)

    def rights(self, registry: str) -> tuple[EngineSeen, ...]:
        """See `edk.orchestrator.doctor_model.EngineProbes.rights`."""
        wire = EngineWire(self._endpoint)
        wire.speak(describing.ping(wire, describing.deadline()).headers.get("Api-Version", ""))
        options = wire.get("/info", ASK_SECONDS).json().get("SecurityOptions")
        rootless = isinstance(options, list) and any("name=rootless" in str(option).split(",") for option in options)
        if not rootless:
            return (EngineSeen(self._endpoint.url, Rights("root")),)
        return (EngineSeen(self._endpoint.url, Rights("rootless", unreached=unreached(wire, registry))),)

    def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
        """See `edk.orchestrator.doctor_model.EngineProbes.caches`."""
        return (EngineSeen(self._endpoint.url, cache=self._disk.cache_use(seconds)),)


def unreached(wire: EngineWire, registry: str) -> str:
    """Return why an engine does not get to a registry, in its own words; empty if it does, or can't be asked.

    It is asked for an image that is not there: what it says of that is another thing.
    """
    answer = wire.get(f"/distribution/{quote(registry)}/edk-doctor:none/json", ASK_SECONDS)
    told = answer.message
    return told if answer.status != 200 and any(words in told.lower() for words in _CLOSED) else ""
