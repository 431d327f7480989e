"""Workers in virtual time, each doing what a real one does; watches how many there are and whether they end."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from edk.domain.run import RegistryAnswers, SourcesChanged, WorkerSucceeded
from edk.orchestrator.crew import closing_message
from edk.orchestrator.loop import Inbox, Post
from edk.orchestrator.services import Services
from edk.orchestrator.worker import Task
from tests.simulation.kernel import DivergenceError, Kernel, Worker

EAR = 0.1
"""Seconds until a worker that is cancelled hears of it, at most."""
LAST = 2.0
"""Seconds until it must have ended, see I12."""


@dataclass
class AtWork:
    """A worker with its task."""

    task: Task
    pauses: random.Random
    worker: Worker | None = None
    cancelled_at: float = -1.0
    closed: bool = False

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked it to stop."""
        return self.cancelled_at >= 0.0

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Do nothing: what waits here is woken by the crew."""
        return lambda: None


class SimCrew:
    """The Crew port.

    Args:
        kernel: runs the workers.
        services: the ports that they work on.
        seed: of what is drawn; each build of each image draws for itself, so that one more or less elsewhere
            changes nothing.
        jobs: how many there may be.
        ended: told of every closing message before the loop gets it.
    """

    def __init__(
        self,
        kernel: Kernel,
        services: Callable[[], Services],
        seed: int,
        jobs: int,
        ended: Callable[[Task, Post], None],
    ) -> None:
        self._kernel = kernel
        self._services = services
        self._seed = seed
        self._jobs = jobs
        self._ended = ended
        self._count: dict[str, int] = {}
        self.at_work: list[AtWork] = []

    def start(self, task: Task, inbox: Inbox) -> Callable[[str], None]:
        """Start a task; refuse what must never be asked."""
        key = task.image.key
        if any(other.task.image.key == key for other in self.at_work):
            raise DivergenceError(f"{task.image.label} is built twice at once")
        if len(self.at_work) >= self._jobs:
            raise DivergenceError(f"more than {self._jobs} builds at once")
        for base in task.bases:
            if not base.digest:
                raise DivergenceError(f"{task.image.label} starts before {base.repository}")
        number = self._count[key] = self._count.get(key, 0) + 1
        work = AtWork(task, random.Random(f"{self._seed} {task.image.label} {number}"))
        work.worker = Worker(self._kernel, lambda: self._work(work, inbox))
        self.at_work.append(work)

        def cancel(reason: str) -> None:
            if not work.cancelled:
                work.cancelled_at = self._kernel.now
                if work.worker is not None:
                    work.worker.hurry(self._kernel.now + work.pauses.random() * EAR)

        return cancel

    def of_current(self) -> AtWork:
        """Return the worker that runs now."""
        return next(work for work in self.at_work if work.worker is self._kernel.current)

    def clear(self) -> None:
        """Forget the workers of a process that was killed."""
        self.at_work.clear()

    def _work(self, work: AtWork, inbox: Inbox) -> None:
        # A process that is killed unwinds through here; nobody hears of it any more.
        message = closing_message(work.task, self._services(), inbox, work)
        work.closed = True
        self.at_work.remove(work)
        if not isinstance(message, (WorkerSucceeded, SourcesChanged, RegistryAnswers)):
            message = self._checked(work, message)
        self._ended(work.task, message)
        inbox.put(message)

    def _checked(self, work: AtWork, message: Post) -> Post:
        if work.cancelled and self._kernel.now > work.cancelled_at + LAST:
            raise DivergenceError(f"{work.task.image.label} went on after it was cancelled")
        return message
