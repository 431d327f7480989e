"""A sink that hands events on with every secret masked."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from edk.domain.events import Event
from edk.domain.redaction import Redactor
from edk.ports import EventSink

# Words of ours that sinks decide by, and paths of ours that they open: a secret that happens to be one of these
# words, or the name of a folder above, must not lead them astray.
_OURS = frozenset({"log", "archive", "kind", "phase", "stream", "severity"})


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
        self._sink.emit(event if self._redactor.idle else cast("Event", self._masked(event)))

    def close(self) -> None:
        """Close the sink behind."""
        self._sink.close()

    def _masked(self, value: Any) -> Any:  # noqa: ANN401 - a field of an event
        if isinstance(value, str):
            return self._redactor.text(value)
        if isinstance(value, tuple):
            return tuple(self._masked(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            texts = (f.name for f in dataclasses.fields(value) if f.name not in _OURS)
            fields = {name: self._masked(getattr(value, name)) for name in texts}
            return dataclasses.replace(value, **fields)
        return value
