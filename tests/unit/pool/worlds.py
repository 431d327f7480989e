"""What the tests of the pool share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from edk.adapters.cancellation import Cancel
from edk.adapters.pool import BuilderPool
from edk.domain.files import ContextFile
from edk.domain.pool.hashing import order, seed_of
from edk.domain.pool.model import Worker, WorkerAddress
from edk.domain.requests import BuildRequest, BuiltImage, Placement, StepProgress
from tests.fakes.worker import FakeWorker

PORT = 1234


class Context:
    """Says the same each time that it is asked for, and counts how often that is."""

    def __init__(self, error: Exception | None = None) -> None:
        self.read = 0
        self.on_read: Callable[[], None] = lambda: None
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        self.read += 1
        yield b"tar"
        self.on_read()
        if self._error is not None:
            raise self._error

    def files(self) -> Sequence[ContextFile]:
        """Return none."""
        return ()

    def content(self, file: ContextFile) -> Iterator[bytes]:
        """Never asked for."""
        raise AssertionError("there are no files")


class World:
    """A pool over workers in memory, by their names."""

    def __init__(self, *numbers: int, limit: int = 2, balance: float = 100.0) -> None:
        self.workers = {name_of(number): FakeWorker(name_of(number)) for number in numbers}
        self.names = list(self.workers)
        self.pool = BuilderPool(self._make, self._addresses, limit, balance)
        self.look_up_error: Exception | None = None

    def _make(self, address: WorkerAddress) -> FakeWorker:
        return self.workers.setdefault(address.name, FakeWorker(address.name))

    def _addresses(self) -> list[WorkerAddress]:
        if self.look_up_error is not None:
            raise self.look_up_error
        return [WorkerAddress(f"tcp://{name}") for name in self.names]

    def order(self, target: str) -> list[FakeWorker]:
        """Return the workers as a target prefers them."""
        members = [Worker(name, 1, seed_of(name), 0) for name in self.names]
        return [self.workers[worker.name] for worker in order(target, members)]

    def target(self, *firsts: FakeWorker) -> str:
        """Return a target whose order begins with these."""
        names = (f"image-{number}" for number in range(10_000))
        return next(name for name in names if self.order(name)[: len(firsts)] == list(firsts))

    def forget_time(self) -> None:
        """Let it be long ago that the pool asked who is there."""
        self.pool._members._asked_at = float("-inf")

    def arguments(self, target: str) -> tuple[BuildRequest, Context, Callable[[object], None], Cancel]:
        """Return what a build takes."""
        return request(target), Context(), lambda _: None, Cancel()

    def build(self, target: str, context: Context | None = None, cancel: Cancel | None = None) -> Build:
        """Start a build in a thread of its own."""
        return Build(self.pool, target, context or Context(), cancel or Cancel())


class Build:
    """A build under way."""

    def __init__(self, pool: BuilderPool, target: str, context: Context, cancel: Cancel) -> None:
        self.placements: list[Placement] = []
        self.cancel = cancel
        self.error: Exception | None = None
        self.image: BuiltImage | None = None
        self._request = request(target)
        self._arguments = (pool, context)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    def result(self) -> BuiltImage:
        """Return the image, or raise what the build raised."""
        self._thread.join(30)
        assert self.over
        if self.error is not None:
            raise self.error
        assert self.image is not None
        return self.image

    def _run(self) -> None:
        pool, context = self._arguments
        try:
            self.image = pool.build(self._request, context, self._hear, self.cancel)
        except Exception as error:  # noqa: BLE001 - raised by `result`
            self.error = error

    def _hear(self, progress: StepProgress | Placement) -> None:
        if isinstance(progress, Placement):
            self.placements.append(progress)


def name_of(number: int) -> str:
    return f"10.0.0.{number}:{PORT}"


def request(target: str) -> BuildRequest:
    return BuildRequest(target, f"localhost/{target}:1", b"FROM x\nRUN true\n", "Dockerfile")


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.005)
