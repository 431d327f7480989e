"""The field map of BuildKit's messages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.adapters.engine.trace import decode_status
from tests.unit.engine.recorded import DONE, STARTED, log, message, vertex


def test_reads_vertices_and_logs() -> None:
    """All fields that count are read, in any order."""
    status = decode_status(message(log("d", b"x\xff", 2), vertex("d", "ü", STARTED, DONE, (4, 1), (7, "no"))))

    found = status.vertices[0]
    assert ("d", "ü", True, 100.0, 102.5, "no") == (
        found.digest, found.name, found.cached, found.started, found.completed, found.error,
    )  # fmt: skip
    assert ("d", "err", b"x\xff") == (status.logs[0].vertex, status.logs[0].stream, status.logs[0].data)


def test_skips_what_it_does_not_know() -> None:
    """Fields of newer engines, of every wire type, do no harm."""
    unknown = message((40, 7), (41, b"new")) + b"\xd1\x02" + bytes(8) + b"\xd5\x02" + bytes(4)

    assert "d" == decode_status(unknown + message(vertex("d", "n"))).vertices[0].digest


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05abc", b"\xff", b"\x80" * 11, b"\x0b", b"\x08\x01", b"\x0a\x02\x2a\x00\x0a"]
)
def test_refuses_what_is_no_message(data: bytes) -> None:
    """A message that is cut or of the wrong kind is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        decode_status(data)


@given(st.binary(max_size=200))
def test_survives_anything(data: bytes) -> None:
    """Whatever bytes come, they are a message or a ValueError."""
    with suppress(ValueError):
        decode_status(data)
