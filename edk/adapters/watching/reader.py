"""One inotify group and the thread that reads it: watchdog's, with a queue behind it."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.adapters.watching import limits

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor


@dataclass(frozen=True, slots=True)
class KernelEvent:
    """An event of the kernel: about an entry of the folder that watch `wd` is on, or about the folder (no name)."""

    wd: int
    mask: int
    cookie: int
    name: bytes


@dataclass(frozen=True, slots=True)
class WatchGone:
    """The kernel dropped a watch, for its folder was deleted or unmounted."""

    wd: int


@dataclass(frozen=True, slots=True)
class QueueOverflowed:
    """The kernel dropped events."""


Told = KernelEvent | WatchGone | QueueOverflowed


class _Listener:
    """Takes what watchdog's thread reads; it only enqueues, and so can't end that thread."""

    def __init__(self, put: Callable[[Told], None]) -> None:
        self._put = put

    def on_event(self, event: InotifyEvent) -> None:
        """Pass an event on."""
        self._put(KernelEvent(event.wd, event.mask, event.cookie, event.name))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Pass on that a watch is gone."""
        self._put(WatchGone(wd))

    def on_queue_overflow(self) -> None:
        """Pass on that events were lost."""
        self._put(QueueOverflowed())


class InotifyReader:
    """Adds and removes watches, and puts what they tell into a queue.

    Args:
        put: puts what happened into the queue, from another thread; never blocks or raises.

    Raises:
        OSError: no more inotify instances or descriptors.
        ImportError: watchdog has no such reader: it is older than 7.1, or this is no Linux.
    """

    def __init__(self, put: Callable[[Told], None]) -> None:
        inotify = _load()
        # What watchdog logs (an overflow) is told by events; unconfigured, logging would print it to stderr.
        logger = logging.getLogger("watchdog")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        self._listener = _Listener(put)
        self._ids: dict[int, int] = {}
        self._last_id = 0
        self._group: InotifyFD = inotify()
        self._group.start()

    @property
    def is_alive(self) -> bool:
        """Whether the reading thread runs."""
        return self._group.is_alive()

    def add(self, folder: str, mask: int) -> int:
        """Watch a folder and return the watch's number; that of the watch it already has, if it has one.

        Raises:
            OSError: as the system does; ENOSPC: no more watches; EACCES: not readable.
        """
        from watchdog.observers.inotify_c import CallbackId, Mask, WatchDescriptor

        path = os.fsencode(folder)
        if not os.access(path, os.R_OK):
            # watchdog takes a watch that is refused for lack of permission for one that stands.
            raise OSError(errno.EACCES if os.path.lexists(path) else errno.ENOENT, "not readable", folder)
        self._last_id += 1
        added = CallbackId(self._last_id)
        wd = self._group.add_callback(path, Mask(mask), self._listener, added)
        if wd < 0:
            self._group.remove_callbacks([(wd, added)])
            raise OSError(errno.EACCES, "not readable", folder)
        if wd in self._ids:
            self._group.remove_callbacks([(WatchDescriptor(wd), added)])
        else:
            self._ids[wd] = added
        return wd

    def remove(self, wd: int) -> None:
        """Drop a watch; nothing happens if the kernel already has."""
        from watchdog.observers.inotify_c import CallbackId, WatchDescriptor

        identity = self._ids.pop(wd, None)
        if identity is not None:
            self._group.remove_callbacks([(WatchDescriptor(wd), CallbackId(identity))])

    def forget(self, wd: int) -> None:
        """Take note that the kernel dropped a watch."""
        self._ids.pop(wd, None)

    def held(self) -> int:
        """Return how many watches the kernel says there are; -1 if not known."""
        # Nothing public tells the descriptor.
        return limits.watches_held(self._group._inotify_fd)

    def stop(self) -> None:
        """Drop all watches, close the group and end its thread."""
        self._group.stop()
        self._group.join()


def _load() -> type[InotifyFD]:
    from watchdog.utils import UnsupportedLibcError

    try:
        from watchdog.observers.inotify_c import InotifyFD, WatchCallback
    except (ImportError, UnsupportedLibcError) as error:
        raise ImportError("watchdog 7.1 or later is needed, on Linux") from error
    if not hasattr(WatchCallback, "on_queue_overflow"):
        # Until then watchdog kept lost events to itself.
        raise ImportError("watchdog 7.1 or later is needed, on Linux")
    return InotifyFD
