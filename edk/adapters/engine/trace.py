"""BuildKit's progress as it comes through the Docker Engine API: protobuf, read by a field map.

The messages are ``moby.buildkit.v1.StatusResponse`` of BuildKit's ``api/services/control/control.proto`` and
``pb.Range`` of its ``solver/pb/ops.proto``. Fields not named here are skipped, so newer engines do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator

from edk.adapters.solving.status import Status, Vertex, VertexLog, VertexWarning


def decode_status(data: bytes) -> Status:
    """Decode a StatusResponse; raise ValueError if it is none."""
    vertices: list[Vertex] = []
    logs: list[VertexLog] = []
    warnings: list[VertexWarning] = []
    for number, value in _fields(data):
        if number == 1:
            vertices.append(_vertex(_message(value)))
        elif number == 3:
            logs.append(_log(_message(value)))
        elif number == 4:
            warnings.append(_warning(_message(value)))
    return Status(tuple(vertices), tuple(logs), tuple(warnings))


def _vertex(data: bytes) -> Vertex:
    found = dict(_fields(data))  # the last of a field wins, as protobuf has it
    return Vertex(
        digest=_text(found.get(1)),
        name=_text(found.get(3)),
        cached=bool(found.get(4, 0)),
        started=_time(found.get(5)),
        completed=_time(found.get(6)),
        error=_text(found.get(7)),
    )


def _log(data: bytes) -> VertexLog:
    found = dict(_fields(data))
    return VertexLog(_text(found.get(1)), "err" if found.get(3) == 2 else "out", _message(found.get(4, b"")))


def _warning(data: bytes) -> VertexWarning:
    vertex, text, line = "", "", 0
    for number, value in _fields(data):
        if number == 1:
            vertex = _text(value)
        elif number == 3:
            text = _text(value)
        elif number == 7 and not line:
            start = dict(_fields(_message(value))).get(1, b"")
            position = dict(_fields(_message(start))).get(1, 0)
            line = position if isinstance(position, int) else 0
    return VertexWarning(vertex, text, line)


def _time(value: int | bytes | None) -> float:
    if value is None:
        return 0.0
    found = dict(_fields(_message(value)))
    seconds, nanos = found.get(1, 0), found.get(2, 0)
    if isinstance(seconds, bytes) or isinstance(nanos, bytes):
        raise ValueError("a time that is none")
    return seconds + nanos / 1e9


def _text(value: int | bytes | None) -> str:
    return "" if value is None else _message(value).decode("utf-8", "backslashreplace")


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message was expected")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == 2:
            size, position = _varint(data, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} is not used by BuildKit")
        end = position + size
        if end > len(data):
            raise ValueError("a message that is cut")
        yield number, data[position:end]
        position = end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number that is cut")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
