"""Builds of the past in the terminal, with their times as bars, and as JSON."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edk.domain.build_record import BuildRecord, Cost, Series, costs, series
from edk.ui.plain import brief
from edk.ui.text import plural, safe, seconds

SCHEMA = "edk.history/v1"
BAR = 12
SPARKS = 40
MOST_COSTS = 8
MOST_SERIES = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_FAILED = {"failed": "failed: ", "cancelled": "cancelled: "}
When = Callable[[float], str]
"""Says a time, in seconds since the epoch, for people."""


def history_lines(records: Sequence[BuildRecord], when: When, limit: int) -> Iterator[str]:
    """Yield the latest builds, the steps that cost most, the times by image, and what it comes to.

    Args:
        records: the latest first.
        when: says a time.
        limit: how many builds are listed; 0: all.
    """
    listed = records[:limit] if limit else records
    longest = max((record.seconds for record in listed), default=0.0)
    width = min(40, max((len(record.image) for record in listed), default=0))
    hits = max((len(_cached(record)) for record in listed), default=0)
    for record in listed:
        yield safe(
            f"{when(record.started)}  {record.image:<{width}}  {_bar(record.seconds, longest)}"
            f"  {seconds(record.seconds):>11}  {_cached(record):<{hits}}  {_why(record)}"
        )
    if len(listed) < len(records):
        yield f"… and {plural(len(records) - len(listed), 'earlier build')}; --limit 0 shows all"
    dearest = costs(records)[:MOST_COSTS]
    if dearest:
        yield ""
        yield "steps that cost most"
        yield from (safe(_cost(cost)) for cost in dearest)
    every = series(records)
    if every:
        yield ""
        yield "build times, from the oldest to the latest"
        width = min(40, max(len(one.image) for one in every[:MOST_SERIES]))
        yield from (safe(_series(one, width)) for one in every[:MOST_SERIES])
        if len(every) > MOST_SERIES:
            yield f"… and {plural(len(every) - MOST_SERIES, 'image')} that cost less"
    yield ""
    yield _summary(records, when)


def _bar(value: float, longest: float) -> str:
    eighths = round(value / longest * BAR * 8) if longest > 0 else 0
    full, rest = divmod(max(eighths, 1 if value > 0 else 0), 8)
    return f"{'█' * full + (_EIGHTHS[rest] if rest else ''):<{BAR}}"


def _cached(record: BuildRecord) -> str:
    return f"{record.cached} of {record.steps} cached" if record.steps else ""


def _why(record: BuildRecord) -> str:
    """Return why it was built, and how it ended if it did not end well."""
    if record.ended == "done":
        again = f" (attempt {record.attempts})" if record.attempts > 1 else ""
        return f"{record.reason}{again}"
    return f"{_FAILED[record.ended]}{ending(record)} ({record.reason})"


def ending(record: BuildRecord) -> str:
    """Return what failed, or why a build was cancelled, with its line instead of the path of the Dockerfile."""
    message = record.message.removeprefix(f"{record.dockerfile}:").removeprefix(f"{record.line}: ")
    return brief(message) + (f" at line {record.line}" if record.line else "")


def _cost(cost: Cost) -> str:
    times = f" in {cost.times} builds" if cost.times > 1 else ""
    return f"  {seconds(cost.seconds):>11}  {cost.image}: {brief(cost.title)}{times}"


def _series(one: Series, width: int) -> str:
    shown = one.records[-SPARKS:]
    longest = max(record.seconds for record in shown)
    sparks = "".join("✗" if record.ended == "failed" else _spark(record.seconds, longest) for record in shown)
    middle = f"median {seconds(one.median)}" if one.median else "never done"
    told = f"{plural(len(one.records), 'build')}, {middle}, longest {seconds(longest)}"
    return f"  {one.image:<{width}}  {sparks}  {told}"


def _spark(value: float, longest: float) -> str:
    return _HEIGHTS[min(7, int(value / longest * 8))] if longest > 0 else _HEIGHTS[0]


def _summary(records: Sequence[BuildRecord], when: When) -> str:
    ended = Counter(record.ended for record in records)
    counts = ", ".join(f"{ended[how]} {how}" for how in ("done", "failed", "cancelled") if ended[how])
    steps, cached = sum(r.steps for r in records), sum(r.cached for r in records)
    hits = f"; {cached} of {plural(steps, 'step')} from the cache" if steps else ""
    total = seconds(sum(record.seconds for record in records))
    return f"{plural(len(records), 'build')} since {when(records[-1].started)}: {counts}; {total} in all{hits}"


def history_as_json(records: Sequence[BuildRecord]) -> dict[str, Any]:
    """Return the builds as JSON; see ``docs/history.md``."""
    return {
        "schema": SCHEMA,
        "builds": [dataclasses.asdict(record) for record in records],
        "costs": [dataclasses.asdict(cost) for cost in costs(records)],
        "images": [
            {"image": one.image, "builds": len(one.records), "median": one.median, "total": one.total}
            for one in series(records)
        ],
    }
