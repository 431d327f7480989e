"""Bring a watcher's charts to the platform in a thread of its own: a re-install takes longer than many saves."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edk.domain import events as ev
from edk.domain.errors import EdkError, PlatformUnreachableError
from edk.orchestrator.deliver import Delivery, Parcel, deliver

RETRY_SECONDS = 30.0


class _Posting:
    """A sink that hands events to the loop, which alone shows them."""

    def __init__(self, post: Callable[[ev.Event], None]) -> None:
        self._post = post

    def emit(self, event: ev.Event) -> None:
        """Hand one event on."""
        self._post(event)

    def close(self) -> None:
        """Do nothing."""


class BackgroundDelivery:
    """Takes charts as they are packaged, and delivers of each the latest; what it delivered is not asked for again.

    A chart that the platform refuses is left until it is another one. A platform that is away is tried again.

    Args:
        to: where charts go; its sink is not used.
        post: takes the events, from another thread.
        retry: seconds after which a platform that was away is tried again.
    """

    def __init__(self, to: Delivery, post: Callable[[ev.Event], None], retry: float = RETRY_SECONDS) -> None:
        self._to = replace(to, sink=_Posting(post))
        self._post = post
        self._retry = retry
        # Guards the two below: the loop puts parcels in, the thread takes them out.
        self._changed = threading.Condition()
        self._waiting: dict[str, Parcel] = {}
        self._at_work = ""
        self._settled: dict[str, str] = {}
        self._trouble = ""
        self._thread: threading.Thread | None = None

    def take(self, parcel: Parcel) -> bool:
        """Take a chart, which is delivered soon; return that it was not uploaded yet."""
        with self._changed:
            self._waiting[parcel.chart] = parcel
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="edk-platform", daemon=True)
                self._thread.start()
            self._changed.notify()
        return False

    @property
    def busy(self) -> str:
        """Return the chart that is being delivered, empty if none is."""
        with self._changed:
            return self._at_work

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                parcel = self._waiting.pop(next(iter(self._waiting)))
                self._at_work = parcel.chart
            again = self._deliver(parcel)
            with self._changed:
                self._at_work = ""
                if again:
                    self._waiting.setdefault(parcel.chart, parcel)
                    self._changed.wait(self._retry)

    def _deliver(self, parcel: Parcel) -> bool:
        """Deliver one chart unless it was; return whether to try it again."""
        try:
            content = hashlib.sha256(Path(parcel.archive).read_bytes()).hexdigest()
        except OSError:
            return False  # packaged anew at this moment; that one comes too
        if self._settled.get(parcel.chart) == content:
            return False
        self._to.down.clear()
        try:
            deliver(parcel, self._to)
        except PlatformUnreachableError as error:
            if error.message != self._trouble:
                self._trouble = error.message
                self._post(ev.ChartFailed(parcel.chart, error.message, "it is tried again until it answers"))
            return True
        except EdkError as error:
            self._post(ev.ChartFailed(parcel.chart, error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - a bug here must not end the deliveries without a word
            import traceback

            self._post(ev.Noticed(f"a fault of the EDK itself: {error!r}", traceback.format_exc()))
        self._trouble = ""
        self._settled[parcel.chart] = content
        return False
