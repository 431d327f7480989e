"""Where watchers' sockets lie, and how a path of any length is bound and connected to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_PATH_BYTES = 107  # sun_path of unix(7) has 108, the last of which is a zero
SUFFIX = ".sock"


def socket_folder(state_dir: str) -> Path:
    """Return the folder of all watchers' sockets."""
    return Path(state_dir) / "watch"


def socket_path(state_dir: str, roots: Sequence[str]) -> Path:
    """Return where the watcher of these roots answers, in whatever order they are named."""
    names = b"\0".join(sorted(os.fsencode(root) for root in set(roots)))
    return socket_folder(state_dir) / (hashlib.sha256(names).hexdigest()[:16] + SUFFIX)


def sockets_in(state_dir: str) -> tuple[Path, ...]:
    """Return the sockets that lie in a state folder, those of dead watchers too; raise OSError as the system does."""
    try:
        return tuple(sorted(path for path in socket_folder(state_dir).iterdir() if path.suffix == SUFFIX))
    except (FileNotFoundError, NotADirectoryError):
        return ()


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield a name of the path that is short enough: where it is not, one through the open folder."""
    if len(os.fsencode(path)) <= MAX_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_at(path: Path) -> socket.socket:
    """Return a socket that listens at a path, for this user alone; raise OSError as the system does.

    Nobody can connect between `bind` and `listen`, so its mode is right before anybody could.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        listener.listen(64)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def connect_to(path: Path, timeout: float) -> socket.socket:
    """Return a socket connected to the one at a path; raise OSError as the system does, also after `timeout` s."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(timeout)
        with _address(path) as address:
            client.connect(address)
    except OSError:
        client.close()
        raise
    return client


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep others from adding and removing sockets meanwhile; where files can't be locked, nobody is kept out."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
