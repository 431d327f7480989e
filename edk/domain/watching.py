"""Watching: which folders are watched, which are polled and why."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from edk.domain.litter import SKIPPED_FOLDERS

RootMode = Literal["inotify", "poll", "waiting"]


@dataclass(frozen=True, slots=True)
class Polled:
    """A folder that is looked at again and again, with everything below it, for its events don't come, or not all.

    Args:
        path: absolute.
        reason: in a few words, e.g. ``an nfs4 mount``.
        folders: how many folders that count there are, itself among them; 0 if not known.
    """

    path: str
    reason: str
    folders: int = 0


@dataclass(frozen=True, slots=True)
class RootWatch:
    """How one root is watched.

    Args:
        path: absolute.
        mode: ``inotify``: by events, but for what is in `polled`; ``poll``: all of it is polled, and perhaps watched
            as well; ``waiting``: there is no folder at this path.
        watched: how many folders are watched.
        present: how many folders that count there are; 0 if nobody counted.
        polled: what is polled.
    """

    path: str
    mode: RootMode
    watched: int
    present: int
    polled: tuple[Polled, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchReport:
    """How everything is watched.

    Args:
        roots: one each, in the order in which they were given.
        watches: how many inotify watches are held.
        budget: how many may be held at most.
        max_watches: the user's limit, of all programs together; 0 if not known.
        max_instances: the user's limit of inotify instances; 0 if not known.
    """

    roots: tuple[RootWatch, ...] = ()
    watches: int = 0
    budget: int = 0
    max_watches: int = 0
    max_instances: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which folders below the roots count, and so are watched.

    Hidden folders, ``node_modules``, ``__pycache__`` and what `exclude` matches don't count with all that is below
    them, but for those in `kept` with all that is below these.

    Args:
        roots: absolute paths.
        exclude: patterns of relative paths or names, as in ``edk.yaml``.
        kept: absolute paths.
        passages: the folders that lead to those of `kept`; they are watched without what else is in them.
    """

    roots: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()

    def counts(self, folder: str) -> bool:
        """Tell whether a folder is watched, by its path alone."""
        return folder in self.passages or self.counts_in_full(folder)

    def counts_in_full(self, folder: str) -> bool:
        """Tell whether the sub-folders of a folder count as well, as far as their names say nothing else."""
        root = self.root_of(folder)
        while root and folder != root:
            if folder in self.kept:
                return True
            if self.is_skipped(folder, root):
                return False
            folder = posixpath.dirname(folder)
        # A skipped folder further up would have ended the loop, unless a kept one below it had.
        return bool(root)

    def is_skipped(self, folder: str, root: str) -> bool:
        """Tell whether the name of a folder below a root, or an excluding pattern, rules it out."""
        name = posixpath.basename(folder)
        if name.startswith(".") or name in SKIPPED_FOLDERS:
            return True
        if not self.exclude:
            return False
        relative = folder[len(root) :].lstrip("/")
        patterns = tuple(pattern.rstrip("/") for pattern in self.exclude)
        return any(fnmatch.fnmatchcase(relative, p) or fnmatch.fnmatchcase(name, p) for p in patterns)

    def root_of(self, path: str) -> str:
        """Return the innermost root that holds a path or is it; empty if none does."""
        held = [root for root in self.roots if is_below(path, root)]
        return max(held, key=len, default="")


def select(roots: Sequence[str], exclude: Collection[str] = (), kept: Collection[str] = ()) -> Selection:
    """Return the selection of folders for these roots, with the passages to what is kept."""
    plain = Selection(tuple(roots), tuple(exclude), frozenset(kept))
    passages = set()
    for folder in kept:
        root, above = plain.root_of(folder), folder
        while root and above != root:
            above = posixpath.dirname(above)
            passages.add(above)
    return Selection(plain.roots, plain.exclude, plain.kept, frozenset(passages))


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies below it."""
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")
