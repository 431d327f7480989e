"""Telling an engine that hangs from one that is silent: a RUN step may print nothing for an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edk.adapters.engine.line import Line
from edk.domain.errors import EngineUnreachableError, UsageError

_QUIET_SECONDS = 2.0
"""Silence after which an engine's pulse is felt."""
_PATIENCE_SECONDS = 0.9
"""For feeling it."""


class Pulse:
    """Watches one request from a thread of its own, and cuts its line when the engine is dead.

    Args:
        ping: asks the engine for a sign of life, within so many seconds, by a line of its own.
        line: of the request.
        stall: seconds without any sign of life after which an engine counts as gone.
    """

    def __init__(self, ping: Callable[[float, Line], object], line: Line, stall: float) -> None:
        self._ping = ping
        self._line = line
        self._stall = stall
        self._quiet = min(_QUIET_SECONDS, stall / 5)
        self._patience = min(_PATIENCE_SECONDS, stall / 5)
        self._alive = time.monotonic()
        self._ended = threading.Event()
        self._asking = Line()
        self.lost = ""
        """Why the line was cut; empty while it was not."""

    def beat(self) -> None:
        """Note that bytes moved."""
        self._alive = time.monotonic()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the block is left, which takes no time even where a ping is under way."""
        thread = threading.Thread(target=self._watch, name="engine pulse", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._asking.cut()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._quiet):
            if time.monotonic() - self._alive >= self._quiet and not self._answers():
                # The next look would come too late, if this was the last one within the time allowed.
                silent = time.monotonic() - self._alive
                if silent + self._quiet + self._patience > self._stall:
                    self.lost = f"no sign of life for {silent:.0f} seconds"
                    self._line.cut()
                    return

    def _answers(self) -> bool:
        self._asking = Line()
        if self._ended.is_set():
            return True
        try:
            self._ping(self._patience, self._asking)
        except EngineUnreachableError:
            return False
        except UsageError:
            pass  # of docker's configuration, which was just broken: no word about the engine
        finally:
            self._asking.release()
        self.beat()
        return True
