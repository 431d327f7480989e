"""Asking an engine who it is and which builder it has."""

from __future__ import annotations

import time

from edk.adapters.engine.wire import Answer, EngineWire, impossible_build
from edk.domain.errors import EngineUnreachableError
from edk.domain.requests import EngineInfo
from edk.ports import Cache

_BUDGET = 5.0
_KIND = "engine"


def ping(wire: EngineWire, deadline: float) -> Answer:
    """Return the engine's answer to a ping; raise EngineUnreachableError."""
    answer = wire.ping(_left(deadline))
    if answer.status != 200:
        raise wire.unreachable(f"it answers a ping with status {answer.status}: {answer.message}")
    return answer


def deadline() -> float:
    """Return the time by which a description has to be there."""
    return time.monotonic() + _BUDGET


def identity(answer: Answer) -> tuple[str, str, str]:
    """Return what of a ping's answer changes when another engine stands there."""
    headers = answer.headers
    return (
        headers.get("Server", ""),
        headers.get("Builder-Version", ""),
        headers.get("Libpod-Api-Version", ""),
    )


def describe(wire: EngineWire, endpoint: str, pong: Answer, until: float, memory: Cache | None = None) -> EngineInfo:
    """Return who answers; raise EngineUnreachableError. `memory` keeps what it took a trial to find out."""
    _, builder, podman = identity(pong)
    wire.speak(pong.headers.get("Api-Version", ""))
    version = wire.get("/version", _left(until)).json()
    info = wire.get("/info", _left(until)).json()
    name = "Podman" if podman else "Docker Engine"
    number = str(version.get("Version") or podman)
    if not number:
        raise wire.unreachable("it does not tell its version, so it is no Docker Engine")
    wire.name = f"{name} {number}"
    driver = info.get("DriverStatus") or ()
    return EngineInfo(
        name=name,
        version=number,
        endpoint=endpoint,
        buildkit=not podman and (builder == "2" or _found(wire, until, f"{info.get('ID') or ''} {number}", memory)),
        containerd_store=any("io.containerd.snapshotter" in str(pair) for pair in driver),
        platform=f"{version.get('Os') or 'linux'}/{version.get('Arch') or 'amd64'}",
        root_dir=str(info.get("DockerRootDir") or ""),
    )


def _found(wire: EngineWire, until: float, engine: str, memory: Cache | None) -> bool:
    """Whether BuildKit was found, now or earlier: a trial takes the engine a tenth of a second.

    Only a trial that found it is remembered: one that did not may have had another cause.
    """
    if memory is not None and memory.readings(_KIND, [engine]):
        return True
    found = _probe(wire, until)
    if found and memory is not None and not engine.startswith(" "):
        memory.store_readings(_KIND, {engine: b"buildkit"})
    return found


def _probe(wire: EngineWire, until: float) -> bool:
    """Whether a build by BuildKit is possible on an engine that does not say so (20.10 and older)."""
    answer = wire.post("/build", {"version": "2"}, _left(until), impossible_build())
    return answer.status == 200 and b"moby.buildkit.trace" in answer.body


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise EngineUnreachableError(
            f"the engine took more than {_BUDGET:.0f} seconds to say who it is", "See 'edk doctor'."
        )
    return left
