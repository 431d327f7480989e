"""The tree of watches: one for each folder that counts, under the path where the folder is now."""

from __future__ import annotations

import errno
import os
import posixpath
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from edk.adapters.watching.mounts import Mount
from edk.adapters.watching.reader import InotifyReader
from edk.adapters.watching.translation import FOLDER_MASK, ROOT_MASK
from edk.domain.watching import Polled, Selection, is_below

_LIMITS = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EMFILE})


@dataclass(frozen=True, slots=True)
class _Step:
    """A folder that a settling comes to.

    Args:
        path: absolute.
        in_full: whether its sub-folders count as well.
        top: the polled folder that it lies below; empty if none.
        is_fresh: whether the folder above is newly watched.
    """

    path: str
    in_full: bool
    top: str = ""
    is_fresh: bool = False


@dataclass(slots=True)
class WatchTree:
    """Keeps watches on the folders that count; only one thread changes it.

    Every change comes down to `settle` (make the watches below a folder what they should be) and `drop`.

    Args:
        selection: which folders count.
        budget: how many watches may be held at most.
        reader: adds and removes watches; None where there can be none.
        no_reader: why there is none.
        untold: folders that are polled for the sake of their file system.
        polled: what is polled now, by path; only topmost folders.
    """

    selection: Selection
    budget: int
    reader: InotifyReader | None = None
    no_reader: str = ""
    untold: dict[str, Mount] = field(default_factory=dict)
    polled: dict[str, Polled] = field(default_factory=dict)
    _paths: dict[int, str] = field(default_factory=dict)
    _watches: dict[str, int] = field(default_factory=dict)
    _inside: dict[str, set[str]] = field(default_factory=dict)
    _is_full: bool = False

    def __len__(self) -> int:
        return len(self._watches)

    def __contains__(self, path: object) -> bool:
        return path in self._watches

    def folders(self) -> tuple[str, ...]:
        """Return the folders that are watched; safe in any thread."""
        return tuple(self._watches)

    def path_of(self, wd: int) -> str:
        """Return the folder that a watch is on; empty if it was dropped meanwhile."""
        return self._paths.get(wd, "")

    def settle(self, folder: str) -> list[str]:
        """Watch what counts below a folder that counts, and nothing else.

        A folder is listed when its watch stands, so that what appears in it meanwhile is either listed or told.

        Returns:
            The topmost folders that are newly watched; what is in them may have changed untold.
        """
        fresh: list[str] = []
        seen: set[str] = set()
        counts: dict[str, int] = {}
        self._is_full = False
        self._unpoll(folder)
        pending = deque([_Step(folder, self.selection.counts_in_full(folder))])
        while pending:
            step = pending.popleft()
            if step.top:
                counts[step.top] += 1
                pending.extend(self._steps_below(step, step.top, is_fresh=False))
                continue
            outcome = self._watch(step.path)
            if outcome in ("new", "known"):
                seen.add(step.path)
                if outcome == "new" and not step.is_fresh:
                    fresh.append(step.path)
                pending.extend(self._steps_below(step, "", is_fresh=step.is_fresh or outcome == "new"))
            elif outcome:
                self.polled[step.path] = Polled(step.path, outcome)
                if self.reader is not None and step.path not in self.untold:
                    counts[step.path] = 1
                    pending.extend(self._steps_below(step, step.path, is_fresh=False))
        for top, number in counts.items():
            self.polled[top] = Polled(top, self.polled[top].reason, number)
        self._drop_unseen(folder, seen)
        return fresh

    def drop(self, folder: str) -> None:
        """Drop the watches on a folder and all below it, and poll none of it."""
        self._drop_unseen(folder, set())
        self._unpoll(folder)

    def forget(self, wd: int) -> str:
        """Take note that the kernel dropped a watch, and return the folder it was on; empty if not known."""
        if self.reader is not None:
            self.reader.forget(wd)
        path = self._paths.pop(wd, "")
        if path and self._watches.get(path) == wd:
            self._strike(path)
        return path

    def clear(self) -> None:
        """Forget all watches without dropping them, for their reader is gone."""
        for each in (self._paths, self._watches, self._inside, self.polled):
            each.clear()

    def _steps_below(self, step: _Step, top: str, *, is_fresh: bool) -> Iterator[_Step]:
        """Yield a step for each sub-folder that counts and belongs to the same root; none if it can't be read."""
        selection = self.selection
        root = selection.root_of(step.path)
        try:
            with os.scandir(step.path) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for name in names:
            path = f"{step.path.rstrip('/')}/{name}"
            in_full = path in selection.kept or (step.in_full and not selection.is_skipped(path, root))
            if (in_full or path in selection.passages) and path not in selection.roots:
                yield _Step(path, in_full, top, is_fresh)

    def _watch(self, path: str) -> str:
        """Watch a folder; return ``new``, ``known``, why it has to be polled, or nothing if it can't be looked at."""
        mount = self.untold.get(path)
        if mount is not None:
            self.polled[path] = Polled(path, mount.reason)
            if not mount.is_watched:
                return mount.reason
        if self.reader is None:
            return self.no_reader
        if path not in self._watches and (self._is_full or len(self._watches) >= self.budget):
            return "granted no watch by the system" if self._is_full else f"beyond the {self.budget} watches allowed"
        try:
            wd = self.reader.add(path, ROOT_MASK if path in self.selection.roots else FOLDER_MASK)
        except OSError as error:
            if error.errno not in _LIMITS:
                # That a folder has become readable is told by the one above it; above a root none is watched.
                return "not readable" if error.errno == errno.EACCES and path in self.selection.roots else ""
            self._is_full = True
            return "granted no watch by the system"
        return self._register(path, wd)

    def _register(self, path: str, wd: int) -> str:
        before = self._watches.get(path)
        if before == wd:
            return "known"
        if before is not None:
            # Another folder has taken this path, and the event that says so is still to come.
            self._remove(path)
        elsewhere = self._paths.get(wd, "")
        if elsewhere and self._watches.get(elsewhere) == wd:
            # The same folder was moved here, and the event that says so is still to come.
            self._strike(elsewhere)
        self._paths[wd] = path
        self._watches[path] = wd
        above = posixpath.dirname(path)
        while path not in self._inside.setdefault(above, set()) and path != above:
            self._inside[above].add(path)
            path, above = above, posixpath.dirname(above)
        return "new"

    def _remove(self, path: str) -> None:
        wd = self._watches[path]
        self._strike(path)
        self._paths.pop(wd, None)
        if self.reader is not None:
            self.reader.remove(wd)

    def _strike(self, path: str) -> None:
        """Take a path out of the tree, and those above it that lead to nothing else; its watch is the caller's."""
        del self._watches[path]
        while path not in self._watches and path not in self._inside:
            above = posixpath.dirname(path)
            inside = self._inside.get(above, set())
            inside.discard(path)
            if inside or above == path:
                break
            self._inside.pop(above, None)
            path = above

    def _drop_unseen(self, folder: str, seen: set[str]) -> None:
        pending = [folder]
        while pending:
            path = pending.pop()
            pending.extend(below for below in self._inside.get(path, ()) if below not in self.selection.roots)
            if path in self._watches and path not in seen:
                self._remove(path)

    def _unpoll(self, folder: str) -> None:
        root = self.selection.root_of(folder)
        for path in [path for path in self.polled if is_below(path, folder)]:
            if self.selection.root_of(path) == root:
                del self.polled[path]
