"""A tree whose listings outlive a plan, until a save says that they may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from edk.orchestrator.memory import Trace

if TYPE_CHECKING:
    from edk.domain.files import Entry
    from edk.domain.saves import Batch
    from edk.ports import SourceTree


class RememberingTree:
    """Lists each folder once, and again after `forget` has named it; see `edk.ports.SourceTree`.

    Args:
        open_tree: returns a tree that looks at the disk afresh.
    """

    def __init__(self, open_tree: Callable[[], SourceTree]) -> None:
        self._open_tree = open_tree
        self._tree = open_tree()
        self._listings: dict[str, tuple[Entry, ...]] = {}

    def forget(self, batch: Batch) -> None:
        """Forget the listings that a batch of saves may have made wrong."""
        self._tree = self._open_tree()
        if batch.rescan:
            self._listings.clear()
            return
        for path in (*batch.paths, *batch.folders):
            self._listings.pop(path.rpartition("/")[0], None)
        for folder in batch.folders:
            inside = f"{folder}/"
            for known in [k for k in self._listings if k == folder or k.startswith(inside)]:
                del self._listings[known]

    def stayed(self, path: str) -> bool:
        """Tell whether a path is a regular file now as it was when its folder was listed; False if it never was."""
        folder, _, name = path.rpartition("/")
        known = self._listings.get(folder, ())
        if not any(entry.name == name and entry.kind == "file" for entry in known):
            return False
        try:
            return self._tree.stat(path).kind == "file"
        except OSError:
            return False

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder, as they were when first asked for."""
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = self._tree.list(folder)
        return known

    def stat(self, path: str) -> Entry:
        """Return the entry at a path as it is now."""
        return self._tree.stat(path)

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's content."""
        return self._tree.read(path, limit)

    def digest(self, path: str, entry: Entry) -> str:
        """Return the sha256 of a regular file's content."""
        return self._tree.digest(path, entry)

    def chunks(self, path: str) -> Iterable[bytes]:
        """Yield a regular file's content piece by piece."""
        return self._tree.chunks(path)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of a regular file."""
        return self._tree.beginning(path, size)


class NotingTree:
    """Notes which paths were asked for by themselves, and apart from them which folders were listed.

    Args:
        tree: what answers; see `edk.ports.SourceTree`.
    """

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self.noted: set[str] = set()
        self.listed: set[str] = set()

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder."""
        self.listed.add(folder)
        return self._tree.list(folder)

    def stat(self, path: str) -> Entry:
        """Return the entry at a path."""
        self.noted.add(path)
        return self._tree.stat(path)

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's content."""
        self.noted.add(path)
        return self._tree.read(path, limit)

    def digest(self, path: str, entry: Entry) -> str:
        """Return the sha256 of a regular file's content."""
        self.noted.add(path)
        return self._tree.digest(path, entry)

    def chunks(self, path: str) -> Iterable[bytes]:
        """Yield a regular file's content piece by piece."""
        self.noted.add(path)
        return self._tree.chunks(path)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of a regular file."""
        self.noted.add(path)
        return self._tree.beginning(path, size)


def trace_of(noting: NotingTree) -> Trace:
    """Return what was asked for; what lies in a folder that was listed is told by the listing."""
    listed = noting.listed
    return Trace(tuple(listed), tuple([p for p in noting.noted if p.rpartition("/")[0] not in listed]))
