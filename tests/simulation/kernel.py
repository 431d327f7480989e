"""Virtual time: a heap of what happens when, the loop's inbox, and workers that run one at a time.

Workers run the product's own code, which is no coroutine, so each has a real thread. But only one thread ever
runs: the loop's thread owns the heap, hands over to a worker when its time has come, and gets control back when the
worker waits for a later time or ends. So a schedule always goes the same way, no thread waits for real time, and a
hand-over costs some 20 microseconds; most are saved, for a worker whose time comes next anyway just goes on.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable

from edk.orchestrator.loop import Post

MOST_LOOKS = 30_000
TICK = 1e-9


class DivergenceError(BaseException):
    """Something that must hold does not; a worker, which catches every Exception, must not keep it to itself."""


class KilledError(BaseException):
    """The process that a worker or loop belongs to was killed."""


class _Thread(threading.Thread):
    """A thread that is used again and again, for starting one costs more than most builds here."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.go = threading.Lock()
        self.go.acquire()
        self.job: Callable[[], None] = lambda: None

    def run(self) -> None:
        """Do one job after another, each when control is handed over."""
        while True:
            self.go.acquire()
            self.job()


_IDLE: list[_Thread] = []


class Worker:
    """One worker: waits at stop points, and is cut short there when it is killed."""

    def __init__(self, kernel: Kernel, work: Callable[[], None]) -> None:
        self._kernel = kernel
        self._work = work
        self._thread = _IDLE.pop() if _IDLE else _Thread()
        if not self._thread.is_alive():
            self._thread.start()
        self._thread.job = self._run
        self._wake: Timer | None = None
        self._killed = False
        self.over = False
        kernel.workers.append(self)
        self.wake_at(kernel.now)

    def wake_at(self, time: float) -> None:
        """Go on at a time, in place of the one before."""
        if self._wake is not None:
            self._wake.cancelled = True
        self._wake = self._kernel.at(time, self.resume)

    def hurry(self, time: float) -> None:
        """Go on at a time, unless that was so earlier anyway."""
        if self._wake is not None and self._wake.time > time:
            self.wake_at(time)

    def resume(self) -> None:
        """Hand control over until it comes back."""
        self._wake = None
        self._kernel.current = self
        self._thread.go.release()
        self._kernel.baton.acquire()
        self._kernel.current = None

    def kill(self) -> None:
        """End at the stop point where it waits."""
        if not self.over:
            self._killed = True
            if self._wake is not None:
                self._wake.cancelled = True
            self.resume()

    def wait_until(self, time: float) -> None:
        """Give control back until a time; called by the worker's own thread."""
        self.wake_at(time)
        self._kernel.baton.release()
        self._thread.go.acquire()
        if self._killed:
            raise KilledError

    def _run(self) -> None:
        try:
            if not self._killed:
                self._work()
        except KilledError:
            pass
        except BaseException as error:  # noqa: BLE001 - shown in the thread that checks
            self._kernel.fault = error
        self.over = True
        self._kernel.workers.remove(self)
        _IDLE.append(self._thread)
        self._kernel.baton.release()


class Timer:
    """Something that happens at a time."""

    __slots__ = ("action", "cancelled", "number", "time")

    def __init__(self, time: float, number: int, action: Callable[[], None]) -> None:
        self.time = time
        self.number = number
        self.action = action
        self.cancelled = False

    def __lt__(self, other: Timer) -> bool:
        return (self.time, self.number) < (other.time, other.number)


class Kernel:
    """The clock, and the inbox of the loop.

    Args:
        quiet: called when nothing happens any more; returns whether it made something happen.
    """

    def __init__(self, quiet: Callable[[], bool]) -> None:
        self.now = 0.0
        self.queue: deque[Post] = deque()
        self.current: Worker | None = None
        self.workers: list[Worker] = []
        self.baton = threading.Lock()
        self.baton.acquire()
        self.fault: BaseException | None = None
        self.kill_at_next_look = False
        self._quiet = quiet
        self._timers: list[Timer] = []
        self._number = 0
        self._looks = 0
        self._limit = 0.0
        self._until_post = False

    def at(self, time: float, action: Callable[[], None]) -> Timer:
        """Have something happen at a time."""
        self._number += 1
        timer = Timer(max(time, self.now), self._number, action)
        heapq.heappush(self._timers, timer)
        return timer

    def put(self, message: Post) -> None:
        """Add a message to the inbox."""
        self.queue.append(message)

    def get(self, timeout: float | None) -> Post | None:
        """Return the next message, None after `timeout` virtual seconds; see `edk.orchestrator.loop.Inbox`."""
        self._looks += 1
        if self._looks > MOST_LOOKS:
            raise DivergenceError("the loop never rests")
        if timeout is None:
            while not self._run(float("inf"), until_post=True):
                if not self._quiet():
                    raise DivergenceError("the loop waits for ever")
        elif timeout <= 0.0:
            self._run(self.now, until_post=True)
        elif not self.queue:
            # A sum may be rounded down, and the loop would ask for the rest for ever.
            limit = self.now + timeout + TICK
            if not self._run(limit, until_post=True):
                self.now = limit
        return self.queue.popleft() if self.queue else None

    def pause(self, seconds: float) -> None:
        """Let time go by: for a worker, or for the loop's thread while others work."""
        if seconds <= 0.0:
            return
        time = self.now + seconds
        if self.current is None:
            self._run(time, until_post=False)
            self.now = max(self.now, time)
            return
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        first = self._timers[0].time if self._timers else float("inf")
        if time < first and time <= self._limit and not (self._until_post and self.queue):
            self.now = time
            return
        self.current.wait_until(time)

    def kill_workers(self) -> None:
        """End all workers where they are."""
        for worker in tuple(self.workers):
            worker.kill()

    def _run(self, limit: float, *, until_post: bool) -> bool:
        """Let happen what is due; return whether there are messages, as soon as there are if asked so."""
        before = self._limit, self._until_post
        self._limit, self._until_post = limit, until_post
        try:
            while not (until_post and self.queue):
                if not self._timers or self._timers[0].time > limit:
                    return bool(self.queue)
                timer = heapq.heappop(self._timers)
                if timer.cancelled:
                    continue
                self.now = max(self.now, timer.time)
                timer.action()
                if self.fault is not None:
                    raise self.fault
                if self.kill_at_next_look:
                    self.kill_at_next_look = False
                    raise KilledError
        finally:
            self._limit, self._until_post = before
        return True
