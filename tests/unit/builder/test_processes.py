"""Processes on record, told from others."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.processes import identity, recorded, send_signal


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """One that waits."""
    started = subprocess.Popen(["sleep", "600"])
    yield started
    started.kill()
    started.wait()


def test_a_process_on_record_is_found(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """By number, start and boot."""
    (tmp_path / "pid").write_text(f"{identity(process.pid)}\n")

    assert process.pid == recorded(tmp_path / "pid")


@pytest.mark.parametrize("record", ["", "x", "{pid}", "{pid} 1 {boot}", "{pid} {start} other", "²", "-1 1 1", "\0"])
def test_anything_else_is_nobody(process: subprocess.Popen[bytes], tmp_path: Path, record: str) -> None:
    """A number alone, that of another start or of another boot, and what is no number."""
    _, start, boot = identity(process.pid).split(" ")
    (tmp_path / "pid").write_text(record.format(pid=process.pid, start=start, boot=boot))

    assert 0 == recorded(tmp_path / "pid")


def test_no_record_is_nobody(tmp_path: Path) -> None:
    """Nor is one that can't be read."""
    (tmp_path / "folder").mkdir()

    assert (0, 0) == (recorded(tmp_path / "pid"), recorded(tmp_path / "folder"))


def test_one_that_ended_is_nobody(tmp_path: Path) -> None:
    """Also while its parent has not collected it."""
    ended = subprocess.Popen(["true"])
    known = identity(ended.pid) or f"{ended.pid} 1 x"
    (tmp_path / "pid").write_text(known)
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

    assert 0 == recorded(tmp_path / "pid")
    assert "" == identity(ended.pid)
    ended.wait()
    send_signal(ended.pid, known, signal.SIGKILL)


def test_a_signal_reaches_only_who_it_is_meant_for(process: subprocess.Popen[bytes]) -> None:
    """Not another one with the same number."""
    send_signal(process.pid, "", signal.SIGKILL)
    send_signal(process.pid, f"{process.pid} 1 x", signal.SIGKILL)
    assert process.poll() is None

    send_signal(process.pid, identity(process.pid), signal.SIGKILL)

    assert -signal.SIGKILL == process.wait(10)
