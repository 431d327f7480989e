"""Whether a watcher lives, and whether it can build.

It lives as long as its loop turns: a message goes through the loop's inbox every few seconds, as saves and workers'
messages do, and counts when the loop's thread takes it out. A thread that answers proves nothing of the loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from edk.domain.errors import EdkError
from edk.domain.health import Beat, PartState, Readiness

BEAT_SECONDS = 2.0
LOOK_SECONDS = 10.0
FIRST_PLAN_SECONDS = 900.0
"""So long the first plan may take, before which the loop does not turn; a large tree on a slow volume is read then."""


class WatchHealth:
    """What `/healthz` and `/readyz` answer from.

    Args:
        put: puts a message into the loop's inbox; never waits.
        monotonic: tells the time.
        ask_engine: returns if what builds answers; raises EdkError if not.
        ask_registry: the same for the registry.
        limit: seconds without a turn of the loop after which it counts as hanging.
    """

    def __init__(
        self,
        put: Callable[[Beat], None],
        monotonic: Callable[[], float],
        ask_engine: Callable[[], object],
        ask_registry: Callable[[], object],
        limit: float,
    ) -> None:
        self._put = put
        self._monotonic = monotonic
        self._asks = {"engine": ask_engine, "registry": ask_registry}
        self._limit = limit
        self._since = monotonic()
        self._waits = False
        self._planned = False
        self._readiness = Readiness()
        self._ended = threading.Event()
        # Two threads, as an engine that answers late must not keep the heart from beating.
        self._threads = (
            threading.Thread(target=self._every, args=(BEAT_SECONDS, self.beat), name="edk-beat", daemon=True),
            threading.Thread(target=self._every, args=(LOOK_SECONDS, self.look), name="edk-look", daemon=True),
        )

    def start(self) -> None:
        """Begin to beat, and to look at engine and registry."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is being asked is not waited for."""
        self._ended.set()

    def planned(self) -> None:
        """Note that the first plan is made, and the loop about to turn."""
        self._planned = True
        self._since = self._monotonic()

    def beat(self) -> None:
        """Ask the loop for a sign of life, unless it still owes one."""
        if not self._waits:
            self._waits = True
            self._put(Beat(self._taken))

    def look(self) -> None:
        """Ask engine and registry whether they answer."""
        engine = self._state("engine")
        self._readiness = replace(self._readiness, engine=engine)
        registry = self._state("registry")
        self._readiness = replace(self._readiness, registry=registry)

    @property
    def silent(self) -> float:
        """Return for how many seconds the loop has not turned."""
        return self._monotonic() - self._since

    @property
    def hangs(self) -> str:
        """Return why the watcher does not live any more, empty if it does."""
        limit = self._limit if self._planned else max(self._limit, FIRST_PLAN_SECONDS)
        if self.silent <= limit:
            return ""
        what = "the loop has not turned" if self._planned else "the first plan has not been made"
        return f"{what} for {self.silent:.0f} s"

    @property
    def readiness(self) -> Readiness:
        """Return whether it can build, as far as last looked."""
        return replace(self._readiness, plan="made") if self._planned else self._readiness

    def _taken(self) -> None:
        self._since = self._monotonic()
        self._waits = False

    def _state(self, what: str) -> PartState:
        try:
            self._asks[what]()
        except (EdkError, OSError):
            return "away"
        return "ok"

    def _every(self, seconds: float, do: Callable[[], None]) -> None:
        do()
        while not self._ended.wait(seconds):
            do()
