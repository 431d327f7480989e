"""A watcher's status, as JSON and as text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from edk.domain.encoding import to_json
from edk.domain.status import ImageStatus, WatchStatus, status_as_json, status_from_json
from edk.ui.status_text import age, status_lines
from tests.unit.control.serving import NOW, STATUS

GOLDEN = """\
watching /w/otsus-method for 2 h (pid 4711): inotify, 12 of at most 4096 watches
last saves: otsus_method.py saved

image            state    since  why                                    saves
base-python-cpu  skipped  2 h    unchanged
otsus-method     done     1 min  files/otsus_method.py changed, 0.42 s
otsus-report     failed   12 s   step [2/3] exited with 1
    /w/otsus-method/report/Dockerfile:7:1: error: RUN pip install nope exited with 1
    the full log: /state/logs/otsus-report.log
otsus-viewer     waiting  1 s    paused                                 a.py, b.py, c.py and 2 more files

otsus-viewer waits: waits for otsus-method

/w/otsus-method/dag.py:3:5: error: no such image [EDK101]
    name one"""


def text(status: WatchStatus) -> list[str]:
    return list(status_lines(status, NOW))


def test_the_whole_as_text() -> None:
    """Images in a table with their failures below them, holds, and diagnostics as problem matchers read them."""
    assert GOLDEN.splitlines() == text(STATUS)


def test_what_is_out_of_reach_comes_first() -> None:
    """Before anything that follows from it."""
    status = WatchStatus(1, ("/w",), NOW, paused=True, engine="connection refused", registry="answers 503")

    assert [
        "engine: connection refused",
        "registry: answers 503",
        "watching /w for 0 s (pid 1)",
        "paused: nothing is built until edk resume",
    ] == text(status)


def test_a_long_reason_is_shown_whole() -> None:
    """It costs the alignment of its own row alone, and stays one line."""
    image = ImageStatus("x", "cancelled", "a very\nlong " + "reason " * 20, 0.0, saves=("s.py",))

    row = text(replace(STATUS, images=(image, STATUS.images[0])))[4]

    assert row.startswith("x                cancelled         a very long reason")
    assert row.endswith("reason  s.py")


def test_the_worker_is_named_where_there_are_several() -> None:
    """Behind the reason."""
    image = ImageStatus("x", "running", "a.py saved", NOW - 3, worker="10.0.0.7:1234")

    assert "x      running  3 s    a.py saved, at 10.0.0.7:1234" == text(replace(STATUS, images=(image,)))[4]


def test_names_from_anywhere_are_written_out() -> None:
    """Control characters never reach the terminal."""
    assert any("a\\x1b[2J" in line for line in text(replace(STATUS, last_batch="a\x1b[2J saved")))


def test_an_error_without_a_file_is_shown() -> None:
    """As one whose engine went away."""
    broken = replace(STATUS.images[2], error=replace(STATUS.images[2].error, file="", line=0), log="")

    assert "    error: RUN pip install nope exited with 1" in text(replace(STATUS, images=(broken,)))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (90000, "1 d")],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, expected: str) -> None:
    """A clock that went back tells no negative age."""
    assert expected == age(seconds)


def test_a_status_survives_the_way_through_json() -> None:
    """The same value comes out."""
    assert STATUS == status_from_json(json.loads(to_json(status_as_json(STATUS))))


def test_the_schema_is_stable() -> None:
    """Whoever reads it by a script finds these keys, in this order."""
    fields = status_as_json(STATUS)

    assert [
        "schema",
        *("pid", "roots", "started", "paused", "engine", "registry", "watching"),
        *("images", "diagnostics", "holds", "last_batch", "pid_namespace"),
    ] == list(fields)
    assert "edk.status/v1" == fields["schema"]
    assert [
        *("name", "state", "reason", "since", "digest", "refs", "saves"),
        *("error", "log", "last_seconds", "worker"),
    ] == list(fields["images"][0])


def test_a_newer_watcher_may_say_more() -> None:
    """Keys that are not known are left out."""
    assert STATUS == status_from_json({**status_as_json(STATUS), "more": 1})


@pytest.mark.parametrize(
    "change", [{"schema": "edk.status/v2"}, {"schema": None}, {"pid": "x"}, {"images": [{"name": "x"}]}]
)
def test_what_is_no_status_is_refused(change: dict[str, Any]) -> None:
    """Another schema, or a value of another kind."""
    with pytest.raises(ValueError, match=r"schema|Expected|required"):
        status_from_json({**status_as_json(STATUS), **change})
