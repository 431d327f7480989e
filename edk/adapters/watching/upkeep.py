"""Keeping the watches what they should be: roots that come and go, limits, mounts, a group of inotify that died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from edk.adapters.watching import limits
from edk.adapters.watching.mounts import read_mounts
from edk.adapters.watching.reader import InotifyReader, Told
from edk.adapters.watching.roots import Root, identity_of, untold_folders
from edk.adapters.watching.tree import WatchTree
from edk.domain.saves import RescanNeeded
from edk.domain.watching import Selection

_MOST_TICKS = 32
_BUDGET_IF_UNKNOWN = 4096


class Upkeep:
    """Sets watches and puts them right; each method returns what has to be looked at again for it.

    Args:
        selection: which folders count.
        put: takes what the kernel tells; called from another thread.
        no_watches: why nothing is to be watched and everything polled; empty if not.
    """

    def __init__(self, selection: Selection, put: Callable[[Told], None], no_watches: str = "") -> None:
        self.roots = tuple(Root(path) for path in selection.roots)
        self.tree = WatchTree(selection, _budget())
        self._put = put
        self._no_watches = no_watches
        self._told_polled: set[tuple[str, str]] = set()

    def open(self) -> tuple[RescanNeeded, ...]:
        """Set all watches."""
        self._open_reader()
        for root in self.roots:
            self._attach(root)
        return self.polled_news()

    def close(self) -> None:
        """Drop all watches; what the kernel told before has no meaning any longer."""
        if self.tree.reader is not None:
            self.tree.reader.stop()
            self.tree.reader = None
        self.tree.clear()

    @property
    def is_reader_dead(self) -> bool:
        """Whether there should be somebody who reads events, and is not."""
        return self.tree.reader is not None and not self.tree.reader.is_alive

    @property
    def is_short_of_watches(self) -> bool:
        """Whether the kernel holds fewer watches than were set, as far as it tells."""
        return self.tree.reader is not None and 0 <= self.tree.reader.held() < len(self.tree)

    def look(self) -> tuple[RescanNeeded, ...]:
        """See whether the roots are still the folders that are watched."""
        news = []
        for root in self.roots:
            before, now = root.identity, identity_of(root.path)
            # A folder made anew may well get the inode of the deleted one; but its watch is gone.
            if now == before and (now is None or root.path in self.tree or root.path in self.tree.polled):
                continue
            self.tree.drop(root.path)
            if now is None:
                root.identity = None
                news.append(RescanNeeded("the folder is gone", root.path))
                continue
            self._attach(root)
            again = "there again" if before is None else "another one than before"
            news.append(RescanNeeded(f"the folder is {again}", root.path))
        return (*news, *self.polled_news())

    def scan(self) -> tuple[RescanNeeded, ...]:
        """Put right what no event told of: mounts, limits that rose."""
        self.tree.budget = _budget()
        if self.tree.reader is None:
            self._open_reader()
        for root in self.roots:
            self._attach(root)
        return (*self.polled_news(), RescanNeeded("a look at everything, as from time to time", quiet=True))

    def settle(self) -> tuple[RescanNeeded, ...]:
        """Make the watches of all roots what they should be after events were lost."""
        for root in self.roots:
            if root.identity is not None:
                self.tree.settle(root.path)
        return self.polled_news()

    def reselect(self, selection: Selection) -> tuple[RescanNeeded, ...]:
        """Watch what counts from now on, and nothing else."""
        if selection == self.tree.selection:
            return ()
        self.tree.selection = selection
        fresh = [folder for root in self.roots if root.identity for folder in self.tree.settle(root.path)]
        news = tuple(RescanNeeded("the folder counts now", folder, quiet=True) for folder in fresh)
        return (*news, *self.polled_news())

    def ticks(self) -> tuple[RescanNeeded, ...]:
        """Have looked at what is polled."""
        folders = sorted(self.tree.polled)
        if len(folders) > _MOST_TICKS:
            folders = sorted({self.tree.selection.root_of(folder) for folder in folders})
        return tuple(RescanNeeded("polling", folder, quiet=True) for folder in folders)

    def polled_news(self) -> tuple[RescanNeeded, ...]:
        """Say what is polled and why, if it was not said before."""
        found: Counter[tuple[str, str]] = Counter()
        for polled in self.tree.polled.values():
            found[self.tree.selection.root_of(polled.path), polled.reason] += polled.folders
        news = found.keys() - self._told_polled
        self._told_polled = set(found)
        return tuple(RescanNeeded(_polled(found[root, reason], reason), root) for root, reason in sorted(news))

    def _attach(self, root: Root) -> None:
        """Watch a root, if it is there, as what it is now."""
        tree = self.tree
        root.identity = identity_of(root.path)
        if root.identity is None:
            return
        for path in [path for path in tree.untold if tree.selection.root_of(path) == root.path]:
            del tree.untold[path]
        tree.untold.update(untold_folders(root.path, read_mounts()))
        tree.settle(root.path)

    def _open_reader(self) -> None:
        self.tree.no_reader = self._no_watches
        if self._no_watches:
            return
        try:
            self.tree.reader = InotifyReader(self._put)
        except ImportError as error:
            self.tree.no_reader = f"no inotify: {error}"
        except OSError as error:
            most = limits.max_instances()
            self.tree.no_reader = (
                f"no inotify instance is left of {most} (fs.inotify.max_user_instances; {error.strerror})"
            )


def _budget() -> int:
    """Return how many watches may be held: half of what the user has, for editors need them, too."""
    return limits.max_watches() // 2 or _BUDGET_IF_UNKNOWN


def _polled(folders: int, reason: str) -> str:
    which = f"{folders} folder{'' if folders == 1 else 's'}" if folders else "everything"
    return f"polled: {which} ({reason})"
