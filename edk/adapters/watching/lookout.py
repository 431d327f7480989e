"""Looks out for what no event tells of: roots that come later, and what a repository beside them has checked out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from edk.domain.saves import RescanNeeded


class Lookout:
    """Looks at something every few seconds, in a thread of its own, and has all compared when it is another.

    Args:
        look: returns what is there now; has to be quick. What it raises as OSError counts as nothing new.
        notify: is told.
        reason: what to say then.
        every: seconds between two looks.
    """

    def __init__(
        self, look: Callable[[], Hashable], notify: Callable[[RescanNeeded], None], reason: str, every: float = 2.0
    ) -> None:
        self._look = look
        self._notify = notify
        self._reason = reason
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="edk-lookout", daemon=True)
        self._seen = look()

    def start(self) -> None:
        """Begin; what has changed since this object was made is told, too."""
        self._thread.start()

    def stop(self) -> None:
        """End; a second call does nothing."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(self._every)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                now = self._look()
            except OSError:
                continue
            if now != self._seen:
                self._seen = now
                self._notify(RescanNeeded(self._reason))
