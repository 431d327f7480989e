"""Processes that were started by us, told from others that came to have the same number."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def identity(pid: int) -> str:
    """Return a process as the set-up records it, ``pid start-time boot``; empty if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{pid} {fields[19]} {boot}"


def namespace() -> str:
    """Return in which space our processes are numbered, as ``pid:[4026531836]``; empty if that can't be told.

    Containers have one each: a number means nothing in another one, where it is nobody's or somebody else's.
    """
    try:
        return os.fspath(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def recorded(record: Path) -> int:
    """Return the process that a file names, 0 if it runs no more, or its number is another process's now."""
    try:
        text = record.read_text().strip()
    except (OSError, ValueError):
        return 0
    pid = text.split(" ", 1)[0]
    return int(pid) if pid.isascii() and pid.isdigit() and text == identity(int(pid)) else 0


def send_signal(pid: int, known: str, number: signal.Signals) -> None:
    """Send a signal to a process if it is still the one that it was; if it ended meanwhile, or is not ours, to nobody.

    Args:
        pid: its number.
        known: its identity.
        number: the signal.
    """
    try:
        # The descriptor stays with this process, whoever gets its number next.
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if known and identity(pid) == known:
            signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):
        pass
    finally:
        os.close(descriptor)


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Return whether something comes true within so many seconds."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
