"""What the watching thread does: it alone changes the tree of watches."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from edk.adapters.watching import limits
from edk.adapters.watching.mounts import read_mounts
from edk.adapters.watching.reader import InotifyReader, KernelEvent, QueueOverflowed, Told, WatchGone
from edk.adapters.watching.roots import Root, identity_of, untold_folders
from edk.adapters.watching.translation import (
    CREATE,
    DELETE,
    DELETE_SELF,
    ISDIR,
    MOVE_SELF,
    MOVED_FROM,
    MOVED_TO,
    UNMOUNT,
    Departure,
    Moves,
    translate,
)
from edk.adapters.watching.tree import WatchTree
from edk.domain.saves import RawEvent, RescanNeeded
from edk.domain.watching import Selection

Notify = Callable[[RawEvent | RescanNeeded], None]

_MOST_TICKS = 32
_BUDGET_IF_UNKNOWN = 4096


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what is done, in seconds.

    Args:
        poll: between two ticks for what is polled.
        look: between two looks at the roots and the reading thread.
        scan: between two safety scans, which also try again what a limit refused.
        rescan: at least between two re-scans for lost events.
    """

    poll: float = 1.0
    look: float = 2.0
    scan: float = 60.0
    rescan: float = 1.0


@dataclass(frozen=True, slots=True)
class Reselect:
    """Somebody asks to watch other folders."""

    selection: Selection


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asks to end."""


Message = Told | Reselect | Stop


class Following:
    """Follows the roots: takes what the kernel tells, keeps the tree of watches, and tells what may have changed.

    Args:
        selection: which folders count.
        notify: is told everything.
        pace: how often what is done.
        no_watches: why nothing is to be watched and everything polled; empty if not.
    """

    def __init__(self, selection: Selection, notify: Notify, pace: Pace, no_watches: str = "") -> None:
        self.inbox: SimpleQueue[Message] = SimpleQueue()
        self.roots = tuple(Root(path) for path in selection.roots)
        self.tree = WatchTree(selection, limits.max_watches() // 2 or _BUDGET_IF_UNKNOWN)
        self._notify = notify
        self._pace = pace
        self._no_watches = no_watches
        self._moves = Moves()
        self._lost = ""
        self._told_polled: set[tuple[str, str]] = set()
        now = time.monotonic()
        self._poll_due, self._look_due, self._scan_due = now + pace.poll, now + pace.look, now + pace.scan
        self._rescan_due = now

    def open(self) -> None:
        """Set all watches; what changes from here on is told."""
        self._open_reader()
        for root in self.roots:
            self._attach(root)
        self._tell_polled()

    def close(self) -> None:
        """Drop all watches."""
        if self.tree.reader is not None:
            self.tree.reader.stop()
            self.tree.reader = None
        self.tree.clear()

    def run(self) -> None:
        """Follow until told to stop."""
        while True:
            try:
                if self._turn():
                    return
            except Exception as error:  # noqa: BLE001 - a bug here must not end the watching in silence
                self._lost = f"the watching failed ({type(error).__name__}: {error})"

    def _turn(self) -> bool:
        """Take what has come, or wait for it, then do what is due; tell whether to stop."""
        try:
            message: Message | None = self.inbox.get(timeout=self._seconds_to_wait())
        except Empty:
            message = None
        if isinstance(message, Stop):
            return True
        if message is not None:
            self._take(message)
        self._do_what_is_due(time.monotonic())
        return False

    def _seconds_to_wait(self) -> float:
        due = [self._look_due, self._scan_due]
        if self.tree.polled:
            due.append(self._poll_due)
        if self._lost:
            due.append(self._rescan_due)
        if self._moves.next_due is not None:
            due.append(self._moves.next_due)
        return max(0.0, min(due) - time.monotonic())

    def _take(self, message: Message) -> None:
        match message:
            case KernelEvent():
                self._take_event(message)
            case WatchGone():
                if self.tree.forget(message.wd) in self.tree.selection.roots:
                    self._look_due = 0.0
            case QueueOverflowed():
                self._lost = "the queue of events overflowed"
            case Reselect():
                self._reselect(message.selection)

    def _take_event(self, event: KernelEvent) -> None:
        folder = self.tree.path_of(event.wd)
        if not folder:
            return
        if not event.name:
            if event.mask & (DELETE_SELF | MOVE_SELF | UNMOUNT):
                self._look_due = 0.0
            return
        path = f"{folder.rstrip('/')}/{os.fsdecode(event.name)}"
        if event.mask & ISDIR:
            self._take_folder(event, path)
        if event.mask & MOVED_FROM:
            due = time.monotonic() + Moves.WAIT_SECONDS
            self._moves.depart(Departure(event.cookie, path, bool(event.mask & ISDIR), due))
        elif event.mask & MOVED_TO:
            self._tell(self._moves.arrive(event.cookie, path, bool(event.mask & ISDIR)))
        else:
            raw = translate(event.mask, path)
            if raw is not None:
                self._tell(raw)

    def _take_folder(self, event: KernelEvent, path: str) -> None:
        """Make the watches fit before anybody is told, so that nothing is missed after the telling."""
        tree = self.tree
        if path in tree.selection.roots:
            self._look_due = 0.0
        elif event.mask & MOVED_FROM:
            tree.drop(path)
        elif event.mask & DELETE:
            tree.polled.pop(path, None)
        elif event.mask & (CREATE | MOVED_TO):
            if tree.selection.counts(path):
                tree.settle(path)
                self._tell_polled()
        elif tree.selection.counts(path):
            self._take_permissions(path)

    def _take_permissions(self, path: str) -> None:
        """Watch a folder that has become readable; have one compared that no longer is."""
        fresh = self.tree.settle(path) if path not in self.tree and path not in self.tree.polled else []
        if fresh or not os.access(path, os.R_OK | os.X_OK):
            self._tell(RescanNeeded("the permissions of a folder changed", path, quiet=True))

    def _do_what_is_due(self, now: float) -> None:
        for raw in self._moves.left(now):
            self._tell(raw)
        if now >= self._look_due:
            self._look_due = now + self._pace.look
            self._look()
        if now >= self._scan_due:
            self._scan_due = now + self._pace.scan
            self._scan()
        if self._lost and now >= self._rescan_due:
            self._rescan_due = now + self._pace.rescan
            self._recover()
        if now >= self._poll_due:
            self._poll_due = now + self._pace.poll
            self._tick()

    def _look(self) -> None:
        """See whether the roots are still the folders that are watched, and whether somebody still listens."""
        if self.tree.reader is not None and not self.tree.reader.is_alive:
            self._lost = "the thread that reads events died"
            self._reopen()
        for root in self.roots:
            before, now = root.identity, identity_of(root.path)
            # A folder made anew may well get the inode of the deleted one; but its watch is gone.
            if now == before and (now is None or root.path in self.tree or root.path in self.tree.polled):
                continue
            self._detach(root)
            if now is None:
                self._tell(RescanNeeded("the folder is gone", root.path))
                continue
            self._attach(root)
            again = "there again" if before is None else "another one than before"
            self._tell(RescanNeeded(f"the folder is {again}", root.path))
        self._tell_polled()

    def _scan(self) -> None:
        """Put right what no event told of: mounts, limits that rose, watches that got lost."""
        tree = self.tree
        if tree.reader is None:
            self._open_reader()
        elif self.inbox.empty() and 0 <= tree.reader.held() < len(tree):
            self._lost = "watches got lost"
            self._reopen()
        for root in self.roots:
            if root.identity is not None:
                self._attach(root)
        self._tell_polled()
        self._tell(RescanNeeded("a look at everything, as from time to time", quiet=True))

    def _recover(self) -> None:
        """Have everything compared after events were lost, when the watches are what they should be."""
        reason, self._lost = self._lost, ""
        self._moves.clear()
        for root in self.roots:
            if root.identity is not None:
                self.tree.settle(root.path)
        self._tell_polled()
        self._tell(RescanNeeded(reason))

    def _tick(self) -> None:
        folders = sorted(self.tree.polled)
        if len(folders) > _MOST_TICKS:
            folders = sorted({self.tree.selection.root_of(folder) for folder in folders})
        for folder in folders:
            self._tell(RescanNeeded("polling", folder, quiet=True))

    def _tell_polled(self) -> None:
        """Say once what is polled and why."""
        root_of = self.tree.selection.root_of
        found: Counter[tuple[str, str]] = Counter()
        for polled in self.tree.polled.values():
            found[root_of(polled.path), polled.reason] += polled.folders
        for (root, reason), folders in found.items():
            if (root, reason) not in self._told_polled:
                what = f"{folders} folders are" if folders else "it is"
                self._tell(RescanNeeded(f"{what} polled, not watched: {reason}", root))
        self._told_polled = set(found)

    def _tell(self, event: RawEvent | RescanNeeded) -> None:
        try:
            self._notify(event)
        except Exception as error:  # noqa: BLE001 - whatever the listener's bug is, the next events must reach it
            self._lost = f"a change could not be handed on ({type(error).__name__}: {error})"

    def _reselect(self, selection: Selection) -> None:
        if selection == self.tree.selection:
            return
        self.tree.selection = selection
        for root in self.roots:
            if root.identity is not None:
                for folder in self.tree.settle(root.path):
                    self._tell(RescanNeeded("the folder counts now", folder, quiet=True))
        self._tell_polled()

    def _attach(self, root: Root) -> None:
        root.identity = identity_of(root.path)
        if root.identity is not None:
            self._detach(root, keep_watches=True)
            self.tree.untold.update(untold_folders(root.path, read_mounts()))
            self.tree.settle(root.path)

    def _detach(self, root: Root, *, keep_watches: bool = False) -> None:
        root_of = self.tree.selection.root_of
        for path in [path for path in self.tree.untold if root_of(path) == root.path]:
            del self.tree.untold[path]
        if not keep_watches:
            root.identity = None
            self.tree.drop(root.path)

    def _open_reader(self) -> None:
        self.tree.no_reader = self._no_watches
        if self._no_watches:
            return
        try:
            self.tree.reader = InotifyReader(self.inbox.put)
        except ImportError as error:
            self.tree.no_reader = f"no inotify: {error}"
        except OSError as error:
            self.tree.no_reader = f"the system grants no inotify instance ({error.strerror})"

    def _reopen(self) -> None:
        """Start over with a new group; what the old one told has no meaning for it."""
        self.close()
        kept = []
        while not self.inbox.empty():
            message = self.inbox.get()
            if isinstance(message, Reselect | Stop):
                kept.append(message)
        for message in kept:
            self.inbox.put(message)
        self._open_reader()
        for root in self.roots:
            self._attach(root)
