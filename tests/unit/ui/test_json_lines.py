"""Events as JSON lines."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest

from edk.domain import events as ev
from edk.ui.json_lines import JsonLines, to_json
from tests.unit.ui.test_plain import GOLDEN


def printed(event: ev.Event) -> dict[str, Any]:
    stream = io.StringIO()
    JsonLines(stream, lambda: 1700000000.12345).emit(event)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.parametrize("event", [event for event, _ in GOLDEN])
def test_each_event_survives_the_way_through_json(event: ev.Event) -> None:
    """One object on one line, from which the same event can be read."""
    line = printed(event)

    assert (type(event).__name__, 1700000000.123) == (line.pop("event"), line.pop("time"))
    assert event == msgspec.convert(line, type(event))


def test_undecodable_bytes_are_written_out_wherever_they_are() -> None:
    """Names that are no UTF-8 stand in the text as escapes, in fields and in lists."""
    line = printed(ev.PlanMade(("a\udcff",), ("b",), (), (), (), 0.0))
    failed = printed(ev.ImageFailed("x\udc80", "step", "m", "", "", 0, "", ("log \udcfe", "ok"), ""))

    assert ["a\\udcff"] == line["build"]
    assert ("x\\udc80", ["log \\udcfe", "ok"]) == (failed["image"], failed["log_tail"])


@pytest.mark.parametrize(
    "value", [{"a\udcff": 1}, {"a": ["\udcff"]}, {"a": ({"b": ("\udcff",)},)}, ["\udcff", 1, None]]
)
def test_any_value_becomes_valid_utf8(value: Any) -> None:
    """Keys, lists and what is nested in them."""
    assert "\\udcff" in repr(json.loads(to_json(value)))


def test_control_characters_are_escaped_by_json() -> None:
    """A line stays one line."""
    assert "a\nb\x1b" == printed(ev.ImageHeld("x", "a\nb\x1b"))["reason"]
