"""A picture of a graph in layers, left to right: few crossings, straight arrows, none of them through a box.

The known way (Sugiyama's): each box as far right as its longest path says, places held free for arrows that pass a
layer, boxes ordered by the middle of their neighbours, and then moved as near to these as their order lets them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 12
Edge = tuple[str, str]
"""Who stands left, and who right."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Where everything stands.

    Args:
        layers: of boxes, left to right, each top to bottom.
        middles: of each box, from the top.
        routes: edge → (layer, height) of each place that its arrow passes on the way, its ends included.
        height: of the whole.
    """

    layers: tuple[tuple[str, ...], ...]
    middles: Mapping[str, float]
    routes: Mapping[Edge, tuple[tuple[int, float], ...]]
    height: float


def layered(nodes: Sequence[str], edges: Sequence[Edge], box: float, gap: float) -> Picture:
    """Return a picture of a graph without circles.

    Args:
        nodes: boxes; what stands left comes first.
        edges: arrows between them.
        box: height of a box.
        gap: between two of them; an arrow that passes takes no more.
    """
    layer = _layers(nodes, edges)
    chains = {edge: _chain(edge, layer) for edge in edges}
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes:
        rows[layer[node]].append(node)
    for (left, _), chain in chains.items():
        for number, place in enumerate(chain[1:-1], layer[left] + 1):
            rows[number].append(place)
    links = [pair for chain in chains.values() for pair in itertools.pairwise(chain)]
    beside = _Neighbours(links)
    _order(rows, beside)
    sizes = {name: box if name in layer else 0.0 for row in rows for name in row}
    middles = _place(rows, beside, sizes, gap)
    top = min((middles[name] - sizes[name] / 2 for name in middles), default=0.0)
    middles = {name: middle - top for name, middle in middles.items()}
    routes = {
        edge: tuple((number, middles[name]) for number, name in enumerate(chain, layer[edge[0]]))
        for edge, chain in chains.items()
    }
    height = max((middles[name] + sizes[name] / 2 for name in middles), default=0.0)
    boxes = tuple(tuple(name for name in row if name in layer) for row in rows)
    return Picture(boxes, {name: middles[name] for name in layer}, routes, height)


def _layers(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    left_of: dict[str, list[str]] = {node: [] for node in nodes}
    for left, right in edges:
        left_of[right].append(left)
    found: dict[str, int] = {}
    for node in nodes:
        found[node] = max((found[left] + 1 for left in left_of[node]), default=0)
    return found


def _chain(edge: Edge, layer: Mapping[str, int]) -> tuple[str, ...]:
    """Return what an arrow leads through: its ends, and a place in each layer between them."""
    left, right = edge
    return (left, *(f"{left}\0{right}\0{n}" for n in range(layer[left] + 1, layer[right])), right)


class _Neighbours:
    """What stands beside each box or place."""

    def __init__(self, links: Sequence[Edge]) -> None:
        self.left: dict[str, list[str]] = {}
        self.right: dict[str, list[str]] = {}
        for left, right in links:
            self.right.setdefault(left, []).append(right)
            self.left.setdefault(right, []).append(left)


def _order(rows: list[list[str]], beside: _Neighbours) -> None:
    """Order each layer by the middle of the neighbours, from left to right and back; keep the best order seen."""
    best, fewest = [list(row) for row in rows], _crossings(rows, beside)
    for sweep in range(SWEEPS):
        towards = beside.left if sweep % 2 == 0 else beside.right
        numbers = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for number in numbers:
            other = rows[number - 1 if sweep % 2 == 0 else number + 1]
            place = {name: position for position, name in enumerate(other)}
            own = {name: position for position, name in enumerate(rows[number])}
            rows[number].sort(key=lambda name: (_mean([place[n] for n in towards.get(name, ())], own[name]), own[name]))
        crossings = _crossings(rows, beside)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _crossings(rows: Sequence[Sequence[str]], beside: _Neighbours) -> int:
    count = 0
    for row, following in itertools.pairwise(rows):
        place = {name: position for position, name in enumerate(following)}
        ends = [place[n] for name in row for n in sorted(beside.right.get(name, ()), key=place.__getitem__)]
        count += sum(1 for n, end in enumerate(ends) for earlier in ends[:n] if earlier > end)
    return count


def _place(
    rows: Sequence[Sequence[str]], beside: _Neighbours, sizes: Mapping[str, float], gap: float
) -> dict[str, float]:
    middles: dict[str, float] = {}
    for row in rows:
        position = 0.0
        for name in row:
            middles[name] = position + sizes[name] / 2
            position += sizes[name] + gap
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            near = [[middles[n] for n in (*beside.left.get(name, ()), *beside.right.get(name, ()))] for name in row]
            wanted = [_mean(found, middles[name]) for name, found in zip(row, near, strict=True)]
            middles.update(zip(row, _apart(wanted, [sizes[name] for name in row], gap), strict=True))
    return middles


def _apart(wanted: Sequence[float], sizes: Sequence[float], gap: float) -> list[float]:
    """Return places in the same order, each as near to the wanted one as the sizes allow (least squares)."""
    offsets = [0.0]
    for before, size in itertools.pairwise(sizes):
        offsets.append(offsets[-1] + before / 2 + gap + size / 2)
    blocks: list[tuple[float, int]] = []
    for middle, offset in zip(wanted, offsets, strict=False):
        total, count = middle - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, many = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count))
    starts = [total / count for total, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=False)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
