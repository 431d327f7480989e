"""One survey for many viewers: what was seen is good for some seconds, and whoever asks waits for a bounded time.

A survey runs aside, one at a time. While it takes long, the one before is shown with its age; where there is none, it
is said that it is on its way. What fails is remembered just as long, so that a registry that is away is not stormed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from edk.domain.errors import EdkError
from edk.domain.seen import Looked, Seen
from edk.ports import Clock

FRESH = 5.0
PATIENCE = 10.0
PATIENCE_WITH_OLDER = 2.0


@dataclass(frozen=True, slots=True)
class _Outcome:
    at: float
    looked: Looked | None
    problem: EdkError | None


class Glance:
    """Hands out surveys; any number of threads may ask.

    Args:
        survey: looks at everything; called in a thread of its own.
        clock: time.
        fresh: seconds for which a survey is good.
        patience: seconds that whoever asks waits at most.
        patience_with_older: the same where an older survey can be shown.
    """

    def __init__(
        self,
        survey: Callable[[], Looked],
        clock: Clock,
        fresh: float = FRESH,
        patience: float = PATIENCE,
        patience_with_older: float = PATIENCE_WITH_OLDER,
    ) -> None:
        self._survey = survey
        self._clock = clock
        self._fresh = fresh
        self._patience = patience
        self._patience_with_older = patience_with_older
        # Viewers come in the server's threads; this guards the two fields below, and is never held while waiting.
        self._lock = threading.Lock()
        self._last: _Outcome | None = None
        self._running: threading.Event | None = None

    def look(self) -> Seen:
        """Return what can be shown, after a bounded time."""
        with self._lock:
            if self._last is not None and self._clock.monotonic() - self._last.at < self._fresh:
                return self._seen()
            if self._running is None:
                self._running = threading.Event()
                threading.Thread(target=self._run, args=(self._running,), name="survey", daemon=True).start()
            running = self._running
            older = self._last is not None and self._last.looked is not None
        ended = running.wait(self._patience_with_older if older else self._patience)
        with self._lock:
            if not ended and self._last is not None and self._last.looked is None:
                return Seen()  # what failed before is not what is so now
            return self._seen()

    def _seen(self) -> Seen:
        if self._last is None:
            return Seen()
        return Seen(self._last.looked, self._clock.monotonic() - self._last.at, self._last.problem)

    def _run(self, running: threading.Event) -> None:
        looked, problem = None, None
        try:
            looked = self._survey()
        except EdkError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - viewers must not wait for ever for a fault of ours
            problem = EdkError(f"a fault of the EDK itself: {type(error).__name__}: {error}", "look at its log")
        with self._lock:
            self._last = _Outcome(self._clock.monotonic(), looked, problem)
            self._running = None
        running.set()
