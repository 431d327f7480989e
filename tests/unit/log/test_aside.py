"""A sink in a thread of its own."""

from __future__ import annotations

import threading

from edk.domain import events as ev
from edk.ui.aside import Aside


class Slow:
    """Takes its first event only when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[ev.Event] = []
        self.closed = False

    def emit(self, event: ev.Event) -> None:
        """Take one event, when it is time."""
        self.go.wait(10)
        self.taken.append(event)

    def close(self) -> None:
        """Note it."""
        self.closed = True


def test_nobody_waits_for_a_slow_sink_and_nothing_is_lost() -> None:
    """Events are taken at once, handed on in their order, and all of them before the sink is closed."""
    slow = Slow()
    aside = Aside(slow)
    events = [ev.Noticed(str(number)) for number in range(100)]
    for event in events:
        aside.emit(event)
    assert [] == slow.taken

    slow.go.set()
    aside.close()

    assert (events, True) == (slow.taken, slow.closed)


def test_without_events_there_is_no_thread() -> None:
    """A run without events starts no thread, and closes the sink all the same."""
    before = threading.active_count()
    slow = Slow()
    aside = Aside(slow)

    aside.close()

    assert (before, True) == (threading.active_count(), slow.closed)
