"""Folders and files of the machine, read for one pass over them.

One `FileTree` is one generation: a folder is listed once, and stays as it was seen. The next pass asks
`fresh` for a new one. Content digests outlive both, keyed by the file's stamp (device, inode, size, mtime and
ctime in ns), under the rule that git calls racy: a file written to less than `_SETTLED_NS` before it was hashed
may change again without its stamp changing (clocks of file systems tick in steps of up to 2 s), so its digest
is not kept.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from edk.domain.errors import ContextChangedError
from edk.domain.files import Entry, Kind

FileStamp = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime in ns."""

Marks = list[bytes]

_DEVICES: dict[int, int] = {}

_SETTLED_NS = 2_000_000_000
_PIECE = 1 << 20
_ATTEMPTS = 3
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class DigestMemory(Protocol):
    """Where digests outlive a process."""

    def load_digests(self) -> Mapping[str, tuple[FileStamp, str]]:
        """Return all that is known: path to stamp and sha256 as hex."""

    def store_digests(self, digests: Mapping[str, tuple[FileStamp, str]]) -> None:
        """Keep digests of settled files."""


class _Digests:
    """What is known of contents; shared by all generations and by the threads that hash."""

    def __init__(self, memory: DigestMemory | None) -> None:
        self._memory = memory
        self._known: dict[str, tuple[FileStamp, str]] | None = None
        # Worker threads hash while the loop plans; the lock makes the first load happen once.
        self._loading = threading.Lock()

    def get(self, path: str, stamp: FileStamp) -> str:
        known = self._known
        if known is None:
            known = self._load()
        found = known.get(path)
        return found[1] if found is not None and found[0] == stamp else ""

    def put(self, path: str, stamp: FileStamp, digest: str) -> None:
        (self._known if self._known is not None else self._load())[path] = (stamp, digest)
        if self._memory is not None:
            self._memory.store_digests({path: (stamp, digest)})

    def _load(self) -> dict[str, tuple[FileStamp, str]]:
        with self._loading:
            if self._known is None:
                self._known = dict(self._memory.load_digests()) if self._memory is not None else {}
            return self._known


