"""How the workers are: asked when somebody wants to know, and in the background while a build has to do without one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from functools import partial

from edk.adapters.pool.desk import Desk
from edk.domain.errors import EdkError, UsageError
from edk.domain.pool.changes import answered, due, next_check, unanswered
from edk.domain.requests import EngineInfo
from edk.ports import Cancellation, ImageBuilder

_REFRESH = 3.0
"""Seconds after which waiting builds have somebody look who joined."""


class Health:
    """Asks workers who they are; each is asked in a thread that ends with the answer.

    Args:
        desk: is told who answered.
        builder: returns the builder of a worker.
        refresh: looks who is there.
        patience: seconds; who needs longer to answer counts as away.
    """

    def __init__(
        self,
        desk: Desk,
        builder: Callable[[str], ImageBuilder | None],
        refresh: Callable[[], None],
        patience: float,
    ) -> None:
        self._desk = desk
        self._builder = builder
        self._refresh = refresh
        self._patience = patience
        self._asked: dict[str, float] = {}
        self._slow: set[str] = set()
        self._answered_at: dict[str, float] = {}
        self._keeper: threading.Thread | None = None
        self.infos: dict[str, EngineInfo] = {}
        """What each said of itself when it answered last."""
        self.wrong: UsageError | None = None
        """What keeps this machine from asking anybody; None where the last check could be made."""

    def ask(self, names: Collection[str]) -> None:
        """Ask workers how they are, unless they are being asked already."""
        with self._desk.changed:
            new = [name for name in names if name not in self._asked]
            self._asked |= dict.fromkeys(new, time.monotonic())
        for name in new:
            threading.Thread(target=self._check, args=(name,), name=f"check {name}", daemon=True).start()

    def ask_and_wait(
        self,
        names: Collection[str],
        seconds: float,
        cancellation: Cancellation | None = None,
        grace: float | None = None,
    ) -> None:
        """Ask workers and wait for their answers; who has not answered by then counts as away.

        Args:
            names: of them.
            seconds: to wait at most.
            cancellation: ends the waiting.
            grace: seconds that the others have once one answered; None: all the time.
        """
        began = time.monotonic()
        until = began + seconds
        take_back = cancellation.on_cancel(self._wake) if cancellation is not None else lambda: None
        try:
            self.ask(names)
            with self._desk.changed:
                while any(name in self._asked for name in names) and not (cancellation and cancellation.cancelled):
                    if grace is not None and any(self._answered_at.get(name, 0.0) >= began for name in names):
                        until, grace = min(until, time.monotonic() + grace), None
                    if until <= time.monotonic():
                        break
                    self._desk.changed.wait(until - time.monotonic())
                late = [name for name in names if name in self._asked]
        finally:
            take_back()
        if not (cancellation and cancellation.cancelled):
            for name in late:
                self._too_slow(name)

    def look_after(self) -> None:
        """Have the workers asked in the background, as long as a build has to wait or to do without one."""
        with self._desk.changed:
            if self._keeper is None and self._needed():
                self._keeper = threading.Thread(target=self._keep, name="builder health", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        looked = time.monotonic()
        while True:
            with self._desk.changed:
                if not self._needed():
                    self._keeper = None
                    return
                now = time.monotonic()
                late = [n for n, began in self._asked.items() if now - began >= self._patience and n not in self._slow]
                names = [name for name in due(self._desk.pool, now) if name not in self._asked]
                if not late and not names and now - looked < _REFRESH:
                    self._desk.changed.wait(self._quiet_for(now, looked))
                    continue
            for name in late:
                self._too_slow(name)
            self.ask(names)
            if now - looked >= _REFRESH:
                looked = now
                self._refresh()

    def _needed(self) -> bool:
        pool = self._desk.pool
        return self._desk.builds > 0 and bool(pool.waiting or pool.away)

    def _quiet_for(self, now: float, looked: float) -> float:
        """Return for how long nothing has to be done, unless something happens."""
        times = [looked + _REFRESH, *(b + self._patience for n, b in self._asked.items() if n not in self._slow)]
        if (check := next_check(self._desk.pool, now)) is not None:
            times.append(check)
        return max(0.01, min(times) - now)

    def _check(self, name: str) -> None:
        info, why, wrong = None, "it left", None
        try:
            builder = self._builder(name)
            info = builder.describe() if builder is not None else None
        except EdkError as error:
            why, wrong = error.message, error if isinstance(error, UsageError) else None
        except Exception as error:  # noqa: BLE001 - a fault here must not leave anybody waiting for an answer
            why = repr(error)
        now = time.monotonic()
        with self._desk.changed:
            self._asked.pop(name, None)
            self._slow.discard(name)
            self.wrong = wrong
            if info is not None:
                self.infos[name] = info
                self._answered_at[name] = now
                self._desk.change(partial(answered, name=name, now=now))
            else:
                self._desk.change(partial(unanswered, name=name, now=now, error=why))

    def _too_slow(self, name: str) -> None:
        now = time.monotonic()
        with self._desk.changed:
            began = self._asked.get(name)
            if began is None or name in self._slow:
                return
            self._slow.add(name)
            why = f"it did not answer within {now - began:.0f} seconds"
            self._desk.change(partial(unanswered, name=name, now=now, error=why))

    def _wake(self) -> None:
        with self._desk.changed:
            self._desk.changed.notify_all()
