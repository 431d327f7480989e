"""What stands on what, as a picture: boxes and arrows where images are few, else a card for each extension."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from edk.domain.graph_picture import Picture, layered
from edk.domain.graph_view import GraphNode, GraphView, State
from edk.domain.outline import Group, Line, outline
from edk.ui.graph_formats import FILL, STROKE, arrows
from edk.ui.graph_text import WORDS
from edk.ui.text import plural, safe

MARGIN = 24
HEAD = 58
BOX_HEIGHT, BOX_GAP, LAYER_GAP = 40, 16, 90
ROW, CARD_HEAD, CARD_GAP, INDENT = 21, 34, 16, 18
MIN_CARD, MAX_CARD = 280, 480
MAX_NAME = 44
_CHARACTER, _SMALL = 7.1, 6.0
"""Width of a character of names, and of notes, in the fonts that are asked for."""
STYLE = """
text { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 13px; fill: #1b1f24 }
.title { font-size: 17px; font-weight: 600 } .group { font-weight: 600 } .note { font-size: 11px; fill: #6a737d }
.card { fill: #ffffff; stroke: #d5dbe1 } .branch { fill: none; stroke: #c3cad1 }
.arrow { fill: none; stroke: #98a3ae; stroke-width: 1.3 } .names { stroke-dasharray: 5 4 } .focus { stroke-width: 2.5 }
"""


def svg(view: GraphView) -> str:
    """Return the picture."""
    width, height, parts = _cards(view) if view.folded else _boxes(view)
    width = max(width, 560)
    title = f"Images: what {view.by_key[view.focus].name} needs, and what needs it" if view.focus else "Images"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}">',
            f"<style>{STYLE}</style>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fafbfc"/>',
            _text(MARGIN, MARGIN + 10, title, "title"),
            *_legend(view),
            *parts,
            "</svg>\n",
        ]
    )


def _legend(view: GraphView) -> Iterator[str]:
    x = float(MARGIN)
    for state, count in view.counts.items():
        words = f"{count} {WORDS[state]}"
        yield f'<circle cx="{x + 5:.1f}" cy="{MARGIN + 28}" r="5" {_dot_of(state)}/>'
        yield _text(x + 15, MARGIN + 32, words, "note")
        x += 15 + len(words) * _SMALL + 18
    if not view.folded:
        yield _text(x, MARGIN + 32, "solid: built from; dashed: names", "note")


def _boxes(view: GraphView) -> tuple[float, float, list[str]]:
    """Return width, height and parts of boxes in layers, what is needed on the left."""
    edges = {(other.key, node.key): how for node, other, how in arrows(view)}
    picture = layered([node.key for node in view.nodes], list(edges), BOX_HEIGHT, BOX_GAP)
    widths = [max(_box_width(view.by_key[key]) for key in row) for row in picture.layers]
    starts = [MARGIN + sum(widths[:n]) + n * LAYER_GAP for n in range(len(widths))]
    top = MARGIN + HEAD
    parts = [
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#98a3ae"/></marker></defs>'
    ]
    for edge, how in edges.items():
        path = _curve(edge, picture, starts, widths, top)
        kind = "arrow names" if how == "names" else "arrow"
        parts.append(f'<path class="{kind}" d="{path}" marker-end="url(#tip)"/>')
    for number, row in enumerate(picture.layers):
        for key in row:
            middle = top + picture.middles[key]
            parts += _box(view.by_key[key], starts[number], middle, widths[number], view.focus == key)
    width = (starts[-1] + widths[-1] if widths else 0) + MARGIN
    return width, top + picture.height + MARGIN, parts


def _box_width(node: GraphNode) -> float:
    return max(110.0, len(_short(node.name)) * _CHARACTER, len(_short(node.group)) * _SMALL) + 24


def _box(node: GraphNode, x: float, middle: float, width: float, focus: bool) -> Iterator[str]:
    y = middle - BOX_HEIGHT / 2
    yield f"<g>{_tip(node)}"
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="7" fill="{FILL[node.state]}" '
        f'stroke="{STROKE[node.state]}"{" class=" + quoteattr("focus") if focus else ""}/>'
    )
    yield _text(x + 12, y + 17, _short(node.name))
    yield _text(x + 12, y + 32, _short(node.group), "note")
    yield "</g>"


def _curve(
    edge: tuple[str, str], picture: Picture, starts: Sequence[float], widths: Sequence[float], top: float
) -> str:
    """Return the path of an arrow: level through the layers that it passes, bent between them."""
    points = picture.routes[edge]
    path = ""
    for (layer, height), (following, to) in itertools.pairwise(points):
        x, end = starts[layer] + widths[layer], starts[following]
        bend = (end - x) / 2
        start = f"M{x:.1f} {top + height:.1f}" if not path else f"L{x:.1f} {top + height:.1f}"
        path += f"{start}C{x + bend:.1f} {top + height:.1f} {end - bend:.1f} {top + to:.1f} {end:.1f} {top + to:.1f}"
    return path


def _cards(view: GraphView) -> tuple[float, float, list[str]]:
    """Return width, height and parts of a card for each group, in columns of about the same height."""
    groups = outline(view)
    wanted = max((_line_width(line) for group in groups for line in group.lines), default=0.0)
    width = min(MAX_CARD, max(MIN_CARD, wanted))
    heights = [CARD_HEAD + ROW * len(group.lines) + 8 for group in groups]
    whole = sum(heights) + CARD_GAP * len(heights)
    columns = max(1, round(math.sqrt(whole * 1.5 / (width + CARD_GAP))))
    target = whole / columns
    parts: list[str] = []
    x, y, done, lowest = float(MARGIN), float(MARGIN + HEAD), 0.0, 0.0
    column = 1
    for group, height in zip(groups, heights, strict=True):
        if column < columns and done + height / 2 > column * target:
            x, y, column = x + width + CARD_GAP, float(MARGIN + HEAD), column + 1
        parts += _card(group, x, y, width, height)
        y, done = y + height + CARD_GAP, done + height + CARD_GAP
        lowest = max(lowest, y)
    return x + width + MARGIN, lowest - CARD_GAP + MARGIN, parts


def _line_width(line: Line) -> float:
    return 44 + INDENT * len(line.lasts) + len(_short(line.text)) * _CHARACTER + len(_short(line.note)) * _SMALL


def _card(group: Group, x: float, y: float, width: float, height: float) -> Iterator[str]:
    stale = sum(node.state == "stale" for node in group.nodes)
    told = plural(len(group.nodes), "image") + (f", {stale} stale" if stale else "")
    yield f'<rect class="card" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="8"/>'
    yield _text(x + 12, y + 22, _short(group.title), "group")
    yield _text(x + width - 12, y + 22, told, "note", end=True)
    for number, line in enumerate(group.lines):
        yield from _card_line(line, x + 12, y + CARD_HEAD + ROW * number + ROW / 2, x + width - 12)


def _card_line(line: Line, left: float, middle: float, right: float) -> Iterator[str]:
    node = line.node
    if node is None:
        return
    x = left + INDENT * len(line.lasts)
    for level, last in enumerate(line.lasts):
        stem = left + INDENT * level + 5
        ends = level == len(line.lasts) - 1
        if ends or not last:
            bottom = middle if ends and last else middle + ROW / 2
            yield f'<path class="branch" d="M{stem:.1f} {middle - ROW / 2:.1f}V{bottom:.1f}"/>'
        if ends:
            yield f'<path class="branch" d="M{stem:.1f} {middle:.1f}H{x - 2:.1f}"/>'
    yield f"<g>{_tip(node)}"
    yield f'<circle cx="{x + 5:.1f}" cy="{middle:.1f}" r="5" {_dot_of(node.state)}/>'
    room = int((right - x - 16 - len(_short(line.text)) * _CHARACTER - 8) / _SMALL)
    yield _text(x + 16, middle + 4, _short(line.text))
    if room > 4:
        yield _text(right, middle + 4, _short(line.note, room), "note", end=True)
    yield "</g>"


def _dot_of(state: State) -> str:
    """Return the colours of a mark: full where something is known, else hollow."""
    return f'fill="{FILL[state] if state in {"unknown", "ignored"} else STROKE[state]}" stroke="{STROKE[state]}"'


def _tip(node: GraphNode) -> str:
    told: Iterable[str] = (node.name, f"{WORDS[node.state]}: {node.reason}", node.dockerfile)
    return f"<title>{escape(safe(chr(10).join(filter(None, told))).replace(chr(92) + 'n', chr(10)))}</title>"


def _short(text: str, most: int = MAX_NAME) -> str:
    shown = safe(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _text(x: float, y: float, text: str, kind: str = "", *, end: bool = False) -> str:
    style = (f' class="{kind}"' if kind else "") + (' text-anchor="end"' if end else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{style}>{escape(text)}</text>'
