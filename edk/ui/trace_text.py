"""A trace as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edk.domain.tracing import WORDS, Link, Trace
from edk.ui.text import safe

SCHEMA = "edk.trace/v1"
_MARKS = {"ok": "ok", "stale": "STALE", "missing": "MISSING", "unknown": "?"}
_WIDTH = 72


def trace_lines(traces: Sequence[Trace]) -> Iterator[str]:
    """Yield what became of each image, link by link, and what to do about the first that is stale."""
    for number, trace in enumerate(traces):
        if number:
            yield ""
        yield safe(trace.image)
        for link in trace.links:
            yield f"  {_MARKS[link.state]:<7}  {WORDS[link.where]:<10}  {_what(link)}"
            if link.detail:
                yield f"  {'':<7}  {'':<10}  {safe(link.detail)}"
        yield f"  {_verdict(trace)}"


def _what(link: Link) -> str:
    value = link.value
    for start in ("sha256:", "@sha256:"):
        place = value.find(start)
        if place >= 0:
            value = value[: place + len(start) + 12]
    return safe(f"{link.name}  {value}".rstrip())


def _verdict(trace: Trace) -> str:
    broken = trace.broken
    if broken is None:
        unknown = ", ".join(WORDS[link.where] for link in trace.unknown)
        limits = f", as far as can be seen (not looked at: {unknown})" if unknown else ""
        return f"→ a run gets what was saved{limits}"
    what = "nothing there" if broken.state == "missing" else "stale"
    remedy = f": {broken.remedy}" if broken.remedy else ""
    return safe(f"→ {what} at the {WORDS[broken.where]} ({broken.name}){remedy}")


def traces_as_json(traces: Sequence[Trace]) -> dict[str, Any]:
    """Return traces as JSON values."""
    return {"schema": SCHEMA, "fresh": all(t.broken is None for t in traces), "images": [_trace(t) for t in traces]}


def _trace(trace: Trace) -> dict[str, Any]:
    broken = trace.broken
    return {
        "image": trace.image,
        "fresh": broken is None,
        "stale_at": broken.where if broken else "",
        "remedy": broken.remedy if broken else "",
        "links": [
            {
                "where": link.where,
                "name": link.name,
                "value": link.value,
                "state": link.state,
                "detail": link.detail,
                "remedy": link.remedy,
            }
            for link in trace.links
        ],
    }
