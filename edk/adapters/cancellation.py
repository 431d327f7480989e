"""Stopping a piece of work from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancel:
    """A switch that is thrown once; see `edk.ports.Cancellation`."""

    def __init__(self) -> None:
        # Threads throw the switch while others hang callbacks on it; the lock lets none of them slip through.
        self._lock = threading.Lock()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._next = 0
        self._cancelled = False
        self._reason = ""

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._cancelled

    @property
    def reason(self) -> str:
        """Why; empty while nobody asked."""
        return self._reason

    def cancel(self, reason: str = "") -> None:
        """Ask to stop and run the callbacks in this thread; later calls change nothing."""
        with self._lock:
            if self._cancelled:
                return
            self._reason = reason
            self._cancelled = True
            callbacks = tuple(self._callbacks.values())
            self._callbacks.clear()
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back once when cancelled, at once if it already is; the returned function takes it back."""
        with self._lock:
            if not self._cancelled:
                number = self._next
                self._next += 1
                self._callbacks[number] = callback
                return lambda: self._forget(number)
        callback()
        return lambda: None

    def _forget(self, number: int) -> None:
        with self._lock:
            self._callbacks.pop(number, None)
