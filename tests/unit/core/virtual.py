"""An inbox and a crew in virtual time: nothing waits, and what would wait for ever fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from edk.domain import events as ev
from edk.domain.errors import EdkError
from edk.domain.plan import BuildPlan
from edk.domain.run import RunState, SourcesChanged, StopAsked, WorkerCancelled, WorkerSucceeded
from edk.orchestrator.loop import Inbox, Loop, LoopOptions, Post, TaskFailed
from edk.orchestrator.worker import Task

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class End:
    """How a worker ends: ``success``, ``found``, ``step``, ``engine`` or ``changed``, after so many seconds.

    A deaf one is just done when it is cancelled.
    """

    kind: str = "success"
    seconds: float = 1.0
    deaf: bool = False


class FakeInbox:
    """Messages with the time of their arrival; `get` lets that time come."""

    def __init__(self) -> None:
        self.now = 0.0
        self._posts: list[tuple[float, Post]] = []

    def put(self, message: Post) -> None:
        """Add a message that is there at once."""
        self.put_at(self.now, message)

    def put_at(self, time: float, message: Post) -> None:
        """Add a message that arrives later."""
        self._posts.append((time, message))

    def withdraw(self, message: Post) -> bool:
        """Take a message back that has not arrived, and tell whether it was there."""
        kept = [(time, post) for time, post in self._posts if post is not message]
        found = len(kept) < len(self._posts)
        self._posts = kept
        return found

    def get(self, timeout: float | None) -> Post | None:
        """Return the next message, None after `timeout` virtual seconds without one."""
        first = min(self._posts, key=lambda item: item[0], default=None)
        if first is None and timeout is None:
            raise AssertionError("the loop waits for ever")
        if first is None or (timeout is not None and first[0] > self.now + timeout):
            assert timeout is not None
            self.now += timeout
            return None
        self._posts.remove(first)
        self.now = max(self.now, first[0])
        return first[1]


@dataclass
class FakeCrew:
    """Workers that end as told, in virtual time; `started` holds (time, name, fingerprint, attempt)."""

    inbox: FakeInbox
    ends: dict[str, list[End]] = field(default_factory=dict)
    started: list[tuple[float, str, str, int]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)
    peak: int = 0
    _at_work: dict[str, Post] = field(default_factory=dict)

    def start(self, task: Task, inbox: Inbox) -> Callable[[str], None]:
        """Start a task; the last end of a name is that of all further ones."""
        name, fingerprint = task.image.label, task.image.fingerprint
        assert name not in {n for n in self._at_work if not self._is_over(n)}, "two workers for one target"
        self.started.append((self.inbox.now, name, fingerprint, task.attempt))
        self.tasks.append(task)
        script = self.ends.setdefault(name, [End()])
        end = script.pop(0) if len(script) > 1 else script[0]
        message = _closing(task, end)
        self._at_work[name] = message
        self.inbox.put_at(self.inbox.now + end.seconds, message)
        self.peak = max(self.peak, sum(not self._is_over(n) for n in self._at_work))

        def cancel(reason: str) -> None:
            self.cancelled.append((name, reason))
            if not end.deaf and self.inbox.withdraw(message):
                self._at_work[name] = WorkerCancelled(task.image.key)
                self.inbox.put_at(self.inbox.now + 0.1, self._at_work[name])

        return cancel

    def _is_over(self, name: str) -> bool:
        return not any(post is self._at_work[name] for _, post in self.inbox._posts)


def _closing(task: Task, end: End) -> Post:
    key, name, fingerprint = task.image.key, task.image.label, task.image.fingerprint
    match end.kind:
        case "changed":
            return SourcesChanged(key, f"{name} changed")
        case "success" | "found":
            return WorkerSucceeded(key, fingerprint, f"sha256:{name}-{fingerprint}", end.kind == "found")
        case kind:
            failure = ev.ImageFailed(name, kind, f"{kind} failed", "", "", 0, "", (), "")  # type: ignore[arg-type]
            return TaskFailed(key, fingerprint, kind == "engine", failure)


@dataclass
class Outcome:
    """What a loop did."""

    state: RunState
    events: list[ev.Event]
    crew: FakeCrew
    seconds: float

    @property
    def phases(self) -> dict[str, str]:
        """Name → phase."""
        return {target.label: target.phase for target in self.state.targets.values()}

    @property
    def starts(self) -> list[str]:
        """Names in the order they were started."""
        return [name for _, name, _, _ in self.crew.started]

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def run(
    plan: BuildPlan,
    *,
    jobs: int = 2,
    retries: int = 3,
    ends: dict[str, list[End]] | None = None,
    replans: list[BuildPlan | EdkError] | None = None,
    stop_at: float | None = None,
    posts: list[tuple[float, Post]] | None = None,
    expected: Mapping[str, float] | None = None,
) -> Outcome:
    """Run a plan in virtual time; the last of `replans` is that of all further ones; `expected` is seconds by key."""
    inbox = FakeInbox()
    crew = FakeCrew(inbox, ends or {})
    events: list[ev.Event] = []
    again: list[BuildPlan | EdkError] = list(replans or [plan])

    def replan() -> BuildPlan:
        made = again.pop(0) if len(again) > 1 else again[0]
        if isinstance(made, EdkError):
            raise made
        return made

    for time, post in posts or []:
        inbox.put_at(time, post)
    if stop_at is not None:
        inbox.put_at(stop_at, StopAsked())
    options = LoopOptions(jobs, retries, expected=lambda _plan: expected or {})
    loop = Loop(inbox, crew, lambda: inbox.now, events.append, replan, options)
    state = loop.run(plan)
    return Outcome(state, events, crew, inbox.now)
