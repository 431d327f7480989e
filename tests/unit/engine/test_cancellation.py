"""The switch that stops a piece of work."""

from __future__ import annotations

import threading

from edk.adapters.cancellation import Cancel


def test_calls_back_once() -> None:
    """Callbacks run once, in the thread that cancels; the first reason stays."""
    cancel, called = Cancel(), []
    cancel.on_cancel(lambda: called.append(threading.current_thread()))

    cancel.cancel("superseded")
    cancel.cancel("other")

    assert [threading.current_thread()] == called
    assert (True, "superseded") == (cancel.cancelled, cancel.reason)


def test_calls_back_at_once_when_it_is_cancelled_already() -> None:
    """Who comes late is called too."""
    cancel, called = Cancel(), []
    cancel.cancel()

    cancel.on_cancel(lambda: called.append(1))

    assert [1] == called


def test_takes_back() -> None:
    """A callback that was taken back is not called; taking back twice, or too late, does nothing."""
    cancel, called = Cancel(), []
    take_back = cancel.on_cancel(lambda: called.append(1))
    kept = cancel.on_cancel(lambda: called.append(2))

    take_back()
    take_back()
    cancel.cancel()
    kept()

    assert [2] == called


def test_loses_no_callback_between_threads() -> None:
    """However registering and cancelling interleave, each callback runs exactly once."""
    for _ in range(200):
        cancel, called, ready = Cancel(), [], threading.Barrier(2)

        def cancel_it(cancel: Cancel = cancel, ready: threading.Barrier = ready) -> None:
            ready.wait()
            cancel.cancel()

        thread = threading.Thread(target=cancel_it)
        thread.start()
        ready.wait()
        for number in range(20):
            cancel.on_cancel(lambda number=number, called=called: called.append(number))
        thread.join()

        assert list(range(20)) == sorted(called)
