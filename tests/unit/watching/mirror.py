"""A listener that believes the watcher: it reads again what is reported, and nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from edk.adapters.watching.watcher import WatchdogWatcher
from edk.domain.saves import RawEvent, RescanNeeded
from edk.domain.watching import Selection, is_below, select

Seen = tuple[str, bool, bytes]
View = dict[str, Seen]


def seen_at(path: str) -> Seen | None:
    """Return kind, executable bit and content of a file or link; None for anything else."""
    try:
        there = Path(path)
        if there.is_symlink():
            return ("link", False, os.fsencode(there.readlink()))
        return ("file", os.access(path, os.X_OK), there.read_bytes()) if there.is_file() else None
    except OSError:
        return None


def scan(folder: str, selection: Selection) -> View:
    """Return every file and link below a folder that counts; what is there if it is no folder."""
    seen = None if folder in selection.roots else seen_at(folder)
    if seen is not None:
        return {folder: seen}
    view: View = {}
    pending = [folder] if selection.counts(folder) else []
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            seen = seen_at(entry.path)
            if seen is not None:
                view[entry.path] = seen
            elif selection.counts(entry.path) and not entry.is_symlink():
                pending.append(entry.path)
    return view


class Mirror:
    """Keeps a view of some roots by what a watcher reports.

    Args:
        roots: absolute paths.
        watcher: not yet started.
        exclude: what the watcher excludes.
    """

    def __init__(self, roots: Sequence[str], watcher: WatchdogWatcher, exclude: Sequence[str] = ()) -> None:
        self.roots = tuple(roots)
        self.watcher = watcher
        self.selection = select(self.roots, exclude)
        self.events: list[RawEvent | RescanNeeded] = []
        self.view: View = {}
        self._inbox: SimpleQueue[RawEvent | RescanNeeded | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Mirror:
        self.watcher.start(self.roots, self._inbox.put)
        for root in self.roots:
            self.view.update(scan(root, self.selection))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.watcher.stop()
        self._inbox.put(None)
        self._thread.join()

    def truth(self) -> View:
        """Return what is really there."""
        found: View = {}
        for root in self.roots:
            found.update(scan(root, self.selection))
        return found

    def difference(self, seconds: float = 5.0) -> dict[str, tuple[Seen | None, Seen | None]]:
        """Return path, believed and true for all that differs; empty as soon as nothing does."""
        end = time.monotonic() + seconds
        while True:
            believed, truth = dict(self.view), self.truth()
            if believed == truth or time.monotonic() > end:
                paths = sorted(believed.keys() | truth.keys())
                return {p: (believed.get(p), truth.get(p)) for p in paths if believed.get(p) != truth.get(p)}
            time.sleep(0.02)

    def rescans(self) -> list[RescanNeeded]:
        """Return the re-scans so far that are worth a line."""
        return [event for event in tuple(self.events) if isinstance(event, RescanNeeded) and not event.quiet]

    def paths(self) -> set[str]:
        """Return every path that an event named so far."""
        raw = [event for event in tuple(self.events) if isinstance(event, RawEvent)]
        return {event.path for event in raw} | {event.dest for event in raw if event.dest}

    def waits_for(self, condition: Callable[[], bool], seconds: float = 5.0) -> bool:
        """Return whether a condition comes true in time."""
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
        return condition()

    def _follow(self) -> None:
        while (event := self._inbox.get()) is not None:
            self.events.append(event)
            if isinstance(event, RescanNeeded):
                for root in (event.root,) if event.root else self.roots:
                    self._read_below(root)
            else:
                for path in (event.path, event.dest):
                    if path and event.is_folder:
                        self._read_below(path)
                    elif path:
                        self._read(path)

    def _read(self, path: str) -> None:
        seen = seen_at(path)
        if seen is None:
            self.view.pop(path, None)
        else:
            self.view[path] = seen

    def _read_below(self, folder: str) -> None:
        found = scan(folder, self.selection)
        for path in [path for path in self.view if is_below(path, folder) and path not in found]:
            del self.view[path]
        self.view.update(found)
