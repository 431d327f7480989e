"""Workers as threads, and the inbox as a queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    DigestMismatchError,
    EdkError,
    EngineUnreachableError,
    InfrastructureError,
    NotAskedError,
    RegistryUnreachableError,
    SourceError,
    StagingError,
    StepFailedError,
)
from edk.domain.run import FailureKind, RegistryAnswers, SourcesChanged, WorkerCancelled, WorkerSucceeded
from edk.orchestrator.loop import EventOccurred, TaskFailed

if TYPE_CHECKING:
    from edk.orchestrator.loop import Inbox, Post
    from edk.orchestrator.services import Services
    from edk.orchestrator.worker import Task
    from edk.ports import Cancellation


class QueueInbox:
    """An inbox on a `queue.SimpleQueue`, whose `put` may be called from a signal handler."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Post] = queue.SimpleQueue()

    def put(self, message: Post) -> None:
        """Add a message."""
        self._queue.put(message)

    def get(self, timeout: float | None) -> Post | None:
        """Return the next message, None after `timeout` seconds without one."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None


class ThreadCrew:
    """Runs each task in a daemon thread.

    Args:
        services: the ports that a worker works on.
        new_cancellation: makes the switch that cancels one task, and what throws it with a reason.
    """

    def __init__(
        self, services: Services, new_cancellation: Callable[[], tuple[Cancellation, Callable[[str], None]]]
    ) -> None:
        self._services = services
        self._new_cancellation = new_cancellation

    def start(self, task: Task, inbox: Inbox) -> Callable[[str], None]:
        """Start a task and return what cancels it."""
        cancellation, cancel = self._new_cancellation()
        thread = threading.Thread(
            target=self._work, args=(task, inbox, cancellation, cancel), name=f"build {task.image.label}", daemon=True
        )
        thread.start()
        return cancel

    def _work(self, task: Task, inbox: Inbox, cancellation: Cancellation, cancel: Callable[[str], None]) -> None:
        limit = self._services.settings.build_timeout
        with _TimeLimit(limit, cancel) as time_limit:
            message = closing_message(task, self._services, inbox, cancellation)
        if isinstance(message, WorkerCancelled) and time_limit.expired:
            error = StepFailedError(
                f"{task.image.label} took longer than {limit} s, and was stopped",
                hint="look at the full log for where it hangs, or raise build_timeout",
            )
            message = TaskFailed(task.image.key, task.image.fingerprint, False, _failure(task, self._services, error))
        inbox.put(message)


class _TimeLimit:
    """Cancels after a time, unless left before; 0 seconds are no limit."""

    def __init__(self, limit: int, cancel: Callable[[str], None]) -> None:
        self._cancel = cancel
        self._timer = threading.Timer(limit, self._expire) if limit else None
        self.expired = False

    def _expire(self) -> None:
        self.expired = True
        self._cancel("its time is up")

    def __enter__(self) -> _TimeLimit:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()


def closing_message(task: Task, services: Services, inbox: Inbox, cancellation: Cancellation) -> Post:
    """Do a task and return the one message that closes it; every error becomes one."""
    key, fingerprint = task.image.key, task.image.fingerprint
    worker = ""
    # Imported where something is built: a build of an unchanged tree need not wait for it.
    from edk.orchestrator.worker import build_image

    def emit(event: ev.Event) -> None:
        nonlocal worker
        if isinstance(event, ev.ImagePlaced):
            worker = event.worker
        inbox.put(EventOccurred(event))

    try:
        outcome = build_image(task, services, services.open_tree(), emit, cancellation)
    except CancelledError:
        return WorkerCancelled(key)
    except ContextChangedError as error:
        return WorkerCancelled(key) if cancellation.cancelled else SourcesChanged(key, error.message)
    except NotAskedError:
        return WorkerCancelled(key) if cancellation.cancelled else RegistryAnswers(key)
    except EdkError as error:
        if cancellation.cancelled:
            return WorkerCancelled(key)
        failure = _failure(task, services, error, worker)
        return TaskFailed(key, fingerprint, isinstance(error, InfrastructureError), failure)
    except Exception as error:  # noqa: BLE001 - a bug in one worker must not leave the loop waiting for ever
        import traceback

        text = traceback.format_exc().splitlines()
        failure = _failure(task, services, error, worker)
        emit(ev.Noticed(f"a fault of the EDK itself: {error!r}", "\n".join(text)))
        return TaskFailed(key, fingerprint, False, failure)
    return WorkerSucceeded(key, fingerprint, outcome.digest, outcome.skipped, outcome.carried)


def _kind(error: Exception) -> FailureKind:
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], FailureKind], ...] = (
        (StepFailedError, "step"),
        (BuildRefusedError, "refused"),
        (DigestMismatchError, "digest"),
        ((EngineUnreachableError, StagingError), "engine"),
        (RegistryUnreachableError, "registry"),
        (SourceError, "sources"),
    )
    return next((kind for type_, kind in kinds if isinstance(error, type_)), "bug")


def _failure(task: Task, services: Services, error: Exception, worker: str = "") -> ev.ImageFailed:
    target = task.image.node.target
    name = task.image.label
    return ev.ImageFailed(
        image=name,
        kind=_kind(error) or "bug",
        message=error.message if isinstance(error, EdkError) else repr(error),
        hint=error.hint if isinstance(error, EdkError) else "please report this with the log",
        dockerfile=f"{target.root.path}/{target.dockerfile}",
        line=error.line if isinstance(error, StepFailedError) else 0,
        instruction=error.instruction if isinstance(error, StepFailedError) else "",
        log_tail=error.log_tail if isinstance(error, StepFailedError) else (),
        log=services.settings.log_path(name),
        worker=worker,
    )
