"""The state of a board, event by event."""

from __future__ import annotations

from typing import get_args

import pytest

from edk.domain import events as ev
from edk.domain.board import Board, BoardImage, after, settled_anew, starts, without_failures
from tests.unit.board.made import FAILED, board, done, planned, started, step

BUILDING = (planned("seg", "top"), started("seg"))


def line(*told: ev.Event | tuple[float, ev.Event], name: str = "seg") -> BoardImage:
    return board(*told).images[name]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((planned("seg"),), BoardImage("seg", "waits")),
        (
            (ev.ImageHeld("seg", "waits for base", ("base",)),),
            BoardImage("seg", "held", "waits for base", on=("base",)),
        ),
        ((started("seg"),), BoardImage("seg", "builds", "a.py changed", since=100.0)),
        (
            (started("seg"), step("seg", 2, 3)),
            BoardImage("seg", "builds", "a.py changed", "RUN make", 2, 3, since=100.0),
        ),
        (
            (started("seg"), step("seg", 1, 3, phase="cached")),
            BoardImage("seg", "builds", "a.py changed", "", 1, 3, 1, since=100.0),
        ),
        (
            (started("seg"), step("seg", 2, 3), ev.ImageBuilt("seg", "id", 4, 2, 1.0)),
            BoardImage("seg", "pushes", "a.py changed", "", 4, 4, 2, since=100.0),
        ),
        (
            (started("seg"), ev.PushMoved("seg", "r/seg:1", "Pushing", 1, 2)),
            BoardImage("seg", "pushes", "a.py changed", "Pushing", since=100.0),
        ),
        ((started("seg"), done("seg")), BoardImage("seg", "done", "a.py changed", since=100.0, seconds=2.0)),
        (
            (started("seg"), (107.0, FAILED)),
            BoardImage("seg", "failed", "line 3: RUN false exited with code 1", since=100.0, seconds=7.0),
        ),
        ((ev.ImageBlocked("seg", "base"),), BoardImage("seg", "blocked", "by base")),
        (
            (started("seg"), (103.0, ev.ImageCancelled("seg", "stopped"))),
            BoardImage("seg", "stopped", "stopped", since=100.0, seconds=3.0),
        ),
        (
            (started("seg"), ev.RetryScheduled("seg", 2, 1.0, "the engine is away")),
            BoardImage("seg", "retries", "the engine is away", since=100.0),
        ),
        (
            (ev.ImageRetagged("seg", "sha256:1", "a tag is missing"),),
            BoardImage("seg", "pushes", "a tag is missing", since=100.0),
        ),
        ((ev.ImageSkipped("seg", (), "", "unchanged"),), BoardImage("seg", "skipped", "unchanged")),
        (
            (started("seg"), ev.ImagePlaced("seg", "builder-2", "has its cache")),
            BoardImage("seg", "builds", "a.py changed", since=100.0, worker="builder-2"),
        ),
    ],
)
def test_a_line_tells_what_happened_last(told: tuple[ev.Event, ...], expected: BoardImage) -> None:
    """Each event of an image becomes its line."""
    assert expected == line(*told)


def test_a_second_attempt_goes_on_counting() -> None:
    """The seconds of an image are those since its first attempt, and its steps begin anew."""
    again = line(started("seg"), step("seg", 2, 3), (110.0, started("seg", attempt=2)))

    assert (100.0, 0) == (again.since, again.step)


def test_log_lines_are_bounded() -> None:
    """Only the last lines are kept, in their order."""
    told = [ev.StepMoved("seg", "s", "log", f"line {number}") for number in range(50)]

    assert tuple(f"line {number}" for number in range(30, 50)) == line(started("seg"), *told).log


def test_idle_and_moving() -> None:
    """It is idle when nothing is built and nothing waits, and moves while something is built."""
    assert Board().idle
    assert not board(planned("seg")).idle
    assert not board(planned("seg")).moving
    assert board(*BUILDING).moving
    assert board(started("seg"), done("seg")).idle


def test_what_settled_is_counted_and_what_is_wrong_stays() -> None:
    """The next round begins with the failures of this one, which are not shown a second time."""
    settled = settled_anew(board(planned("a", "seg"), started("a"), done("a"), started("seg"), FAILED))

    assert {"a": ("skipped", False), "seg": ("failed", True)} == {
        name: (image.state, image.told) for name, image in settled.images.items()
    }
    assert 0.0 == settled.began
    assert 200.0 == after(settled, started("a"), 200.0).began
    assert not after(settled, started("seg"), 200.0).images["seg"].told


def test_failures_are_kept_until_they_are_told() -> None:
    """Each failure is told once."""
    failed = board(started("seg"), FAILED)

    assert (FAILED,) == failed.failures
    assert () == without_failures(failed).failures


def test_an_orphan_leaves() -> None:
    """An image without a Dockerfile has no line any more."""
    assert {} == board(started("seg"), ev.ImageOrphaned("seg", ())).images


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (planned("seg"), True),
        (planned(), False),
        (started("seg"), True),
        (FAILED, True),
        (ev.ImageSkipped("seg", (), "", "unchanged"), False),
        (ev.Noticed("x"), False),
        (ev.SourcesRead((), 1, 1, 1, 1, 0.1), False),
    ],
)
def test_a_board_is_there_once_something_is_to_be_built(event: ev.Event, expected: bool) -> None:
    """A run with nothing to do never needs one."""
    assert expected is starts(event)


def test_events_that_are_of_no_image_change_nothing() -> None:
    """What scrolls above the board is no part of it."""
    before = board(*BUILDING)
    for kind in get_args(ev.Event):
        if kind in (ev.Noticed, ev.OutOfReach, ev.BackAgain, ev.SavesNoticed):
            fields = dict.fromkeys(kind.__struct_fields__, "engine")
            assert before == after(before, kind(**fields), 100.0)
