"""A sink that hands events on with every secret masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.domain.events import Event
    from edk.domain.redaction import Redactor
    from edk.ports import EventSink


class Redacted:
    """Masks secrets in every text of every event, before any surface sees it.

    Args:
        sink: where events go.
        redactor: knows the secrets.
    """

    def __init__(self, sink: EventSink, redactor: Redactor) -> None:
        self._sink = sink
        self._redactor = redactor

    def emit(self, event: Event) -> None:
        """Hand one event on."""
        self._sink.emit(self._redactor.masked(event))

    def close(self) -> None:
        """Close the sink behind."""
        self._sink.close()
