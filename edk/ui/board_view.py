"""A board's face as lines with colours, by rich, which measures wide characters and knows what a terminal can show.

Text of others goes into `rich.text.Text` only, where no markup is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from rich.box import HORIZONTALS, ROUNDED
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.text import Text

from edk.domain import events as ev
from edk.domain.board import State
from edk.ui.board_face import Face, Row
from edk.ui.text import safe

NARROW = 72
LEAST_TEXT = 8
WIDE = 110
STATE_WIDTH = 7
TIME_WIDTH = 8
CACHED_WIDTH = 9
MOST_NAME = 36
BAR = 20
_STYLES: dict[State, str] = {
    "builds": "cyan",
    "pushes": "blue",
    "retries": "yellow",
    "done": "green",
    "failed": "bold red",
    "blocked": "red",
    "stopped": "yellow",
}
_LINE_STYLES = (
    (": error: ", "red"),
    (": warning: ", "yellow"),
    ("  FAILED  ", "bold red"),
    ("  retry  ", "yellow"),
    ("  away  ", "yellow"),
)


class View:
    """Turns faces, rows and failures into lines for one terminal.

    Args:
        file: the terminal, of which the encoding counts.
        colours: whether there may be any, over and above what rich finds out by the environment.
        record: keep what is printed, to be exported as a picture.
    """

    def __init__(self, file: IO[str] | None = None, *, colours: bool = True, record: bool = False) -> None:
        self.console = Console(
            file=file,
            force_terminal=True,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
            no_color=None if colours else True,
            record=record,
            soft_wrap=False,
        )

    def lines(self, face: Face, width: int, hint: str = "") -> list[Text]:
        """Return a face as lines, none of them wider than `width` cells."""
        found = [line for row in face.rows for line in self._row(row, face.rows, width)]
        if face.more:
            found.append(_cut(Text(face.more, "dim"), width))
        return found + _totals(face, width, hint)

    def rows(self, rows: tuple[Row, ...], width: int) -> list[Text]:
        """Return rows as lines, as a face has them."""
        return [line for row in rows for line in self._row(row, rows, width)]

    def plain(self, lines: Iterable[str]) -> Iterator[Text]:
        """Yield lines as plain output has them, coloured by what they tell; they may be wider than the screen."""
        for line in lines:
            yield Text(line, next((style for sign, style in _LINE_STYLES if sign in line), ""))

    def failure(self, event: ev.ImageFailed, width: int) -> Panel:
        """Return a failure as a box: place, instruction, the last log lines, and what to do."""
        parts = list(_failure_parts(event))
        text = Text("\n").join(Text(safe(line), style) for line, style in parts)
        title = Text(f" {safe(event.image)} failed ", "bold red")
        # Without sides where it is narrow: a path that is cut by a frame can't be clicked, nor copied.
        box = HORIZONTALS if width < NARROW else ROUNDED
        return Panel(text, title=title, title_align="left", border_style="red", box=box, width=width, padding=(0, 1))

    def rendered(self, what: RenderableType, width: int) -> str:
        """Return the characters to print, a line break behind each line; text of the own lines is never wrapped."""
        wraps = not isinstance(what, Text)
        with self.console.capture() as capture:
            self.console.print(what, width=width if wraps else None, soft_wrap=not wraps, crop=False)
        return self.encodable(capture.get())

    def encodable(self, text: str) -> str:
        """Return text with what the terminal's encoding lacks written out."""
        encoding = self.console.encoding
        return text if encoding.startswith("utf") else text.encode(encoding, "replace").decode(encoding)

    def _row(self, row: Row, rows: tuple[Row, ...], width: int) -> Iterator[Text]:
        yield _line(row, rows, width)
        for text in row.log:
            yield _cut(Text(f"  | {text}", "dim"), width)


def _line(row: Row, rows: tuple[Row, ...], width: int) -> Text:
    """Return a row as a line; cells are as wide as those of the other rows need, and none is cut for the text."""
    gap = " " if width < NARROW else "  "
    step = max(len(each.step) for each in rows)
    figures = [(row.step, step, "")] if step else []
    figures.append((row.time, TIME_WIDTH, ""))
    if width >= NARROW and any(each.cached for each in rows):
        figures.append((row.cached, CACHED_WIDTH, "dim"))
    room = width - STATE_WIDTH - len(gap) - sum(cell + len(gap) for _, cell, _ in figures)
    name = max(8, min(max(cell_len(each.name) for each in rows), MOST_NAME, room if width < NARROW else width * 2 // 5))
    cells = [_cell(row.name, name), _cell(row.word, STATE_WIDTH, _STYLES.get(row.state, "dim"))]
    if width >= WIDE or any(text for text, _, _ in figures):
        cells += [_cell(text, cell, style, right=True) for text, cell, style in figures]
    line = Text(gap).join(cells)
    rest = width - line.cell_len - len(gap)
    if rest >= LEAST_TEXT:
        line.append(gap).append_text(_said(row, rest, wide=width >= WIDE))
    return _cut(line, width)


def _said(row: Row, width: int, *, wide: bool) -> Text:
    """Return what an image is at and why it is built: both where there is room, else the first that is known."""
    if not row.why or not (row.doing or (wide and row.moves)):
        return Text(row.doing or row.why, "red" if row.state == "failed" else "")
    if not wide:
        return Text(row.doing)
    half = max(20, width * 3 // 5)
    return Text("  ").join([_cell(row.doing, half), Text(row.why, "dim")])


def _totals(face: Face, width: int, hint: str) -> list[Text]:
    """Return the sentence below, in at most two lines, with a bar and a hint where there is room."""
    lines = [""]
    for part in face.totals:
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) > width - 1 and lines[-1]:
            if len(lines) == 2:
                break
            lines.append(part)
        else:
            lines[-1] = joined
    texts = [_cut(Text(line, "bold"), width) for line in lines if line]
    if len(texts) != 1:
        return texts
    room = width - texts[0].cell_len
    if room > BAR + 3 and 0 < face.share < 1:
        full = round(BAR * face.share)
        bar = Text("  ").append("━" * full, "green").append("━" * (BAR - full), "dim")
        texts[0].append_text(bar)
        room -= BAR + 2
    if hint and room > len(hint) + 3:
        texts[0].append(f"  {hint}", "dim")
    return texts


def _failure_parts(event: ev.ImageFailed) -> Iterator[tuple[str, str]]:
    """Yield the lines of a box with their styles."""
    place = f"{event.dockerfile}:{event.line}" if event.line else event.dockerfile
    yield place, "cyan"
    if event.instruction:
        yield from ((f"  {line}", "bold") for line in event.instruction.splitlines())
    # Place and instruction stand above already.
    said = event.message.removeprefix(f"{place}: ").removeprefix(event.instruction).strip() or event.message
    yield f"{said}{f' (at {event.worker})' if event.worker else ''}", "red"
    yield from ((f"  | {line}", "dim") for line in event.log_tail)
    yield from ((f"→ {line}", "green") for line in event.hint.splitlines())
    if event.kind in {"step", "refused"} and event.log:
        yield f"the full log: {event.log}", "dim"


def _cell(text: str, width: int, style: str = "", *, right: bool = False) -> Text:
    """Return text as a cell of exactly this many cells of the screen."""
    cell = _cut(Text(text, style), width)
    if right:
        cell.pad_left(width - cell.cell_len)
    else:
        cell.pad_right(width - cell.cell_len)
    return cell


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
