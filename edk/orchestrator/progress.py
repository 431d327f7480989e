"""Progress of bytes, told now and then rather than at each piece."""

from __future__ import annotations

from typing import Literal

from edk.domain.archive_events import TransferMoved
from edk.ports import Clock, EventSink

SECONDS = 2.0


class Progress:
    """Counts bytes and emits an event every few seconds.

    Args:
        what: is done.
        total: bytes that it will be.
        clock: time.
        sink: takes the events.
    """

    def __init__(self, what: Literal["export", "import", "verify"], total: int, clock: Clock, sink: EventSink) -> None:
        self._what = what
        self._total = total
        self._clock = clock
        self._sink = sink
        self._told = clock.monotonic()
        self._current = 0

    def moved(self, count: int) -> None:
        """Take note of further bytes."""
        self.reached(self._current + count)

    def reached(self, current: int) -> None:
        """Take note of how many bytes it is by now."""
        self._current = current
        now = self._clock.monotonic()
        if now - self._told >= SECONDS:
            self._told = now
            self._sink.emit(TransferMoved(self._what, current, self._total))
