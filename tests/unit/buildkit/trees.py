"""Contexts in memory, and what a folder holds."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edk.domain.files import ContextFile

SECOND = 946_684_800


@dataclass(frozen=True)
class Node:
    """A file (`content`), a link (`target`), or a folder (neither)."""

    content: bytes | None = None
    target: str = ""
    executable: bool = False

    @property
    def kind(self) -> str:
        """What it is."""
        return "file" if self.content is not None else "link" if self.target else "dir"


Tree = Mapping[str, Node]


class TreeContext:
    """A context of a tree; what is asked for is noted.

    Args:
        tree: path → node.
        fails: path whose content can't be read to its end.
        error: that it fails with.
    """

    def __init__(self, tree: Tree, fails: str = "", error: Exception | None = None) -> None:
        self._tree = tree
        self._fails = fails
        self._error = error or OSError("gone")
        self.read: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("nobody asks for a tar")

    def files(self) -> tuple[ContextFile, ...]:
        """Return its files."""
        return tuple(_file(path, node) for path, node in sorted(self._tree.items()))

    def content(self, file: ContextFile) -> Iterator[bytes]:
        """Yield a content in two pieces."""
        self.read.append(file.path)
        content = self._tree[file.path].content or b""
        yield content[: len(content) // 2]
        if file.path == self._fails:
            raise self._error
        yield content[len(content) // 2 :]


def _file(path: str, node: Node) -> ContextFile:
    content = node.content or b""
    digest = hashlib.sha256(content).hexdigest() if node.kind == "file" else ""
    return ContextFile(path, node.kind, node.executable, len(content), digest, node.target, 0o600)  # type: ignore[arg-type]


def held(folder: str) -> dict[str, Node]:
    """Return what a folder holds; modes and times are looked at as well."""
    found: dict[str, Node] = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        _dated(parent, 0o755)
        for name in (*folders, *files):
            full = os.path.join(parent, name)  # noqa: PTH118
            path = os.fsdecode(os.path.relpath(full, os.fsencode(folder)))
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode):
                found[path] = Node(target=os.fsdecode(os.readlink(full)))  # noqa: PTH115
                assert SECOND == int(status.st_mtime)
            elif stat.S_ISDIR(status.st_mode):
                found[path] = Node()
            else:
                executable = bool(status.st_mode & 0o111)
                _dated(full, 0o755 if executable else 0o644)
                found[path] = Node(Path(os.fsdecode(full)).read_bytes(), executable=executable)
    return found


def _dated(path: bytes, mode: int) -> None:
    status = os.lstat(path)
    assert (oct(mode), SECOND) == (oct(stat.S_IMODE(status.st_mode)), int(status.st_mtime)), path


def with_folders(tree: Tree) -> dict[str, Node]:
    """Return a tree with all folders that lead to its nodes."""
    whole = dict(tree)
    for path in tree:
        while path := os.path.dirname(path):  # noqa: PTH120
            whole.setdefault(path, Node())
    return whole


def marks(folder: str) -> dict[str, tuple[int, int, int]]:
    """Return inode, ctime and mtime of all files and links: they stay where nothing is written."""
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_symlink() or path.is_file():
            status = path.lstat()
            found[str(path.relative_to(folder))] = (status.st_ino, status.st_ctime_ns, status.st_mtime_ns)
    return found
