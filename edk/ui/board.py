"""A live board in a terminal: one more sink of the same events.

Until something is going to be built, and where nothing ever is, it prints plain lines and costs nothing: rich is
imported, and a thread started, with the first image that is to be built. From then on that thread alone knows the
board and writes to the terminal; others put events, keys and signals into its queue, which a signal handler may.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TextIO

from edk.domain import events as ev
from edk.domain.board import Board, after, starts
from edk.ui.plain import PlainLines

if TYPE_CHECKING:
    from edk.ui.board_painting import BoardPainting

PAUSE = 0.125
"""Seconds between two frames, at least."""
TICK = 1.0
"""Seconds after which the board is drawn anew while something is built, so that seconds pass."""


class Screen(Protocol):
    """The terminal, as the board needs it.

    Args:
        stream: of which the encoding counts.
        reflows: whether it breaks long lines anew when it is made narrower.
    """

    @property
    def stream(self) -> TextIO:
        """See above."""

    @property
    def reflows(self) -> bool:
        """See above."""

    def open(self, post: Callable[[str], None]) -> bool:
        """Begin to tell of keys, of another size, and of the wish to be suspended; return whether keys are read."""

    def close(self) -> None:
        """Put the terminal back as it was."""

    def size(self) -> tuple[int, int]:
        """Return columns and lines."""

    def write(self, text: str) -> None:
        """Write; raises OSError where nobody is any more."""

    def in_front(self) -> bool:
        """Tell whether this process may draw: it was not put into the background."""

    def suspend(self) -> None:
        """Put the terminal back, stop this process, and return once it goes on."""

    def resume(self) -> None:
        """Take the terminal again, after somebody had this process go on."""


class LiveBoard:
    """Shows a run on a board.

    Args:
        screen: the terminal.
        plain: makes plain lines, and prints them as long as there is no board.
        now: monotonic seconds.
        usual: returns what images took in the past, by name; called once, in the board's thread.
        jobs: builds at once.
        logs: whether log lines are shown from the start.
    """

    def __init__(
        self,
        screen: Screen,
        plain: PlainLines,
        now: Callable[[], float],
        usual: Callable[[], Mapping[str, float]],
        jobs: int,
        *,
        logs: bool = False,
    ) -> None:
        self._screen = screen
        self._plain = plain
        self._now = now
        self._usual = usual
        self._jobs = jobs
        self._logs = logs
        self._board = Board()
        self._queue: queue.SimpleQueue[ev.Event | str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def emit(self, event: ev.Event) -> None:
        """Take one event; raises OSError where nobody reads any more."""
        if self._error is not None:
            raise self._error
        if self._thread is None and starts(event):
            self._start()
        if self._thread is not None:
            self._queue.put(event)
            return
        self._board = after(self._board, event, self._now())
        self._plain.emit(event)

    def close(self) -> None:
        """Show what is left, take the board away, and leave the terminal as it was."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
            self._screen.close()
            error, self._error = self._error, None
            if error is not None:
                raise error
        else:
            self._plain.close()

    def _start(self) -> None:
        self._plain.close()
        keys = self._screen.open(self._queue.put)
        self._thread = threading.Thread(target=self._work, args=(keys,), name="edk-board", daemon=True)
        self._thread.start()

    def _work(self, keys: bool) -> None:
        """Draw until there is nothing more to come; an error is kept for those who emit."""
        from edk.ui.board_painting import BoardPainting

        painting = BoardPainting(self._screen, self._plain, self._now, self._jobs, keys=keys, logs=self._logs)
        painting.board = replace(self._board, usual=self._usual())
        try:
            self._draw_on(painting)
            painting.finish()
        except OSError as error:
            self._error = error

    def _draw_on(self, painting: BoardPainting) -> None:
        """Take what comes, and draw at most every `PAUSE` seconds; wait without end while nothing moves."""
        drawn = float("-inf")
        dirty = False
        while True:
            passed = self._now() - drawn
            wait = max(0.0, PAUSE - passed) if dirty else TICK if painting.board.moving else None
            try:
                got = self._queue.get(timeout=wait)
            except queue.Empty:
                painting.draw()
                dirty, drawn = False, self._now()
                continue
            if got is None:
                return
            if isinstance(got, str):
                painting.happened(got)
            else:
                painting.take(got)
            dirty = True
