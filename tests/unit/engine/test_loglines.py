"""Bytes into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.adapters.engine.lines import read_lines
from edk.adapters.solving.loglines import LINE_LIMIT, LogLines, Tail


@given(st.lists(st.binary(max_size=9), max_size=30))
def test_lines_do_not_depend_on_where_bytes_are_cut(pieces: list[bytes]) -> None:
    """However a step's output is cut, its lines are the same."""
    lines = LogLines()

    cut = [line for piece in pieces for line in lines.take(piece)] + lines.end()
    whole = LogLines()

    assert whole.take(b"".join(pieces)) + whole.end() == cut


def test_bounds_a_line_without_end() -> None:
    """What never ends its line is handed out in pieces, and memory stays flat."""
    lines = LogLines()

    found = [line for _ in range(10) for line in lines.take(b"y" * LINE_LIMIT)]

    assert {LINE_LIMIT} == {len(line) for line in found}
    assert 9 == len(found)


def test_keeps_the_last_lines_that_say_something() -> None:
    """Twenty lines, oldest first, without empty ones."""
    tail = Tail()
    for number in range(30):
        tail.add(str(number))
        tail.add(" ")

    assert tuple(str(number) for number in range(10, 30)) == tail.lines()


@given(st.binary(max_size=60).filter(lambda data: b"\r" not in data), st.integers(1, 7))
def test_reads_lines_in_any_pieces(data: bytes, size: int) -> None:
    """Lines of a reply do not depend on the pieces that they arrive in."""
    at = iter(range(0, len(data) + size, size))

    found = list(read_lines(lambda _: data[(start := next(at)) : start + size]))

    expected = data.split(b"\n")
    assert (expected[:-1] if not expected[-1] else expected) == found


def test_refuses_a_line_that_is_too_long() -> None:
    """Memory is not given to a line that no engine sends."""
    with pytest.raises(ValueError, match="more than 10 bytes"):
        list(read_lines(lambda _: b"abc", 10))
