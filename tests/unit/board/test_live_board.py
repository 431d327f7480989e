"""The sink: plain lines until something is built, then a board, then what stays."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TextIO

import pytest

from edk.domain import events as ev
from edk.domain.diagnostics import Diagnostic
from edk.ui.board import LiveBoard
from edk.ui.plain import PlainLines
from tests.unit.board.made import FAILED, done, planned, started

FINISHED = ev.RunFinished(1, 1, 0, 1, 0, 0, 3.0)


class FakeScreen:
    """A terminal that keeps what is written, tells when it was, and is sized and suspended by the test."""

    def __init__(self) -> None:
        self.stream: TextIO = io.StringIO()
        self.reflows = True
        self.columns, self.lines = 80, 24
        self.front = True
        self.told: list[str] = []
        self.frames: list[str] = []
        self.read = 0
        self.wrote = threading.Semaphore(0)
        self.post: Callable[[str], None] = lambda _what: None
        self.error: OSError | None = None

    def open(self, post: Callable[[str], None]) -> bool:
        """Note it, and how to post."""
        self.told.append("open")
        self.post = post
        return True

    def close(self) -> None:
        """Note it."""
        self.told.append("close")

    def size(self) -> tuple[int, int]:
        """Return what the test set."""
        return self.columns, self.lines

    def write(self, text: str) -> None:
        """Keep it, or fail."""
        if self.error is not None:
            raise self.error
        self.frames.append(text)
        self.wrote.release()

    def in_front(self) -> bool:
        """Return what the test set."""
        return self.front

    def suspend(self) -> None:
        """Note it."""
        self.told.append("suspend")

    def resume(self) -> None:
        """Note it."""
        self.told.append("resume")

    def next_frame(self) -> str:
        """Return the next frame, once it is there."""
        assert self.wrote.acquire(timeout=20), "nothing was drawn"
        self.read += 1
        return self.frames[self.read - 1]


class Shown:
    """A board on a fake screen."""

    def __init__(self, *, logs: bool = False) -> None:
        self.screen = FakeScreen()
        self.printed = io.StringIO()
        seconds = itertools.count()
        plain = PlainLines(self.printed)
        self.board = LiveBoard(self.screen, plain, lambda: float(next(seconds)), dict, 4, logs=logs)

    def emit(self, *told: ev.Event) -> None:
        """Emit them one by one."""
        for event in told:
            self.board.emit(event)

    @property
    def text(self) -> str:
        """All that was written, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", "".join(self.screen.frames))


def test_nothing_to_build() -> None:
    """Plain lines as ever: no thread, no terminal taken."""
    shown = Shown()
    shown.emit(planned(), ev.ImageSkipped("seg", (), "sha256:1", "unchanged"), ev.RunFinished(0, 0, 1, 0, 0, 0, 0.1))
    shown.board.close()

    assert [] == shown.screen.told + shown.screen.frames
    assert "seg           skip      unchanged (sha256:1)\nbuild" in shown.printed.getvalue()


def test_rich_is_not_imported_for_nothing() -> None:
    """Neither for plain output nor for a board that never came up."""
    code = (
        "import sys, io\n"
        "from edk.ui.board import LiveBoard\nfrom edk.ui.plain import PlainLines\nfrom edk.domain import events as ev\n"
        "import edk.commands.surface, edk.commands.build, edk.adapters.terminal\n"
        "b = LiveBoard(None, PlainLines(io.StringIO()), lambda: 0.0, dict, 1)\n"
        "b.emit(ev.ImageSkipped('a', (), '', 'unchanged')); b.close()\n"
        "sys.exit('rich' in sys.modules)\n"
    )
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_a_row_for_each_image_and_then_what_stays() -> None:
    """While it runs, the board; at its end rows, the box of a failure, and the summary, in this order."""
    shown = Shown()
    shown.emit(planned("ok", "seg"), started("ok"))
    first = shown.screen.next_frame()
    shown.emit(done("ok"), started("seg"), FAILED, FINISHED)
    shown.board.close()

    assert "0 of 2 built" in first
    positions = [shown.text.index(part) for part in ("seg       FAILED", "/w/seg/Dockerfile:3", "1 built, 1 failed in")]
    assert sorted(positions) == positions
    assert "of 2 built" not in shown.text[positions[-1] :]
    assert ["open", "close"] == shown.screen.told


