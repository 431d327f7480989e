"""Saves: from what the file system reports to batches of paths that may have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventKind = Literal["created", "modified", "closed", "attrib", "deleted", "moved"]


@dataclass(frozen=True, slots=True)
class RawEvent:
    """What the watcher of the file system reported.

    Args:
        kind: what happened; ``closed`` is the end of writing.
        path: absolute.
        is_folder: whether it is a folder.
        dest: of ``moved``, absolute; empty if it left what is watched.
    """

    kind: EventKind
    path: str
    is_folder: bool = False
    dest: str = ""


@dataclass(frozen=True, slots=True)
class RescanNeeded:
    """Events were lost, or can't be trusted: everything below `root` has to be compared by content.

    Args:
        reason: in a few words, for the screen, e.g. ``the queue of events overflowed``.
        root: absolute path; empty: everything.
        quiet: whether it is routine (polling), and not worth a line unless something did change.
    """

    reason: str
    root: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths that may have changed, closed after a quiet period.

    Args:
        paths: files, absolute.
        folders: folders below which anything may have changed, absolute.
        rescan: why everything has to be looked at; empty if not.
        quiet: whether nothing is to be said unless something did change.
        first: monotonic seconds of its first event.
        last: monotonic seconds of its last event, i.e. of the save.
        gone: those of the paths and folders that were last reported as removed, or moved away.
    """

    paths: frozenset[str]
    folders: frozenset[str]
    rescan: str
    quiet: bool
    first: float
    last: float
    gone: frozenset[str] = frozenset()
