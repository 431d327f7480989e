"""The board as the board's own thread has it: what is told above it, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.board import Board, after, settled_anew, without_failures
from edk.ui.board_face import ended, face
from edk.ui.board_paint import Painter
from edk.ui.board_view import View
from edk.ui.plain import PlainLines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from edk.ui.board import Screen

FOOT = 2
"""Lines that the sentence below may take."""
HINT = "l: log lines"
_ON_THE_BOARD = (
    ev.ImageSkipped,
    ev.ImageHeld,
    ev.ImagePlaced,
    ev.ImageStarted,
    ev.ImageRetagged,
    ev.ImageBuilt,
    ev.PushMoved,
    ev.ImagePushed,
    ev.ImageFinished,
    ev.ImageFailed,
    ev.ImageBlocked,
    ev.ImageCancelled,
)
"""Events that an image's row tells, so that no line scrolls for them."""


class BoardPainting:
    """Takes events, and draws what they come to.

    Args:
        screen: the terminal.
        plain: makes the lines that scroll above the board.
        now: monotonic seconds.
        jobs: builds at once.
        keys: whether keys are read.
        logs: whether log lines are shown.
    """

    def __init__(
        self, screen: Screen, plain: PlainLines, now: Callable[[], float], jobs: int, *, keys: bool, logs: bool
    ) -> None:
        self.board = Board()
        self._screen = screen
        self._plain = plain
        self._now = now
        self._jobs = jobs
        self._hint = HINT if keys else ""
        self._logs = logs
        self._view = View(screen.stream)
        self._painter = Painter(reflows=screen.reflows)
        self._scrolled: list[RenderableType] = []

    def take(self, event: ev.Event) -> None:
        """Take note of an event."""
        self.board = after(self.board, event, self._now())
        if isinstance(event, ev.RunFinished):
            self._settle()
            self._tell_failures()
        on_board = isinstance(event, _ON_THE_BOARD) or (isinstance(event, ev.StepMoved) and event.phase != "warning")
        if not on_board:
            if self.board.idle:
                # What has ended comes first: the order on the screen is that of what happened.
                self._settle()
            self._scrolled.extend(self._view.plain(self._plain.lines(event)))

    def happened(self, what: str) -> None:
        """Take note of a key, or of what became of the terminal."""
        if what in {"key:l", "key:v"}:
            self._logs = not self._logs
        elif what == "suspend":
            self._write([])
            self._screen.suspend()
            self._painter.forget()
        elif what == "resumed":
            self._screen.resume()
            self._painter.forget()

    def draw(self) -> None:
        """Bring the screen up to date."""
        if self.board.idle and self.board.began:
            self._settle()
        if self.board.watching:
            self._tell_failures()
        self._write(self._lines())

    def finish(self) -> None:
        """Leave on the screen what stays, and no board."""
        self._settle()
        self._tell_failures()
        self._write([])

    def _settle(self) -> None:
        """Let the rows of what has ended scroll, where they stay."""
        if self.board.began:
            columns, _ = self._screen.size()
            self._scrolled.extend(self._view.rows(ended(self.board, self._now()), columns - 1))
            self.board = settled_anew(self.board)

    def _tell_failures(self) -> None:
        columns, _ = self._screen.size()
        for failure in self.board.failures:
            self._scrolled.append(self._view.failure(failure, columns - 1))
        self.board = without_failures(self.board)

    def _lines(self) -> list[Text]:
        """Return the board's lines; none where it is not ours to draw, and none between a build and its end."""
        if not self._screen.in_front() or (self.board.idle and not self.board.watching):
            return []
        columns, lines = self._screen.size()
        shown = face(self.board, self._now(), max(1, lines - 1 - FOOT), self._jobs, logs=self._logs)
        return self._view.lines(shown, columns - 1, self._hint)

    def _write(self, lines: list[Text]) -> None:
        columns, height = self._screen.size()
        lines = lines[: max(1, height - 1)]
        scrolled = "".join(self._view.rendered(what, columns - 1) for what in self._scrolled)
        self._scrolled.clear()
        rendered = [self._view.rendered(line, columns).rstrip("\n") for line in lines]
        text = self._painter.frame(scrolled, rendered, [line.cell_len for line in lines], (columns, height))
        if text:
            self._screen.write(text)
