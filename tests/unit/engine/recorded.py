"""Replies of real engines, recorded; and what an engine's messages are made of, to write others."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from edk.adapters.engine.following import BuildReply
from edk.domain.requests import BuildRequest, BuiltImage, StepProgress

STREAMS = Path(__file__).parent / "streams"
TWO_STAGES = (STREAMS / "two-stages.Dockerfile").read_bytes()


def lines(name: str) -> Iterator[bytes]:
    """Yield the lines of a recorded reply."""
    yield from (STREAMS / f"{name}.jsonl").read_bytes().splitlines()


def request(dockerfile: bytes = TWO_STAGES) -> BuildRequest:
    """Return a request for a Dockerfile."""
    return BuildRequest("x", "localhost:32000/x:1", dockerfile, "x/Dockerfile")


def follow(reply: Iterator[bytes], dockerfile: bytes = TWO_STAGES) -> tuple[BuiltImage, list[StepProgress]]:
    """Follow a reply to its end."""
    seen: list[StepProgress] = []
    return BuildReply(request(dockerfile), seen.append).follow(reply), seen


def varint(value: int) -> bytes:
    """Return a number as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def message(*fields: tuple[int, int | bytes | str]) -> bytes:
    """Return a protobuf message of numbers, texts and messages."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return bytes(out)


def trace(*fields: tuple[int, int | bytes | str]) -> bytes:
    """Return a line of a reply that holds a StatusResponse."""
    aux = base64.b64encode(message(*fields)).decode()
    return json.dumps({"id": "moby.buildkit.trace", "aux": aux}).encode()


def vertex(digest: str, name: str, *more: tuple[int, int | bytes | str]) -> tuple[int, bytes]:
    """Return the field of a vertex."""
    return 1, message((1, digest), (3, name), *more)


def log(digest: str, data: bytes, stream: int = 1) -> tuple[int, bytes]:
    """Return the field of a piece of a vertex's output."""
    return 3, message((1, digest), (3, stream), (4, data))


STARTED = (5, message((1, 100)))
DONE = (6, message((1, 102), (2, 500_000_000)))
IMAGE = b'{"id": "moby.image.id", "aux": {"ID": "sha256:1"}}'
