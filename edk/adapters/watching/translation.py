"""From the kernel's events to raw events; pure.

The numbers are those of ``linux/inotify.h``; they are part of the kernel's interface and never change.
"""

from __future__ import annotations

from dataclasses import dataclass

from edk.domain.saves import EventKind, RawEvent

MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
MOVE_SELF = 0x800
ONLYDIR = 0x01000000
DONT_FOLLOW = 0x02000000
ISDIR = 0x40000000

# Neither opened nor closed after reading: own reads would flood the queue.
FOLDER_MASK = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLYDIR | DONT_FOLLOW
ROOT_MASK = (FOLDER_MASK | MOVE_SELF) & ~DONT_FOLLOW

_KINDS: tuple[tuple[int, EventKind], ...] = (
    (MOVED_TO, "created"),
    (CREATE, "created"),
    (DELETE, "deleted"),
    (CLOSE_WRITE, "closed"),
    (MODIFY, "modified"),
    (ATTRIB, "attrib"),
)
_FOLDER_KINDS = CREATE | DELETE | MOVED_TO


@dataclass(frozen=True, slots=True)
class Departure:
    """The first half of a move: something left its place; its second half, if any, carries the same cookie.

    Args:
        cookie: the kernel's number of the move.
        path: absolute.
        is_folder: whether it is a folder.
        due: monotonic seconds from when on its second half is no longer waited for.
    """

    cookie: int
    path: str
    is_folder: bool
    due: float


def translate(mask: int, path: str) -> RawEvent | None:
    """Return what one event of the kernel means, None if nothing; moves are `Moves`' matter.

    Args:
        mask: of the event.
        path: absolute, of the entry of the folder that the event is about.
    """
    is_folder = bool(mask & ISDIR)
    if is_folder and not mask & _FOLDER_KINDS:
        return None
    for bit, kind in _KINDS:
        if mask & bit:
            return RawEvent(kind, path, is_folder)
    return None


class Moves:
    """Pairs the halves of moves by their cookies, and holds nothing else up meanwhile.

    The kernel queues both halves of a move within microseconds, but others' events may lie between them.
    """

    WAIT_SECONDS = 0.05

    def __init__(self) -> None:
        self._departures: dict[int, Departure] = {}

    def depart(self, departure: Departure) -> None:
        """Take the first half of a move."""
        self._departures[departure.cookie] = departure

    def arrive(self, cookie: int, path: str, is_folder: bool) -> RawEvent:
        """Take the second half of a move and return what happened; ``created`` if it came from outside."""
        departure = self._departures.pop(cookie, None)
        if departure is None:
            return RawEvent("created", path, is_folder)
        return RawEvent("moved", departure.path, is_folder, path)

    def left(self, now: float) -> tuple[RawEvent, ...]:
        """Return what has left what is watched: first halves that waited for their second one in vain."""
        due = [departure for departure in self._departures.values() if departure.due <= now]
        for departure in due:
            del self._departures[departure.cookie]
        return tuple(RawEvent("moved", departure.path, departure.is_folder) for departure in due)

    def clear(self) -> None:
        """Forget all halves; what they say can't be trusted any longer."""
        self._departures.clear()

    @property
    def next_due(self) -> float | None:
        """Monotonic seconds when the next half is due, None if none waits."""
        return min((departure.due for departure in self._departures.values()), default=None)
