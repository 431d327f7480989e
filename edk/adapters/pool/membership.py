"""Who is in the pool: asks again now and then, and keeps a builder for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from edk.adapters.pool.desk import Desk
from edk.domain.pool.changes import with_members
from edk.domain.pool.model import WorkerAddress
from edk.ports import ImageBuilder

_EVERY = 3.0
"""Seconds after which an answer is old."""
_PATIENCE = 0.2
"""For a new answer, where there is an old one."""
_MOST_LEFT = 256
"""Builders kept of workers that left: what they built may still have to be pushed."""


class Membership:
    """The workers by name.

    Args:
        make: makes a builder.
        addresses: returns who is there; may take its time, and may fail.
        limit: of each worker.
        desk: is told who came and went.
    """

    def __init__(
        self,
        make: Callable[[WorkerAddress], ImageBuilder],
        addresses: Callable[[], Sequence[WorkerAddress]],
        limit: int,
        desk: Desk,
    ) -> None:
        self._make = make
        self._ask = addresses
        self._limit = limit
        self._desk = desk
        # A look-up may hang, so it has a thread of its own; builds go on with the answer before.
        self._changed = threading.Condition()
        self._asking = False
        self._asked_at = float("-inf")
        self._known: dict[str, WorkerAddress] = {}
        self._builders: dict[str, tuple[WorkerAddress, ImageBuilder]] = {}
        self.error = ""
        """Why it is not known who is there; empty if the last answer was one."""

    def refresh(self, patience: float) -> None:
        """See who is there, unless that was asked a moment ago.

        Args:
            patience: seconds, at most, where nobody is known yet; with somebody known it is far quicker.
        """
        with self._changed:
            if time.monotonic() - self._asked_at >= _EVERY and not self._asking:
                self._asking = True
                threading.Thread(target=self._look, name="builder addresses", daemon=True).start()
            self._changed.wait_for(lambda: not self._asking, _PATIENCE if self._known else patience)

    def builder(self, name: str) -> ImageBuilder | None:
        """Return the builder of a worker, also of one that left a while ago; None if it is not known.

        Raises:
            UsageError: what it takes to make one is wrong.
        """
        with self._changed:
            address = self._known.get(name)
            there = self._builders.get(name)
        if there is not None and address in (None, there[0]):
            return there[1]
        if address is None:
            return None
        made = self._make(address)
        with self._changed:
            there = self._builders.get(name)
            if there is None or there[0] != address:
                self._builders[name] = there = (address, made)
            self._let_go()
        return there[1]

    def _look(self) -> None:
        try:
            found = self._ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, who is known stays known, and it is told
            with self._changed:
                self.error = str(error) or repr(error)
                self._done()
            return
        known = {address.name: address for address in found}
        with self._changed:
            # Whoever joins may get a build as soon as the desk hears of it, and its builder is asked for at once.
            self._known = self._known | known
        self._desk.change(lambda pool: with_members(pool, dict.fromkeys(known, self._limit)))
        with self._changed:
            self._known, self.error = known, ""
            self._done()

    def _done(self) -> None:
        self._asking, self._asked_at = False, time.monotonic()
        self._changed.notify_all()

    def _let_go(self) -> None:
        left = [name for name in self._builders if name not in self._known]
        for name in left[: max(0, len(left) - _MOST_LEFT)]:
            del self._builders[name]
