"""A sink that works in a thread of its own, so that nobody waits for it."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.domain.events import Event
    from edk.ports import EventSink


class Aside:
    """Hands events on in their order from another thread; `close` waits until all are.

    The log goes this way: its library takes longer to import than a small image to build, and while the engine
    works this process has nothing else to do.

    Args:
        sink: where events go; used by that thread alone.
    """

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def emit(self, event: Event) -> None:
        """Take one event."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="edk-log", daemon=True)
            self._thread.start()
        self._queue.put(event)

    def close(self) -> None:
        """Wait until every event is handed on, and close the sink behind."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._sink.close()

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            self._sink.emit(event)
