"""The machine's clock."""

from __future__ import annotations

import time


class SystemClock:
    """Tells the machine's time; see `edk.ports.Clock`."""

    def monotonic(self) -> float:
        """Return seconds that never go back, whatever happens to the wall clock."""
        return time.monotonic()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
