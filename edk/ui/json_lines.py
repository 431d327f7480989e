"""Events as JSON lines: one object each, ``event`` naming its kind, ``time`` in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from edk.domain import events as ev
from edk.domain.encoding import event_fields, to_json

__all__ = ["JsonLines", "to_json"]


class JsonLines:
    """Prints events as JSON lines.

    Args:
        stream: where to.
        now: tells seconds since the epoch.
    """

    def __init__(self, stream: TextIO, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now

    def emit(self, event: ev.Event) -> None:
        """Print one event."""
        self._stream.write(to_json(event_fields(event, self._now())).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Write out what is left."""
        self._stream.flush()