def test_warnings_scroll_above() -> None:
    """A diagnostic, a notice and a step's warning are whole lines, as plain output has them."""
    shown = Shown()
    found = Diagnostic("EDK405", "warning", "x/Dockerfile", 2, "'X' is not allowed", "mend the name", 5)
    warning = ev.StepMoved("seg", "s", "warning", "a secret in an ARG")
    shown.emit(planned("seg"), started("seg"), ev.DiagnosticFound(found), ev.Noticed("look here", "and here"), warning)
    shown.board.close()

    assert "x/Dockerfile:2:5: warning: 'X' is not allowed [EDK405]" in shown.text
    assert "    and here\n" in shown.text
    assert "a secret in an ARG" in shown.text


def test_what_was_going_on_is_told_where_it_ends_early() -> None:
    """Without an end of the run, as after an error, what failed is told all the same."""
    shown = Shown()
    shown.emit(planned("seg"), started("seg"), FAILED)
    shown.board.close()

    assert "/w/seg/Dockerfile:3" in shown.text


def test_a_key_shows_log_lines() -> None:
    """And the same key hides them."""
    shown = Shown()
    shown.emit(planned("seg"), started("seg"), ev.StepMoved("seg", "s", "log", "collecting"))
    while "building" not in shown.screen.next_frame():
        continue
    assert "collecting" not in shown.text

    shown.screen.post("key:l")
    while "collecting" not in shown.screen.next_frame():
        continue
    shown.screen.post("key:v")
    while "collecting" in shown.screen.next_frame():
        continue
    shown.board.close()


def test_log_lines_from_the_start() -> None:
    """By ``-v``."""
    shown = Shown(logs=True)
    shown.emit(planned("seg"), started("seg"), ev.StepMoved("seg", "s", "log", "collecting"))
    while "collecting" not in shown.screen.next_frame():
        continue
    shown.board.close()


def test_suspended_and_back() -> None:
    """The board goes before the shell comes, and is drawn anew, with nothing of the shell's taken away."""
    shown = Shown()
    shown.emit(planned("seg"), started("seg"))
    while "building" not in shown.screen.next_frame():
        continue
    shown.screen.post("suspend")
    while "building" in shown.screen.next_frame():
        continue
    while "building" not in (again := shown.screen.next_frame()):
        continue
    shown.board.close()

    assert "suspend" in shown.screen.told
    assert "\x1b[1A" not in again


def test_in_the_background_nothing_is_drawn() -> None:
    """What scrolls does, as plain lines would."""
    shown = Shown()
    shown.screen.front = False
    shown.emit(planned("seg"), started("seg"), ev.Noticed("look here"))
    shown.board.close()

    assert "look here" in shown.text
    assert "building" not in shown.text


def test_a_watcher_that_has_nothing_to_do_keeps_its_counts() -> None:
    """Failures are told at once, and stay on the board until they are mended."""
    shown = Shown()
    shown.emit(ev.WatchStarted(("/w",), 1, "inotify", 0.1), started("seg"), FAILED)
    while "/w/seg/Dockerfile:3" not in shown.text or "1 failed" not in shown.screen.frames[-1]:
        shown.screen.next_frame()
    shown.emit(ev.SavesNoticed("a", (), ("seg",), 0.1), started("seg"), done("seg"))
    while "1 up to date" not in shown.screen.frames[-1]:
        shown.screen.next_frame()
    shown.board.close()

    assert 1 == shown.text.count("/w/seg/Dockerfile:3")


def test_nobody_reads_any_more() -> None:
    """An error of writing comes to whoever emits, as it does without a board."""
    shown = Shown()
    shown.screen.error = BrokenPipeError()
    shown.emit(planned("seg"), started("seg"))

    with pytest.raises(BrokenPipeError):
        shown.board.close()
    assert "close" in shown.screen.told
