"""``python -m bench.plots``: pictures of the figures in ``bench/results``, written to ``docs/images`` as svg.

Each row is a bar of ours or of a peer; a thin line in it goes from the fastest run to the slowest one.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from bench.measure import PROJECT
from bench.setup import PLACE

WIDTH, LABEL, ROW, TOP = 760, 250, 24, 44
OURS, OTHERS, BOUND = "#0b6e99", "#b8b8b8", "#d98e04"


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its words, its value, each run's value, its colour."""

    label: str
    value: float
    samples: tuple[float, ...]
    colour: str


def bars(title: str, rows: Sequence[Bar], unit: str, *, logarithmic: bool = False) -> str:
    """Return a picture of bars; `logarithmic` has ten times as much be one step longer, from the smallest one on."""
    least = min(value for row in rows for value in (row.value, *row.samples))
    most = max(value for row in rows for value in (row.value, *row.samples))
    room = WIDTH - LABEL - 90

    def at(value: float) -> float:
        if not logarithmic:
            return room * value / most
        low = math.log10(least) - 0.3
        return room * (math.log10(value) - low) / (math.log10(most) - low)

    parts = [f'<text x="10" y="24" font-size="15" font-weight="bold">{escape(title)}</text>']
    for number, row in enumerate(rows):
        top = TOP + number * ROW
        parts += [
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">{escape(row.label)}</text>',
            f'<rect x="{LABEL}" y="{top + 2}" width="{at(row.value):.1f}" height="16" fill="{row.colour}"/>',
        ]
        if row.samples:
            left, right = LABEL + at(min(row.samples)), LABEL + at(max(row.samples))
            line = f'x1="{left:.1f}" y1="{top + 10}" x2="{right:.1f}" y2="{top + 10}"'
            parts.append(f'<line {line} stroke="#333" stroke-width="1.5"/>')
        end = LABEL + at(max((row.value, *row.samples))) + 6
        amount = f"{row.value:.0f}" if row.value >= 100 else f"{row.value:.3g}"
        parts.append(f'<text x="{end:.1f}" y="{top + 14}">{amount} {unit}</text>')
    height = TOP + len(rows) * ROW + 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    style = 'font-family="sans-serif" font-size="13" fill="#222" role="img"'
    return "\n".join([f"{head} {style}>", '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"])


def _figures(name: str) -> list[dict[str, Any]]:
    path = PLACE / f"{name}.json"
    return list(json.loads(path.read_text())["figures"]) if path.is_file() else []


def beside_peers(name: str, what: str) -> list[Bar]:
    """Return ours and each peer's bar of one figure, the fastest one first."""
    found = [f for f in _figures(name) if f["name"] == what]
    rows = [Bar(f["peer"]["name"], f["peer"]["value"], tuple(f["peer"]["samples"]), OTHERS) for f in found if f["peer"]]
    if found:
        rows.append(Bar("edk build", found[0]["value"], tuple(found[0]["samples"]), OURS))
    return sorted(rows, key=lambda row: row.value)


def alone(name: str, unit: str) -> list[Bar]:
    """Return a bar for each figure of a file with this unit."""
    return [Bar(f["name"], f["value"], tuple(f["samples"]), OURS) for f in _figures(name) if f["unit"] == unit]


def against_bound() -> list[Bar]:
    """Return the time of each build of a graph, and the least that it can take."""
    rows: list[Bar] = []
    for figure in _figures("makespan"):
        graph, _, label = figure["name"].partition(", times ")
        short = graph.partition(":")[0]
        if not label:
            continue
        if label.endswith("as planned"):
            rows.append(Bar(f"{short}: at least, of these builds", figure["peer"]["value"], (), BOUND))
            continue
        if not any(row.label == f"{short}: at least, of the waits" for row in rows):
            rows.append(Bar(f"{short}: at least, of the waits", figure["peer"]["value"], (), BOUND))
        rows.append(Bar(f"{short}: times {label}", figure["value"], (), OURS))
    return rows


def main() -> int:
    """Write what there are figures for."""
    images = PROJECT / "docs" / "images"
    nothing, one = (beside_peers("eight", f"eight images, {what}") for what in ("nothing changed", "one file changed"))
    pictures = {
        "bench-nothing": ("Eight images, nothing changed", nothing, False),
        "bench-one-file": ("Eight images, one file changed", one, False),
        "bench-sizes": ("Planning, ten files an image", alone("sizes", "s"), True),
        "bench-makespan": ("Cold builds, four places", against_bound(), False),
    }
    for name, (title, rows, logarithmic) in pictures.items():
        if rows:
            (images / f"{name}.svg").write_text(bars(title, rows, "s", logarithmic=logarithmic))
            print(f"docs/images/{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
