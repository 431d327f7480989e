"""A worker of a pool in memory: a fake engine that can be stopped, frozen and started again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edk.domain.errors import CancelledError, EngineUnreachableError
from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, StepProgress
from edk.ports import BuildContext, Cancellation
from tests.fakes.engine import FakeImageBuilder


class FakeWorker(FakeImageBuilder):
    """Builds as `FakeImageBuilder`, while it is up.

    Args:
        name: for its errors.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.down = False
        self.asked = 0
        self.tries: list[str] = []
        self.answering = threading.Event()
        self.answering.set()
        self.going = threading.Event()
        self.going.set()

    def describe(self) -> EngineInfo:
        """Return who it is; hang while it is frozen."""
        self.asked += 1
        self.answering.wait(4.5)
        if self.down or not self.answering.is_set():
            raise EngineUnreachableError(f"{self.name} refuses")
        return super().describe()

    def build(
        self,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build, or be lost at the beginning or in the middle; wait in between while it is held."""
        self.tries.append(request.name)
        if self.down:
            raise EngineUnreachableError(f"{self.name} refuses")
        while not self.going.wait(0.01):
            if cancellation.cancelled:
                raise CancelledError("cancelled")
            if self.down:
                raise EngineUnreachableError(f"{self.name} went away")
        return super().build(request, context, progress, cancellation)
