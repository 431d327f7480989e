"""Values as JSON, one object on one line: what every surface that other programs read is made of."""

from __future__ import annotations

from typing import Any

import msgspec

from edk.domain.events import Event


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


def event_fields(event: Event, now: float) -> dict[str, Any]:
    """Return an event as JSON values: ``event`` names its kind, ``time`` is in seconds since the epoch."""
    return {"event": type(event).__name__, "time": round(now, 3), **msgspec.to_builtins(event)}
