"""A log as it grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.domain import events as ev
from edk.ui import log_tail
from edk.ui.log_files import LogFiles
from edk.ui.log_tail import LogTail


def test_only_whole_lines_are_told(tmp_path: Path) -> None:
    """The rest comes when its end has come."""
    path = tmp_path / "x.log"
    path.write_bytes(b"one\ntw")
    tail = LogTail(path)

    assert ("one",) == tail.new_lines()
    assert "tw" == tail.rest()
    assert () == tail.new_lines()
    path.write_bytes(b"one\ntwo\nthree\n")
    assert ("two", "three") == tail.new_lines()
    assert "" == tail.rest()


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """Its first line is told when it comes."""
    path = tmp_path / "x.log"
    tail = LogTail(path)

    assert () == tail.new_lines()
    path.write_bytes(b"first\n")
    assert ("first",) == tail.new_lines()


@pytest.mark.parametrize("second", [b"new\n", b"new first\nnew second\nnew third\n", b"old ONE\nold two\n"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_rebuild_begins_anew(tmp_path: Path, second: bytes, replaced: bool) -> None:
    """Be the new log shorter, longer or just as long; the same file or another one."""
    path = tmp_path / "x.log"
    path.write_bytes(b"old one\nold two\n")
    tail = LogTail(path)
    tail.new_lines()

    if replaced:
        path.unlink()
    path.write_bytes(second)

    assert tuple(second.decode().splitlines()) == tail.new_lines()


def test_a_removed_log_is_let_go(tmp_path: Path) -> None:
    """And read from its beginning when it is there again."""
    path = tmp_path / "x.log"
    path.write_bytes(b"one\n")
    tail = LogTail(path)
    tail.new_lines()
    path.unlink()

    assert () == tail.new_lines()
    path.write_bytes(b"two\n")
    assert ("two",) == tail.new_lines()


def test_a_long_log_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is lost where one piece ends."""
    monkeypatch.setattr(log_tail, "_CHUNK", 7)
    path = tmp_path / "x.log"
    expected = tuple(f"line {number}" for number in range(100))
    path.write_text("".join(f"{line}\n" for line in expected))
    tail, found = LogTail(path), list[str]()

    for _ in range(200):
        found += tail.new_lines()

    assert expected == tuple(found)


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    """They stop nobody."""
    path = tmp_path / "x.log"
    path.write_bytes(b"a\xffb\n")

    assert ("a�b",) == LogTail(path).new_lines()


def test_a_line_is_in_the_log_as_soon_as_it_was_said(tmp_path: Path) -> None:
    """Whoever follows a slow build sees each line when it comes, and not when a buffer is full."""
    path = tmp_path / "x.log"
    logs, tail = LogFiles(), LogTail(path)
    logs.emit(ev.ImageStarted("x", "not there", "/w/Dockerfile", 1, 1, str(path)))
    logs.emit(ev.StepMoved("x", "sha256:step", "log", "hello"))

    assert ("/w/Dockerfile: not there", "hello") == tail.new_lines()

    logs.close()
