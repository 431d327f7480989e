"""Figures as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence

from bench.measure import Figure, Result, Skipped

HEADINGS = ("what", "edk", "goal", "", "beside it", "ratio", "runs")
SCHEMA = "edk.bench/v1"


def table(results: Sequence[Result]) -> str:
    """Return the figures as lines, and behind them what was skipped and why."""
    rows = [HEADINGS, *(_row(result) for result in results if isinstance(result, Figure))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    skipped = [f"skipped: {result.name}: {result.why}" for result in results if isinstance(result, Skipped)]
    return "\n".join([*lines, *([""] if skipped else []), *skipped])


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        _amount(figure.value, figure.unit),
        figure.goal.text if figure.goal else "",
        {True: "met", False: "MISSED", None: ""}[figure.met],
        f"{_amount(figure.peer.value, figure.unit)} {figure.peer.name}" if figure.peer else "",
        f"{figure.ratio:.2f}" if figure.peer else "",
        str(figure.runs),
    )


def _amount(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if unit == "MB" else f"{value:.3f} {unit}" if value < 1 else f"{value:.2f} {unit}"


def as_json(results: Sequence[Result], setup: Mapping[str, object]) -> str:
    """Return the figures as JSON, schema ``edk.bench/v1``; `setup` says what they were measured with."""
    machine: dict[str, object] = {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    figures = [_figure(result) for result in results if isinstance(result, Figure)]
    skipped = [{"name": r.name, "why": r.why} for r in results if isinstance(r, Skipped)]
    all_of_it = {"schema": SCHEMA, "machine": {**machine, **setup}, "figures": figures, "skipped": skipped}
    return json.dumps(all_of_it, indent=2)


def _figure(figure: Figure) -> dict[str, object]:
    beside = figure.peer
    peer = (
        {"name": beside.name, "value": beside.value, "ratio": figure.ratio, "samples": list(beside.samples)}
        if beside
        else None
    )
    goal = {"text": figure.goal.text, "met": figure.met} if figure.goal else None
    return {
        "name": figure.name,
        "unit": figure.unit,
        "value": figure.value,
        "runs": figure.runs,
        "goal": goal,
        "peer": peer,
        "samples": list(figure.samples),
    }
