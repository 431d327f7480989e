"""What the watching thread does; it alone changes the watches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from edk.adapters.watching.reader import KernelEvent, QueueOverflowed, Told, WatchGone
from edk.adapters.watching.translation import (
    CREATE,
    DELETE,
    ISDIR,
    MOVE_SELF,
    MOVED_FROM,
    MOVED_TO,
    Departure,
    Moves,
    translate,
)
from edk.adapters.watching.upkeep import Upkeep
from edk.domain.saves import RawEvent, RescanNeeded
from edk.domain.watching import Selection

Notify = Callable[[RawEvent | RescanNeeded], None]


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
    """Follows the roots: takes what the kernel tells, has the watches kept, and tells what may have changed.

    Args:
        selection: which folders count.
        notify: is told everything.
        pace: how often what is done.
        no_watches: why nothing is to be watched and everything polled; empty if not.
    """

    def __init__(self, selection: Selection, notify: Notify, pace: Pace, no_watches: str = "") -> None:
        self.inbox: SimpleQueue[Message] = SimpleQueue()
        self.upkeep = Upkeep(selection, self.inbox.put, no_watches)
        self._notify = notify
        self._pace = pace
        self._moves = Moves()
        self._lost = ""
        self._linked: set[str] = set()
        now = time.monotonic()
        self._poll_due, self._look_due, self._scan_due = now + pace.poll, now + pace.look, now + pace.scan
        self._rescan_due = now

    def open(self) -> None:
        """Set all watches; what changes from here on is told."""
        self._tell_all(self.upkeep.open())

    def run(self) -> None:
        """Follow until told to stop, and drop all watches then."""
        while True:
            try:
                if self._turn():
                    break
            except Exception as error:  # noqa: BLE001 - a bug here must not end the watching in silence
                self._lost = f"the watching failed ({type(error).__name__}: {error})"
        self.upkeep.close()

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
        if self.upkeep.tree.polled:
            due.append(self._poll_due)
        if self._lost or self._linked:
            due.append(self._rescan_due)
        if self._moves.next_due is not None:
            due.append(self._moves.next_due)
        return max(0.0, min(due) - time.monotonic())

    def _take(self, message: Message) -> None:
        match message:
            case KernelEvent():
                self._take_event(message)
            case WatchGone():
                if self.upkeep.tree.forget(message.wd) in self.upkeep.tree.selection.roots:
                    self._look_due = 0.0
            case QueueOverflowed():
                self._lost = "the queue of events overflowed"
            case Reselect():
                self._tell_all(self.upkeep.reselect(message.selection))

    def _take_event(self, event: KernelEvent) -> None:
        folder = self.upkeep.tree.path_of(event.wd)
        if not folder:
            return
        if not event.name:
            if event.mask & MOVE_SELF:
                self._look_due = 0.0
            return
        path = f"{folder.rstrip('/')}/{os.fsdecode(event.name)}"
        is_folder = bool(event.mask & ISDIR)
        if is_folder:
            self._take_folder(event.mask, path)
        if event.mask & MOVED_FROM:
            self._moves.depart(Departure(event.cookie, path, is_folder, time.monotonic() + Moves.WAIT_SECONDS))
        elif event.mask & MOVED_TO:
            self._tell(self._moves.arrive(event.cookie, path, is_folder))
        else:
            raw = translate(event.mask, path)
            if raw is not None:
                self._tell(raw)
                self._take_other_names(raw)

    def _take_folder(self, mask: int, path: str) -> None:
        """Make the watches fit before anybody is told, so that nothing is missed after the telling."""
        tree = self.upkeep.tree
        if path in tree.selection.roots:
            self._look_due = 0.0
        elif mask & MOVED_FROM:
            # Else what happens to it outside would be told under the path where it was.
            tree.drop(path)
        elif mask & DELETE:
            tree.polled.pop(path, None)
        elif not tree.selection.counts(path):
            return
        elif mask & (CREATE | MOVED_TO):
            tree.settle(path)
            self._tell_all(self.upkeep.polled_news())
        else:
            self._take_permissions(path)

    def _take_permissions(self, path: str) -> None:
        """Watch a folder that has become readable; have one compared that no longer is."""
        tree = self.upkeep.tree
        fresh = tree.settle(path) if path not in tree and path not in tree.polled else []
        if fresh or not os.access(path, os.R_OK | os.X_OK):
            self._tell(RescanNeeded("the permissions of a folder changed", path, quiet=True))

    def _take_other_names(self, raw: RawEvent) -> None:
        """Have the root compared if a file with several names changed; the kernel tells one of them only."""
        if raw.is_folder or raw.kind not in ("closed", "modified", "attrib"):
            return
        try:
            names = os.lstat(raw.path).st_nlink
        except OSError:
            return
        if names > 1:
            self._linked.add(self.upkeep.tree.selection.root_of(raw.path))

    def _do_what_is_due(self, now: float) -> None:
        self._tell_all(self._moves.left(now))
        if now >= self._look_due:
            self._look_due = now + self._pace.look
            if self.upkeep.is_reader_dead:
                self._start_over("the thread that reads events died")
            self._tell_all(self.upkeep.look())
        if now >= self._scan_due:
            self._scan_due = now + self._pace.scan
            if self.inbox.empty() and self.upkeep.is_short_of_watches:
                self._start_over("watches got lost")
            self._tell_all(self.upkeep.scan())
        if (self._lost or self._linked) and now >= self._rescan_due:
            self._rescan_due = now + self._pace.rescan
            self._recover()
        if now >= self._poll_due:
            self._poll_due = now + self._pace.poll
            self._tell_all(self.upkeep.ticks())

    def _recover(self) -> None:
        """Have compared what no event told of, when the watches are what they should be."""
        reason, linked = self._lost, tuple(self._linked)
        self._lost = ""
        self._linked.clear()
        if reason:
            self._moves.clear()
            self._tell_all(self.upkeep.settle())
            self._tell(RescanNeeded(reason))
        else:
            self._tell_all(RescanNeeded("a file with several names changed", root, quiet=True) for root in linked)

    def _start_over(self, reason: str) -> None:
        """Set all watches anew in a new group; what the old one told has no meaning for it."""
        self._lost = reason
        self.upkeep.close()
        waiting = []
        while not self.inbox.empty():
            waiting.append(self.inbox.get())
        for message in waiting:
            if isinstance(message, Reselect | Stop):
                self.inbox.put(message)
        self._tell_all(self.upkeep.open())

    def _tell(self, event: RawEvent | RescanNeeded) -> None:
        try:
            self._notify(event)
        except Exception as error:  # noqa: BLE001 - whatever the listener's bug is, the next events must reach it
            self._lost = f"a change could not be handed on ({type(error).__name__}: {error})"

    def _tell_all(self, events: Iterable[RawEvent | RescanNeeded]) -> None:
        for event in events:
            self._tell(event)
