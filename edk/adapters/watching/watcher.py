"""The watcher of the file system: a thread that follows the roots."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Collection, Sequence

from edk.adapters.watching import limits
from edk.adapters.watching.following import Following, Notify, Pace, Reselect, Stop
from edk.adapters.watching.roots import Root
from edk.adapters.watching.tree import WatchTree
from edk.domain.watching import RootMode, RootWatch, WatchReport, select


class WatchdogWatcher:
    """Watches folders by watchdog's inotify reader; see `edk.ports.FileWatcher`.

    Args:
        poll: whether to poll everything, for file systems that wrongly claim to tell of every change.
        exclude: patterns of relative paths and names that are not watched, as in ``edk.yaml``.
        poll_interval: seconds between two ticks for what is polled.
        look_every: seconds between two looks at the roots.
        scan_every: seconds between two safety scans.
    """

    def __init__(
        self,
        poll: bool = False,
        exclude: Collection[str] = (),
        poll_interval: float = 1.0,
        look_every: float = 2.0,
        scan_every: float = 60.0,
    ) -> None:
        self._no_watches = "polling was asked for" if poll else ""
        self._exclude = tuple(exclude)
        self._pace = Pace(poll=poll_interval, look=look_every, scan=scan_every)
        self._roots: tuple[str, ...] = ()
        self._kept: tuple[str, ...] = ()
        self._following: Following | None = None
        self._thread: threading.Thread | None = None

    def start(self, roots: Sequence[str], notify: Notify) -> None:
        """Watch from now on: what changes after the return is told."""
        self._roots = tuple(posixpath.normpath(root) for root in roots)
        following = Following(select(self._roots, self._exclude, self._kept), notify, self._pace, self._no_watches)
        following.open()
        self._following = following
        self._thread = threading.Thread(target=following.run, name="edk-watching", daemon=True)
        self._thread.start()

    def keep(self, folders: Collection[str]) -> None:
        """Watch these folders as well, although a walk would skip them, and no longer those of an earlier call."""
        self._kept = tuple(posixpath.normpath(folder) for folder in folders)
        if self._following is not None:
            self._following.inbox.put(Reselect(select(self._roots, self._exclude, self._kept)))

    def report(self) -> WatchReport:
        """Return how everything is watched at this moment."""
        following = self._following
        if following is None:
            return WatchReport()
        tree = following.upkeep.tree
        root_of = tree.selection.root_of
        folders = [root_of(folder) for folder in tree.folders()]
        roots = tuple(_root_watch(tree, root, folders.count(root.path)) for root in following.upkeep.roots)
        return WatchReport(roots, len(folders), tree.budget, limits.max_watches(), limits.max_instances())

    def stop(self) -> None:
        """Drop all watches and end all threads; a second call does nothing."""
        following, thread = self._following, self._thread
        self._following = self._thread = None
        if following is None or thread is None:
            return
        following.inbox.put(Stop())
        thread.join()


def _root_watch(tree: WatchTree, root: Root, watched: int) -> RootWatch:
    polled = tuple(each for each in tuple(tree.polled.values()) if tree.selection.root_of(each.path) == root.path)
    mode: RootMode = "inotify"
    if root.identity is None:
        mode = "waiting"
    elif any(each.path == root.path for each in polled):
        mode = "poll"
    return RootWatch(root.path, mode, watched, watched + sum(each.folders for each in polled), polled)
