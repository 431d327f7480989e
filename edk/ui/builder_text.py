"""What `edk builder` prints, as text and as JSON, schema ``edk.builder/v1``."""

from __future__ import annotations

from typing import Any

from edk.domain.buildkitd import DaemonState, Lowered, Raised
from edk.ui.text import plural, safe, size

SCHEMA = "edk.builder/v1"


def state_lines(state: DaemonState) -> list[str]:
    """Return how a daemon is."""
    if not state.pid:
        return [
            f"no BuildKit daemon of ours runs; it would be at {safe(state.address)}",
            "    edk builder up starts one",
        ]
    if not state.answers:
        return [
            f"process {state.pid} does not answer at {safe(state.address)}",
            "    edk builder down ends it, and edk builder up starts it anew",
        ]
    return [
        f"address   {safe(state.address)}",
        f"process   {state.pid}",
        f"version   {safe(state.version) or 'built without one'}",
        *(f"worker    {safe(name)}  {safe(' '.join(platforms))}" for name, platforms in state.workers),
        f"steps     {state.jobs or '?'} at once",
        f"cache     {size(state.cache_bytes)} of {size(state.cache_limit) if state.cache_limit else 'no limit'}",
    ]


def up_lines(raised: Raised) -> list[str]:
    """Return what bringing one up came to."""
    state = raised.state
    lines = []
    if raised.cleared:
        lines.append(f"ended {plural(raised.cleared, 'process', 'processes')} that a killed daemon had left")
    lines.append(f"BuildKit {'runs now' if raised.started else 'ran already'} at {safe(state.address)}")
    lines.append(f"    process {state.pid}, {state.jobs} steps at once, cache limit {size(state.cache_limit)}")
    if raised.differs:
        lines.append(f"it runs with {', '.join(raised.differs)}")
        lines.append("    edk builder down, then up again, changes it; builds that are at work in it fail")
    return lines


def down_lines(lowered: Lowered, *, data: bool) -> list[str]:
    """Return what taking one down came to."""
    lines = [f"ended process {lowered.pid}" if lowered.pid else "no BuildKit daemon of ours ran"]
    if lowered.cleared:
        lines.append(f"ended {plural(lowered.cleared, 'process', 'processes')} that were left of builds")
    if data:
        lines.append("removed its cache")
    return lines


def state_as_json(state: DaemonState) -> dict[str, Any]:
    """Return how a daemon is, for programs."""
    return {
        "schema": SCHEMA,
        "address": state.address,
        "pid": state.pid,
        "answers": state.answers,
        "version": state.version,
        "workers": [{"id": name, "platforms": list(platforms)} for name, platforms in state.workers],
        "cache_bytes": state.cache_bytes,
        "cache_limit": state.cache_limit,
        "jobs": state.jobs,
    }