class FileTree:
    """Reads the machine's files; see `edk.ports.SourceTree`.

    Args:
        memory: where digests outlive the process; None keeps them for its life.
        now_ns: the wall clock that files are stamped by, in ns.
    """

    def __init__(self, memory: DigestMemory | None = None, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._digests = _Digests(memory)
        self._now_ns = now_ns
        self._listings: dict[str, tuple[Entry, ...]] = {}
        self._begun_ns = now_ns()

    def fresh(self) -> FileTree:
        """Return a tree that looks at the disk anew and shares what is known of contents."""
        tree = FileTree(None, self._now_ns)
        tree._digests = self._digests
        return tree

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder sorted by name, as they were when first asked for.

        Raises:
            OSError: as the system does; NotADirectoryError for a link, even one to a folder.
        """
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = _list(folder)
        return known

    def stat(self, path: str) -> Entry:
        """Return the entry at a path as it is now; raise FileNotFoundError or another OSError."""
        status = os.lstat(path)
        target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""  # noqa: PTH115 (Path would tidy the text)
        return _entry(path.rsplit("/", 1)[-1], status, target)

    def start_marking(self, folders: Sequence[str], paths: Sequence[str]) -> Callable[[], tuple[Marks, Marks]]:
        """Begin to take marks, and return what waits for them; see `edk.ports.MarkingTree.start_marking`."""
        from edk.adapters.marking import start_marking

        of_folders = start_marking(folders)
        return lambda: (of_folders(), [self._mark(path)[0] for path in paths])

    def settled_marks(self, folders: Iterable[str], paths: Iterable[str]) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return the marks that will change with the next write; see `edk.ports.MarkingTree.settled_marks`."""
        from edk.adapters.marks import is_error, mark_of_entries, mark_of_folder

        of_folders: dict[str, bytes] = {}
        of_paths: dict[str, bytes] = {}
        until = self._begun_ns - _SETTLED_NS
        for folder in folders:
            listed = self._listings.get(folder)
            if listed is not None:
                mark, latest = mark_of_entries(listed)
                if latest < until:
                    of_folders[folder] = mark
                continue
            mark = mark_of_folder(folder)
            if is_error(mark):  # else it could not be listed then, and can be by now
                of_folders[folder] = mark
        for path in paths:
            mark, latest = self._mark(path)
            # What can't be looked at by now may have been there when it was asked for.
            if not is_error(mark) and latest < until:
                of_paths[path] = mark
        return of_folders, of_paths

    def _mark(self, path: str) -> tuple[bytes, int]:
        from edk.adapters.marks import mark_of_entry, mark_of_error

        try:
            return mark_of_entry(self.stat(path))
        except OSError as error:
            return mark_of_error(error), 0

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's content; raise ValueError above `limit` bytes, else OSError."""
        with _regular(path) as (descriptor, status):
            if status.st_size > limit:
                raise ValueError(f"{path} has {status.st_size} bytes, more than {limit}")
            content = b"".join(_pieces(descriptor, limit + 1))
        if len(content) > limit:
            raise ValueError(f"{path} grew beyond {limit} bytes while it was read")
        return content

    def digest(self, path: str, entry: Entry) -> str:
        """Return the sha256 of a regular file's content as hex.

        Args:
            path: of the file.
            entry: what was last seen of it; if nothing changed since, a known digest costs no I/O.

        Raises:
            ContextChangedError: it was written to all the time.
            OSError: as the system does.
        """
        device, inode, mtime, ctime = entry.stamp
        known = self._digests.get(path, (device, inode, entry.size, mtime, ctime))
        return known or self._hash(path)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a regular file's content in pieces of at most 1 MiB; raise OSError as the system does."""
        with _regular(path) as (descriptor, _):
            yield from _pieces(descriptor, None)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first `size` bytes of a regular file, or all that it has; raise OSError as the system does."""
        with _regular(path) as (descriptor, _):
            return b"".join(_pieces(descriptor, size))

    def _hash(self, path: str) -> str:
        for _ in range(_ATTEMPTS):
            with _regular(path) as (descriptor, before):
                hashed_at = self._now_ns()
                digest = hashlib.sha256()
                for piece in _pieces(descriptor, before.st_size):
                    digest.update(piece)
                stamp = _stamp(before)
                if stamp != _stamp(os.fstat(descriptor)):
                    continue
            if max(before.st_mtime_ns, before.st_ctime_ns) + _SETTLED_NS < hashed_at:
                self._digests.put(path, stamp, digest.hexdigest())
            return digest.hexdigest()
        raise ContextChangedError(
            f"{path} changed each of the {_ATTEMPTS} times it was read",
            "Wait until whatever writes to it is done, or exclude it by .dockerignore.",
        )


def _list(folder: str) -> tuple[Entry, ...]:
    # One open folder for all its entries: a folder swapped for a link in between can't lead elsewhere.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    entries = []
    try:
        with os.scandir(descriptor) as found:
            for item in found:
                try:
                    status = item.stat(follow_symlinks=False)
                    link = stat.S_ISLNK(status.st_mode)
                    target = os.readlink(item.name, dir_fd=descriptor) if link else ""
                except FileNotFoundError:
                    continue  # deleted a moment ago
                entries.append(_entry(item.name, status, target))
    finally:
        os.close(descriptor)
    return tuple(sorted(entries, key=lambda entry: entry.name))


def _entry(name: str, status: os.stat_result, target: str) -> Entry:
    mode = status.st_mode
    size, kind = 0, _kind(mode)
    if kind == "file":
        size = status.st_size
    device = status.st_dev
    # One and the same number for all files of a device: of many files it is megabytes.
    stamp = (_DEVICES.setdefault(device, device), status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return Entry(name, kind, size, mode & 0o7777, target, stamp)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "dir"
    return "link" if stat.S_ISLNK(mode) else "other"


def _stamp(status: os.stat_result) -> FileStamp:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@contextmanager
def _regular(path: str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file and nothing else: to open a FIFO wakes its writer, a device may do anything."""
    _insist_regular(path, os.lstat(path))
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        _insist_regular(path, status)
        yield descriptor, status
    finally:
        os.close(descriptor)


def _insist_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)


def _pieces(descriptor: int, limit: int | None) -> Iterator[bytes]:
    """Yield what can be read, at most `limit` bytes: a file that grows faster than it is read still ends."""
    left = limit
    while left is None or left > 0:
        piece = os.read(descriptor, _PIECE if left is None else min(_PIECE, left))
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece
