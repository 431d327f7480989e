"""The board as rich prints it, at several widths."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.text import Text

from edk.domain import events as ev
from edk.ui.board_face import face
from edk.ui.board_view import View
from tests.unit.board.made import EVIL, FAILED, board, done, planned, started, step

WIDTHS = (20, 40, 80, 120, 200)
STATE = board(
    planned("base-python-cpu", "segmentation-of-lungs", "画像処理の画像処理の画像処理", "dag"),
    started("base-python-cpu"),
    done("base-python-cpu"),
    started("segmentation-of-lungs", "files/segmentation.py changed"),
    step("segmentation-of-lungs", 1, 5, phase="cached"),
    step("segmentation-of-lungs", 2, 5, "[2/5] RUN pip install --no-cache-dir torch torchvision"),
    ev.StepMoved("segmentation-of-lungs", "s", "log", "Collecting torch " + "x" * 300),
    started("画像処理の画像処理の画像処理", "画像が変わった"),
    ev.ImageHeld("dag", "waits for segmentation-of-lungs", ("segmentation-of-lungs",)),
)


def shown(width: int, *, logs: bool = True) -> list[str]:
    lines = View(io.StringIO()).lines(face(STATE, 112.0, 30, 2, logs=logs), width, "l: log lines")
    return [line.plain for line in lines]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    """Each line fits, wide characters counted as two."""
    assert all(width >= cell_len(line) for line in shown(width))


def test_at_forty_columns() -> None:
    """Name, state, step and time; why it waits where there is neither."""
    assert [
        "base-python-cpu     done          2.00 s",
        "segmentation-of-lu… build   2/5     12 s",
        "画像処理の画像処理… build           12 s",
        "dag                 hold    waits for s…",
    ] == [line.rstrip() for line in shown(40, logs=False)[:4]]


def test_at_eighty_columns() -> None:
    """What came from the cache as well, and the instruction."""
    assert [
        "base-python-cpu               done            2.00 s             a.py changed",
        "segmentation-of-lungs         build    2/5      12 s   1 cached  RUN pip instal…",
        "画像処理の画像処理の画像処理  build             12 s             画像が変わった",
        "dag                           hold     waits for segmentation-of-lungs",
    ] == [line.rstrip() for line in shown(80, logs=False)[:4]]


def test_at_two_hundred_columns() -> None:
    """Both the instruction and why it is built."""
    line = shown(200, logs=False)[1]

    assert "RUN pip install --no-cache-dir torch torchvision" in line
    assert line.rstrip().endswith("files/segmentation.py changed")


def test_the_sentence_below() -> None:
    """In one line where it fits, with a hint; in two at most where it does not."""
    assert "1 of 4 built, 2 building, 1 waiting, 12 s" in shown(80)[-1]
    assert "l: log lines" in shown(80)[-1]
    assert ["1 of 4 built, 2 building, 1 waiting", "12 s"] == shown(40)[-2:]


def test_log_lines_stand_below_their_image() -> None:
    """Cut to the screen's width."""
    assert any(line.startswith("  | Collecting torch xxx") and line.endswith("…") for line in shown(80))


def printed(what: object, width: int, view: View | None = None) -> str:
    return (view or View(io.StringIO())).rendered(what, width)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_failure_tells_all(width: int) -> None:
    """Dockerfile and line, instruction, the last log lines, what to do, and where the rest is."""
    view = View(io.StringIO(), record=True)
    view.console.print(view.failure(FAILED, width))
    lines = view.console.export_text().splitlines()
    text = " ".join(" ".join(line.strip("╭╮╰╯│─ ") for line in lines).split())

    assert all(width >= cell_len(line) for line in lines)
    for part in ("seg failed", "RUN false exited with code 1", "| last line", "| of the log", "→ mend the command"):
        assert part in text
    if width >= 40:
        assert "/w/seg/Dockerfile:3" in text
        assert "the full log: /state/logs/seg.log" in text


def test_a_narrow_box_has_no_sides() -> None:
    """So that a path that is broken can be copied."""
    assert "│" not in printed(View(io.StringIO()).failure(FAILED, 40), 40)


def test_markup_of_others_is_text() -> None:
    """Neither rich's markup nor control characters do anything."""
    evil = ev.ImageFailed(EVIL, "step", EVIL, EVIL, EVIL, 3, EVIL, (EVIL,), EVIL)
    view = View(io.StringIO())
    text = printed(view.failure(evil, 100), 100)
    state = board(started(EVIL, EVIL), step(EVIL, 1, 2, EVIL))
    text += "".join(printed(line, 100) for line in view.lines(face(state, 100.0, 9, 1), 100))
    text += "".join(printed(line, 100) for line in view.plain(["[bold]plain[/bold] :smile:"]))

    assert "[red]x[/red]" in text
    assert "[bold]plain[/bold] :smile:" in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


def test_lines_that_scroll_are_not_wrapped_here() -> None:
    """A terminal does that, so that a path can be copied whole."""
    assert "x" * 300 + "\n" == printed(Text("x" * 300), 40)


def test_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR there is none, and everything else is there."""
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = printed(View(io.StringIO()).failure(FAILED, 80), 80)
    monkeypatch.setenv("NO_COLOR", "1")
    bare = printed(View(io.StringIO()).failure(FAILED, 80), 80)

    assert "\x1b[36m" in coloured
    assert not any(f"\x1b[{code}m" in bare for code in ("31", "32", "36", "1;31"))
    assert "/w/seg/Dockerfile:3" in bare


def test_a_terminal_without_unicode() -> None:
    """What its encoding lacks is replaced, one character by one."""
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    text = printed(View(ascii_only).failure(FAILED, 40), 40, View(ascii_only))

    assert text.isascii()
