"""Events as JSON lines: one object each, ``event`` naming its kind, ``time`` in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

import msgspec

from edk.domain import events as ev


def encodable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose texts are all UTF-8; bytes that are none are written out as ``\\udcff``."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {encodable(key): encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encodable(item) for item in value]
    return value


def to_json(value: Any) -> bytes:  # noqa: ANN401 - any value that msgspec knows
    """Return a value as JSON."""
    builtin = msgspec.to_builtins(value)
    try:
        return msgspec.json.encode(builtin)
    except UnicodeEncodeError:
        return msgspec.json.encode(encodable(builtin))


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
        fields = msgspec.to_builtins(event)
        line = {"event": type(event).__name__, "time": round(self._now(), 3), **fields}
        self._stream.write(to_json(line).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Write out what is left."""
        self._stream.flush()
