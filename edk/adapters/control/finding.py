"""Which watchers run: each socket of the state folder is asked."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edk.adapters.control.address import connect_to, folder_lock, socket_folder, socket_path, sockets_in
from edk.domain.errors import UsageError, WatcherUnreachableError

PING_SECONDS = 2.0
_GONE = (ConnectionRefusedError, FileNotFoundError, ConnectionResetError)


@dataclass(frozen=True, slots=True)
class Running:
    """A watcher that runs.

    Args:
        path: of its socket.
        pid: of its process, as the kernel tells it here; 0 if it is in another container, where numbers are others.
        roots: the folders that it watches; none if it does not answer, as one that the shell stopped.
    """

    path: Path
    pid: int
    roots: tuple[str, ...]

    @property
    def who(self) -> str:
        """Return the process in words, e.g. `` (pid 12)``."""
        return f" (pid {self.pid})" if self.pid else " (in another container)"

    @property
    def remedy(self) -> str:
        """Return how it is ended by force."""
        return f"kill {self.pid}" if self.pid else "restart its container"


def running(state_dir: str) -> tuple[Running, ...]:
    """Return the watchers that run; raise WatcherUnreachableError where that can't be looked up."""
    try:
        found = [_asked(path) for path in sockets_in(state_dir)]
    except OSError as error:
        raise WatcherUnreachableError(
            f"{error.filename or state_dir}: {error.strerror or error}",
            "ask as the user that started the watcher",
        ) from error
    return tuple(watcher for watcher in found if watcher is not None)


def clear_for(state_dir: str, roots: Sequence[str]) -> None:
    """Remove the sockets of the dead; raise UsageError if somebody watches one of these folders already.

    The caller holds the lock of the folder: a socket that nobody listens at is then not one that just begins to.
    """
    own = socket_path(state_dir, roots)
    for path in sockets_in(state_dir):
        watcher = _asked(path)
        if watcher is None:
            with suppress(FileNotFoundError):
                path.unlink()
        elif path == own or any(overlap(a, b) for a in roots for b in watcher.roots):
            folders = ", ".join(watcher.roots or roots)
            raise UsageError(
                f"a watcher of {folders} runs already{watcher.who}",
                "edk status tells what it does, edk stop ends it",
            )


def dead_in(state_dir: str) -> tuple[Path, ...]:
    """Return the sockets at which nobody listens any more; those that we may not ask are none of them."""
    found = []
    with suppress(OSError):
        for path in sockets_in(state_dir):
            with suppress(PermissionError):
                if _asked(path) is None:
                    found.append(path)
    return tuple(found)


def remove_dead(state_dir: str) -> None:
    """Remove the sockets at which nobody listens, while no watcher can begin to; raise OSError as the system does."""
    with folder_lock(socket_folder(state_dir)):
        for path in dead_in(state_dir):
            path.unlink(missing_ok=True)


def overlap(one: str, other: str) -> bool:
    """Tell whether two folders are the same, or one is in the other."""
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def _asked(path: Path) -> Running | None:
    """Return the watcher that answers at a path, None if nobody listens there; raise PermissionError."""
    pid = 0
    try:
        with connect_to(path, PING_SECONDS) as client:
            pid = peer_of(client)
            client.sendall(b'{"command":"ping"}\n')
            with client.makefile("rb") as answers:
                answer = msgspec.json.decode(answers.readline())
        return Running(path, pid, tuple(answer["roots"]))
    except _GONE:
        return None
    except PermissionError as error:
        error.filename = str(path)
        raise
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return Running(path, pid, ())


def peer_of(client: socket.socket) -> int:
    """Return the process that listens at the other end, by the number that it has here; 0 if it has none."""
    pid: int = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return pid
