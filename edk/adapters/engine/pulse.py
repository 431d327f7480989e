"""Telling an engine that hangs from one that is silent: a RUN step may print nothing for an hour.

An engine may answer pings for ever while its builder is deadlocked (seen with Docker Engine 20.10 after cancelled
builds). So one that has sent nothing for long is put to a trial besides: a small task that a working builder does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from edk.adapters.engine.line import Line
from edk.domain.errors import EngineUnreachableError, UsageError

_Question = Callable[[float, Line], object]

_QUIET_SECONDS = 2.0
"""Silence after which an engine's pulse is felt."""
_PATIENCE_SECONDS = 0.9
"""For feeling it."""
_TRIAL_STALLS = 4
"""So many stalls without a byte, and an engine has to show that it still works; it has as long to do so."""
_RARER = 2
_RAREST_SECONDS = 600.0


class Pulse:
    """Watches one request from a thread of its own, and cuts its line when the engine is dead.

    Args:
        ping: asks the engine for a sign of life, within so many seconds, by a line of its own.
        trial: what puts the engine to work, one question after the other, each likewise.
        line: of the request.
        stall: seconds without any sign of life after which an engine counts as gone.
    """

    def __init__(self, ping: _Question, trial: Sequence[_Question], line: Line, stall: float) -> None:
        self._ping = ping
        self._trial = trial
        self._line = line
        self._stall = stall
        self._quiet = min(_QUIET_SECONDS, stall / 5)
        self._patience = min(_PATIENCE_SECONDS, stall / 5)
        self._trial_seconds = _TRIAL_STALLS * stall
        self._alive = self._moved = time.monotonic()
        self._ended = threading.Event()
        self._asking = Line()
        self.lost = ""
        """Why the line was cut; empty while it was not."""

    def beat(self) -> None:
        """Note that bytes moved."""
        self._alive = self._moved = time.monotonic()

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
        working = _Working(self._trial_seconds)
        while not self._ended.wait(self._quiet):
            if time.monotonic() - self._alive < self._quiet:
                continue
            if not self._answers(self._ping, self._patience):
                # The next look would come too late, if this was the last one within the time allowed.
                silent = time.monotonic() - self._alive
                if silent + self._quiet + self._patience > self._stall:
                    self._give_up(f"no sign of life for {silent:.0f} seconds")
                    return
            elif working.due(self._moved):
                began = self._moved
                worked = all(self._answers(ask, self._trial_seconds) for ask in self._trial)
                if self._moved == began and not working.go_on(worked):
                    silent = time.monotonic() - began
                    self._give_up(
                        f"it answers pings, but has done nothing for {silent:.0f} seconds; it hangs, so restart it"
                    )
                    return

    def _give_up(self, why: str) -> None:
        self.lost = why
        self._line.cut()

    def _answers(self, ask: _Question, patience: float) -> bool:
        self._asking = Line()
        if self._ended.is_set():
            return True
        try:
            ask(patience, self._asking)
        except EngineUnreachableError:
            return False
        except UsageError:
            pass  # of docker's configuration, which was just broken: no word about the engine
        finally:
            self._asking.release()
        self._alive = time.monotonic()
        return True


class _Working:
    """When an engine is put to a trial, and when it has failed: twice in a row, for one may be the machine's load.

    Args:
        after: seconds without a byte before the first trial; each one that is passed makes the next rarer.
    """

    def __init__(self, after: float) -> None:
        self._after = after
        self._moved = 0.0
        self._next = 0.0
        self._wait = after
        self._failed = False

    def due(self, moved: float) -> bool:
        """Whether it is time for a trial, given when a byte moved last."""
        if moved != self._moved:
            self._moved, self._wait, self._failed = moved, self._after, False
            self._next = moved + self._after
        return time.monotonic() >= self._next

    def go_on(self, worked: bool) -> bool:
        """Take how a trial went; return whether to go on waiting."""
        if not worked and self._failed:
            return False
        self._failed = not worked
        if worked:
            self._wait = min(self._wait * _RARER, _RAREST_SECONDS)
            self._next = time.monotonic() + self._wait
        return True
