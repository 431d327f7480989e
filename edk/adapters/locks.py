"""Locks across processes: ``flock`` on one small file for each name.

The kernel gives a lock back when its holder dies, however it dies, so nothing here is ever stale. Lock files
are never deleted: deleting one while another process waits for it would let two processes in.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edk.adapters.processes import namespace

_HOLDER_LIMIT = 512


class HeldLock:
    """A lock on an open file; closing the file gives it back."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)  # while still held, so that the next holder's name stays
            os.close(descriptor)


class FileLocks:
    """One at a time per name, among all processes that share a state folder; see `edk.ports.Locks`.

    Args:
        state_dir: locks lie in its sub-folder ``locks``.
        command: what this process is, e.g. ``edk build``, told to others by `holder`.
        notice: called once if the folder can't be written: locks then keep nobody out.
    """

    def __init__(self, state_dir: str, command: str, notice: Callable[[str], None] = lambda _: None) -> None:
        self._folder = Path(state_dir) / "locks"
        self._command = command
        self._notice = notice
        self._told = False

    def try_acquire(self, name: str) -> HeldLock | None:
        """Return the lock, or None if another holder has it, be it in this process or another."""
        path = self._path(name)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            self._tell(error)
            return HeldLock(-1)
        return self._lock(descriptor)

    def _lock(self, descriptor: int) -> HeldLock | None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:  # a file system without locks, e.g. some network mounts
            os.close(descriptor)
            self._tell(error)
            return HeldLock(-1)
        self._sign(descriptor)
        return HeldLock(descriptor)

    def holder(self, name: str) -> str:
        """Return who holds it, e.g. ``edk build (pid 12)``; empty if not known.

        Meant to be asked after `try_acquire` returned None: a killed holder's name stays until the next.
        """
        try:
            with self._path(name).open("rb") as file:
                told = file.read(_HOLDER_LIMIT).decode("utf-8", "replace").strip()
        except OSError:
            return ""
        who, _, where = told.partition("\n")
        # A process number of another container is nobody's here, or somebody else's.
        here = where in ("", namespace())
        return who if here else f"{who.partition(' (pid ')[0]} (in another container)"

    def _sign(self, descriptor: int) -> None:
        """Write who holds it; a full disk costs only the name in a message."""
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{self._command} (pid {os.getpid()})\n{namespace()}\n".encode(), 0)
        except OSError as error:
            self._tell(error)

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self._notice(f"Locks can't be kept in {self._folder}: {error.strerror or error}")
