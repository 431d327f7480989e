"""Build times as a picture: for each image its builds as bars, from the oldest to the latest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape

from edk.domain.build_record import BuildRecord, Series, series
from edk.ui.history_text import ending
from edk.ui.plain import brief
from edk.ui.text import plural, safe, seconds

MARGIN, HEAD, PANEL, GAP = 24, 66, 84, 34
WIDTH, AXIS = 860, 70
MOST_BARS = 100
MOST_IMAGES = 20
MAX_BAR = 26
COLOURS = {"built": "#4c78a8", "pushed": "#9ecae9", "other": "#d6dde4", "failed": "#c0392b", "cancelled": "#c9a227"}
LEGEND = (("built", "built"), ("pushed", "pushed"), ("other", "else"), ("failed", "failed"), ("cancelled", "cancelled"))
STYLE = """
text { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 13px; fill: #1b1f24 }
.title { font-size: 17px; font-weight: 600 } .image { font-weight: 600 } .note { font-size: 11px; fill: #6a737d }
.axis { fill: none; stroke: #d5dbe1 } .middle { fill: none; stroke: #98a3ae; stroke-dasharray: 3 3 }
"""


def history_svg(records: Sequence[BuildRecord], when: Callable[[float], str]) -> str:
    """Return the picture; `when` says a time for people."""
    every = series(records)
    shown = every[:MOST_IMAGES]
    left = len(every) - len(shown)
    height = MARGIN + HEAD + len(shown) * (PANEL + GAP) + (20 if left else 0)
    parts: list[str] = []
    for number, one in enumerate(shown):
        parts += _panel(one, MARGIN + HEAD + number * (PANEL + GAP), when)
    if left:
        parts.append(_text(MARGIN, height - MARGIN, f"and {plural(left, 'image')} that cost less", "note"))
    title = f"Build times, {plural(len(records), 'build')}"
    size = f'width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}">',
            f"<style>{STYLE}</style>",
            f'<rect {size} fill="#fafbfc"/>',
            _text(MARGIN, MARGIN + 10, title, "title"),
            *_legend(records),
            *parts,
            "</svg>\n",
        ]
    )


def _legend(records: Sequence[BuildRecord]) -> Iterator[str]:
    ended = {record.ended for record in records}
    x = float(MARGIN)
    for colour, word in LEGEND:
        if colour in {"failed", "cancelled"} and colour not in ended:
            continue
        yield f'<rect x="{x:.1f}" y="{MARGIN + 22}" width="10" height="10" rx="2" fill="{COLOURS[colour]}"/>'
        yield _text(x + 15, MARGIN + 31, word, "note")
        x += 15 + len(word) * 6.2 + 18
    yield _text(x, MARGIN + 31, "dotted: median of those that were done", "note")


def _panel(one: Series, top: float, when: Callable[[float], str]) -> Iterator[str]:
    """Yield the bars of an image, with the scale on the left, and the first and the last time below."""
    shown = one.records[-MOST_BARS:]
    highest = max((record.seconds for record in shown), default=0.0) or 1.0
    start, room = MARGIN + AXIS, WIDTH - 2 * MARGIN - AXIS
    base, full = top + PANEL - 8, PANEL - 28
    step = min(MAX_BAR, room / len(shown))
    middle = f", median {seconds(one.median)}" if one.median else ""
    yield _text(MARGIN, top + 8, safe(one.image), "image")
    yield _text(WIDTH - MARGIN, top + 8, f"{plural(len(one.records), 'build')}{middle}", "note", end=True)
    yield _text(start - 8, base - full + 4, seconds(highest), "note", end=True)
    yield _text(start - 8, base + 2, "0", "note", end=True)
    yield f'<path class="axis" d="M{start} {base - full:.1f}V{base:.1f}H{WIDTH - MARGIN}"/>'
    for number, record in enumerate(shown):
        yield from _bar(record, start + 2 + number * step, max(step - 3, 1), base, full / highest, when)
    if one.median:
        y = base - one.median * full / highest
        yield f'<path class="middle" d="M{start} {y:.1f}H{start + 2 + len(shown) * step:.1f}"/>'
    yield _text(start, base + 15, when(shown[0].started), "note")
    if len(shown) * step > 260:
        yield _text(start + len(shown) * step, base + 15, when(shown[-1].started), "note", end=True)


def _bar(
    record: BuildRecord, x: float, width: float, base: float, scale: float, when: Callable[[float], str]
) -> Iterator[str]:
    """Yield a bar, from the bottom: built, pushed, what else took time; of one colour if it did not end well."""
    yield f"<g><title>{escape(_tip(record, when))}</title>"
    parts: tuple[tuple[str, float], ...] = ((record.ended, record.seconds),)
    if record.ended == "done":
        other = max(0.0, record.seconds - record.built - record.pushed)
        parts = (("built", record.built), ("pushed", record.pushed), ("other", other))
    y = base
    for colour, count in parts:
        # A bar that nobody sees would be a build that nobody knows of.
        height = max(count * scale, 1.0 if len(parts) == 1 else 0.0)
        y -= height
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{COLOURS[colour]}"/>'
    yield "</g>"


def _tip(record: BuildRecord, when: Callable[[float], str]) -> str:
    lines = [f"{when(record.started)}: {seconds(record.seconds)}, {record.ended}", record.reason, ending(record)]
    lines += [f"{seconds(step.seconds)}  {brief(step.title)}" for step in record.slowest[:3]]
    return "\n".join(safe(line) for line in lines if line)


def _text(x: float, y: float, text: str, kind: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{anchor}>{escape(text)}</text>'
