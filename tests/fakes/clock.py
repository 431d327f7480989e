"""A clock that moves when told."""

from __future__ import annotations


class FakeClock:
    """Time that stands still until `advance`.

    Args:
        start: seconds since the epoch that it begins at.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._monotonic = 0.0
        self._start = start

    def monotonic(self) -> float:
        """Return seconds advanced so far."""
        return self._monotonic

    def now(self) -> float:
        """Return the start plus the seconds advanced so far."""
        return self._start + self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time go by; it never goes back."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._monotonic += seconds

    def sleep(self, seconds: float) -> None:
        """Let time go by at once."""
        self.advance(seconds)
