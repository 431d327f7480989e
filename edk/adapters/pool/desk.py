"""The pool's state where threads meet: builds wait here for a place, and give it back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from edk.domain.errors import CancelledError
from edk.domain.pool.changes import asked, ended, withdrawn
from edk.domain.pool.model import Lease, Pool
from edk.domain.pool.placing import hand_out, left_for, why_it_waits
from edk.domain.requests import Placement
from edk.ports import Cancellation


class Desk:
    """Holds the pool; every change goes through it, one at a time.

    Args:
        balance: see `edk.domain.pool.model.BALANCE`.
    """

    def __init__(self, balance: float) -> None:
        self._pool = Pool(balance=balance)
        # Builds wait in threads of their own, which other threads' builds make room for. Nothing foreign is ever
        # called while it is held.
        self.changed = threading.Condition()
        self._leases: dict[int, Lease] = {}
        self.builds = 0
        """How many are under way, those that wait included."""

    @property
    def pool(self) -> Pool:
        """Return everything as it stands."""
        return self._pool

    def change(self, step: Callable[[Pool], Pool]) -> None:
        """Do one of `edk.domain.pool.changes`, and let those go on who can now."""
        with self.changed:
            self._pool, leases = hand_out(step(self._pool))
            self._leases |= {lease.ticket: lease for lease in leases}
            self.changed.notify_all()

    @contextmanager
    def build_under_way(self) -> Iterator[None]:
        """Count a build until the block is left."""
        with self.changed:
            self.builds += 1
        try:
            yield
        finally:
            with self.changed:
                self.builds -= 1
                self.changed.notify_all()

    def place(
        self,
        target: str,
        urgency: float,
        tried: frozenset[str],
        cancellation: Cancellation,
        tell: Callable[[Placement], None],
    ) -> Lease | None:
        """Return a place for a build, as soon as there is one; None if no worker is left that might have one.

        Args:
            target: name.
            urgency: the most urgent get a place first.
            tried: workers that it was lost on.
            cancellation: ends the waiting.
            tell: takes what it waits for, whenever that changes.

        Raises:
            CancelledError: it was cancelled.
        """
        ticket = 0

        def ask(pool: Pool) -> Pool:
            nonlocal ticket
            pool, ticket = asked(pool, target, tried, urgency)
            return pool

        self.change(ask)
        take_back = cancellation.on_cancel(self._wake)
        try:
            return self._wait(ticket, cancellation, tell)
        finally:
            take_back()
            self._forget(ticket)

    def _wait(self, ticket: int, cancellation: Cancellation, tell: Callable[[Placement], None]) -> Lease | None:
        told = ""
        while True:
            with self.changed:
                if cancellation.cancelled:
                    raise CancelledError("cancelled")
                if ticket in self._leases:
                    return self._leases.pop(ticket)
                if not left_for(self._pool, ticket):
                    return None
                waits_for = why_it_waits(self._pool, ticket)
                if waits_for == told:
                    self.changed.wait()
                    continue
            tell(Placement("", waits_for))
            told = waits_for

    def _forget(self, ticket: int) -> None:
        """Take a build away that does not wait any more, and the place that it may just have been given."""
        with self.changed:
            lease = self._leases.pop(ticket, None)
            if lease is not None:
                self.change(partial(ended, lease=lease, worked=False))
            elif any(one.ticket == ticket for one in self._pool.waiting):
                self.change(partial(withdrawn, ticket=ticket))

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()
