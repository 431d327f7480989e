"""A file system in memory, whose time is told by `tick`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from edk.domain.files import Entry, Kind

_DEVICE = 1
_TICK_NS = 1_000_000_000


@dataclass
class _Node:
    kind: Kind
    inode: int
    mode: int
    mtime: int
    ctime: int
    content: bytes = b""
    target: str = ""
    error: OSError | None = None


@dataclass
class _Disk:
    nodes: dict[str, _Node] = field(default_factory=dict)
    now: int = 1_700_000_000 * _TICK_NS
    inodes: int = 0
    opened: list[str] = field(default_factory=list)

    def make(self, path: str, kind: Kind, mode: int) -> _Node:
        parent = path.rpartition("/")[0]
        if parent and (parent not in self.nodes or self.nodes[parent].kind != "dir"):
            self.make(parent, "dir", 0o755)
        self.inodes += 1
        node = self.nodes[path] = _Node(kind, self.inodes, mode, self.now, self.now)
        return node

    def find(self, path: str) -> _Node:
        if path not in self.nodes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        node = self.nodes[path]
        if node.error is not None:
            raise node.error
        return node


class FakeTree:
    """The SourceTree port over a dictionary of paths.

    As in the real one, a folder once listed stays as it was seen until `fresh`. Writing makes folders above as
    needed; stamps follow `tick`, so two writes without one between are told apart by nothing but their size.

    Args:
        files: path to content, to begin with.
    """

    def __init__(self, files: dict[str, str | bytes] | None = None) -> None:
        self._disk = _Disk()
        self._listings: dict[str, tuple[Entry, ...]] = {}
        for path, content in (files or {}).items():
            self.write(path, content)

    @property
    def opened(self) -> list[str]:
        """Paths whose content was read, in order."""
        return self._disk.opened

    def fresh(self) -> FakeTree:
        """Return a tree over the same disk that has listed nothing yet."""
        tree = FakeTree()
        tree._disk = self._disk
        return tree

    def tick(self, seconds: float = 1.0) -> None:
        """Let time go by on the disk's clock."""
        self._disk.now += int(seconds * _TICK_NS)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file in place, or make it."""
        node = self._disk.nodes.get(path)
        if node is None or node.kind != "file":
            node = self._disk.make(path, "file", mode)
        node.content = content.encode() if isinstance(content, str) else content
        node.mtime = node.ctime = self._disk.now

    def mkdir(self, path: str) -> None:
        """Make an empty folder."""
        self._disk.make(path, "dir", 0o755)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        self._disk.make(path, "link", 0o777).target = target

    def fifo(self, path: str) -> None:
        """Make what must never be opened."""
        self._disk.make(path, "other", 0o644)

    def chmod(self, path: str, mode: int) -> None:
        """Change permission bits."""
        node = self._disk.find(path)
        node.mode, node.ctime = mode, self._disk.now

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all that is in it."""
        self._disk.find(path)
        for known in [known for known in self._disk.nodes if known == path or known.startswith(path + "/")]:
            del self._disk.nodes[known]

    def fail(self, path: str, error: OSError | None) -> None:
        """Raise this error whenever the path itself is used; None heals it."""
        self._disk.nodes[path].error = error

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder sorted by name, as they were when first asked for."""
        if folder not in self._listings:
            if folder and self._disk.find(folder).kind != "dir":
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
            prefix = folder.rstrip("/") + "/"
            names = (path[len(prefix) :] for path in self._disk.nodes if path.startswith(prefix))
            found = sorted(name for name in names if name and "/" not in name)
            self._listings[folder] = tuple(self._entry(prefix + name) for name in found)
        return self._listings[folder]

    def stat(self, path: str) -> Entry:
        """Return the entry at a path as it is now."""
        self._disk.find(path)
        return self._entry(path)

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's content; raise ValueError above `limit` bytes."""
        content = self._content(path)
        if len(content) > limit:
            raise ValueError(f"{path} has {len(content)} bytes, more than {limit}")
        return content

    def digest(self, path: str, entry: Entry) -> str:
        """Return the sha256 of a file's content as hex."""
        return sha256(self._content(path)).hexdigest()

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's content in two pieces."""
        content = self._content(path)
        half = len(content) // 2
        yield from (piece for piece in (content[:half], content[half:]) if piece)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file."""
        return self._content(path)[:size]

    def _content(self, path: str) -> bytes:
        node = self._disk.find(path)
        if node.kind != "file":
            raise OSError(errno.EINVAL, "Not a regular file", path)
        self._disk.opened.append(path)
        return node.content

    def _entry(self, path: str) -> Entry:
        node = self._disk.nodes[path]
        stamp = (_DEVICE, node.inode, node.mtime, node.ctime)
        name = path.rpartition("/")[2]
        return Entry(name, node.kind, len(node.content), node.mode, node.target, stamp)
