"""Locks hold across processes and die with their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from edk.adapters.locks import FileLocks


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """A held name can't be taken again, another can, and it is free once released."""
    locks = FileLocks(os.fspath(tmp_path), "edk build")
    held = locks.try_acquire("image:x")
    assert held is not None

    assert locks.try_acquire("image:x") is None
    assert FileLocks(os.fspath(tmp_path), "edk watch").try_acquire("image:x") is None
    assert locks.try_acquire("image:y") is not None
    held.release()
    held.release()
    assert locks.try_acquire("image:x") is not None


def test_the_holder_is_named(tmp_path: Path) -> None:
    """Who waits is told by whom; nobody once it is released."""
    held = FileLocks(os.fspath(tmp_path), "edk watch").try_acquire("/a/ü\n")
    assert held is not None
    other = FileLocks(os.fspath(tmp_path), "edk build")

    assert f"edk watch (pid {os.getpid()})" == other.holder("/a/ü\n")
    held.release()
    assert "" == other.holder("/a/ü\n")
    assert "" == other.holder("never taken")


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """A lock is held against other processes, and free the moment its holder is killed."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from edk.adapters.locks import FileLocks\n"
        "lock = FileLocks(sys.argv[2], 'x').try_acquire('n'); print(lock is not None, flush=True)\n"
        "sys.stdin.read()\n"
    )
    arguments = [sys.executable, "-c", code, Path(__file__).parents[3], tmp_path]
    locks = FileLocks(os.fspath(tmp_path), "y")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert b"True\n" == child.stdout.readline()
        assert locks.try_acquire("n") is None
        assert f"x (pid {child.pid})" == locks.holder("n")
        child.send_signal(signal.SIGKILL)
        child.wait()

    assert locks.try_acquire("n") is not None


def test_children_do_not_inherit_a_lock(tmp_path: Path) -> None:
    """A program that was started while a lock was held does not keep it."""
    locks = FileLocks(os.fspath(tmp_path), "x")
    held = locks.try_acquire("n")
    assert held is not None
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        held.release()
        again = locks.try_acquire("n")
        child.kill()

    assert again is not None


def test_without_a_folder_it_is_said_once() -> None:
    """Where no lock can be kept, work goes on, and the user is told."""
    told: list[str] = []
    locks = FileLocks("/dev/null/state", "x", told.append)

    assert locks.try_acquire("a") is not None
    assert locks.try_acquire("b") is not None
    assert "" == locks.holder("a")
    assert len(told) == 1
