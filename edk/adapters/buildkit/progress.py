"""``buildctl --progress rawjson``: one JSON object a line, the same messages that an engine sends as protobuf."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from edk.adapters.solving.status import Status, Vertex, VertexLog, VertexWarning


def read_status(line: bytes) -> Status | None:
    """Return what a line says; None if it is none of these messages, but text for people.

    Raises:
        ValueError: it is one, and not as BuildKit writes them.
    """
    if not line.startswith(b"{"):
        return None
    try:
        message = json.loads(line)
        return Status(
            tuple(_vertex(one) for one in message.get("vertexes") or ()),
            tuple(_log(one) for one in message.get("logs") or ()),
            tuple(_warning(one) for one in message.get("warnings") or ()),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a message that BuildKit does not write: {error!r}") from error


def _vertex(one: dict[str, Any]) -> Vertex:
    return Vertex(
        digest=str(one["digest"]),
        name=str(one.get("name", "")),
        cached=bool(one.get("cached", False)),
        started=_time(one.get("started")),
        completed=_time(one.get("completed")),
        error=str(one.get("error", "")),
    )


def _log(one: dict[str, Any]) -> VertexLog:
    data = base64.b64decode(str(one.get("data", "")), validate=True)
    return VertexLog(str(one["vertex"]), "err" if one.get("stream") == 2 else "out", data)


def _warning(one: dict[str, Any]) -> VertexWarning:
    ranges = one.get("range") or ()
    start = ranges[0].get("start", {}) if ranges else {}
    text = base64.b64decode(str(one.get("short", "")), validate=True).decode("utf-8", "backslashreplace")
    return VertexWarning(str(one.get("vertex", "")), text, int(start.get("line", 0)))


def _time(text: object) -> float:
    """Return seconds since the epoch, 0 for none; nanoseconds are cut, which Python's times do not know."""
    if not text:
        return 0.0
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return max(0.0, moment.timestamp())
