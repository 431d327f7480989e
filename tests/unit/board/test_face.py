"""Which rows are shown, and the sentence below."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain import events as ev
from edk.domain.board import settled_anew
from edk.ui.board_face import clock, ended, face
from tests.unit.board.made import EVIL, FAILED, board, done, many, planned, started, step

DIGEST = "sha256:" + "a" * 64


def test_all_rows_where_there_is_room() -> None:
    """Each image has its row, in the order of the plan."""
    shown = face(many(5, [2]), 100.0, 5, 4)

    assert [f"image-{number:03}" for number in range(5)] == [row.name for row in shown.rows]
    assert "" == shown.more


def test_only_those_that_move_where_there_is_none() -> None:
    """Hundreds of images: those that are built have a row, the others are counted."""
    shown = face(many(300, [7, 250]), 100.0, 20, 4)

    assert ["image-007", "image-250"] == [row.name for row in shown.rows]
    assert "… 298 more: 298 wait" == shown.more


def test_those_that_failed_come_next() -> None:
    """Where there is room for some, failures have it."""
    state = board(FAILED, start=many(300, [7]))

    assert ["image-007", "seg"] == [row.name for row in face(state, 100.0, 20, 4).rows]


@pytest.mark.parametrize("height", [1, 2, 3, 10, 50, 300, 301])
@pytest.mark.parametrize("logs", [False, True])
def test_never_higher_than_asked(height: int, logs: bool) -> None:
    """Rows, log lines and the line that counts the rest fit into the height."""
    state = board(
        *(ev.StepMoved(f"image-{n:03}", "s", "log", f"{n} {k}") for n in range(0, 300, 10) for k in range(9)),
        start=many(300, range(0, 300, 10)),
    )
    shown = face(state, 100.0, height, 4, logs=logs)

    assert height >= sum(1 + len(row.log) for row in shown.rows) + bool(shown.more)


def test_log_lines_on_request() -> None:
    """The last lines of what is built, and of nothing else, are shown if they are asked for."""
    told = (started("a"), *(ev.StepMoved("a", "s", "log", f"line {n}") for n in range(12)), started("b"), done("b"))
    state = board(planned("a", "b"), *told)

    assert [(), ()] == [row.log for row in face(state, 100.0, 20, 4).rows]
    assert [tuple(f"line {n}" for n in range(4, 12)), ()] == [r.log for r in face(state, 100.0, 20, 4, logs=True).rows]


def test_a_row_of_a_build() -> None:
    """Its step, the seconds since it was started, what came from the cache, what it is at, and why."""
    cached, running = step("seg", 1, 3, phase="cached"), step("seg", 2, 3, f"[2/3] RUN  a\n  {DIGEST}")
    row = face(board(started("seg"), cached, running), 112.3, 20, 4).rows[0]

    assert ("2/3", "12 s", "1 cached", "RUN a sha256:aaaaaaaaaaaa", "a.py changed") == (
        row.step,
        row.time,
        row.cached,
        row.doing,
        row.why,
    )


def test_a_title_of_a_stage_keeps_its_name() -> None:
    """``[builder 2/4]`` says which stage it is, so it stays."""
    row = face(board(started("seg"), step("seg", 2, 4, "[builder 2/4] RUN make")), 100.0, 20, 4).rows[0]

    assert "[builder 2/4] RUN make" == row.doing


def test_text_of_others_is_escaped() -> None:
    """Control and bidirectional characters are written out, and line breaks folded."""
    log = ev.StepMoved(EVIL, "s", "log", EVIL)
    row = face(board(started(EVIL, EVIL), step(EVIL, 1, 2, EVIL), log), 100.0, 20, 4, logs=True).rows[0]

    for text in (row.name, row.why, row.doing, *row.log):
        assert "[red]x[/red]\\x1b[2J\\u202e next" == text


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        ((planned("a", "b"), started("a")), 165.0, ("0 of 2 built", "1 building", "1 waiting", "1:05 min")),
        (
            (planned("a", "seg", "c"), done("a"), FAILED, ev.ImageBlocked("c", "seg")),
            101.0,
            ("1 of 3 built", "1 failed", "1 blocked"),
        ),
        (
            (ev.ImageSkipped("u", (), "", "unchanged"), started("a")),
            100.0,
            ("0 of 1 built", "1 building", "0 s", "1 unchanged"),
        ),
    ],
)
def test_totals(told: tuple[ev.Event, ...], now: float, expected: tuple[str, ...]) -> None:
    """Counts of what there is, and the seconds while something goes on."""
    assert expected == face(board(*told), now, 20, 4).totals


@pytest.mark.parametrize(
    ("usual", "expected"),
    [({"a": 65.0}, "about 1:00 min left"), ({"a": 65.0, "x": 1.0}, "about 1:00 min left"), ({}, None)],
)
def test_an_estimate_where_the_past_is_known(usual: dict[str, float], expected: str | None) -> None:
    """It is about so long, by earlier builds."""
    totals = face(replace(board(started("a")), usual=usual), 105.0, 20, 4).totals

    assert expected == next((part for part in totals if "left" in part), None)


def test_at_least_so_long() -> None:
    """Where an image was never built, what is known is the least."""
    state = replace(board(planned("a", "new"), started("a")), usual={"a": 30.0})

    assert "at least 25 s left" in face(state, 105.0, 20, 4).totals


def test_what_ended_stays_and_is_told_once() -> None:
    """What was built, failed, was blocked or was stopped at work; neither what was never begun, nor what was told."""
    stopped = (started("half"), ev.ImageCancelled("half", "stopped"), ev.ImageCancelled("never", "stopped"))
    state = board(planned("a", "seg", "c", "half", "never"), done("a"), FAILED, ev.ImageBlocked("c", "seg"), *stopped)

    assert ["a", "seg", "c", "half"] == [row.name for row in ended(state, 100.0)]
    assert () == ended(settled_anew(state), 100.0)


@pytest.mark.parametrize(("count", "expected"), [(0.9, "0 s"), (59, "59 s"), (65, "1:05 min"), (3725, "1:02 h")])
def test_clock(count: float, expected: str) -> None:
    """Whole seconds, in as few characters as they take."""
    assert expected == clock(count)
