"""The loop: takes messages one by one, keeps the state, and starts and cancels what the domain decides.

`edk build` runs it until it is idle. Only this loop's thread changes the state or shows events; workers post to
the inbox. What the loop needs of threads and time comes in through `Inbox` and `Crew`, so tests run it in
virtual time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from edk.domain import events as ev
from edk.domain.errors import EdkError
from edk.domain.run import (
    BLOCKED_BY,
    GOOD,
    PlanAdopted,
    RegistryAnswers,
    RunState,
    SourcesChanged,
    StopAsked,
    TargetRun,
    Wanted,
    WorkerCancelled,
    WorkerFailed,
    WorkerStarted,
    WorkerSucceeded,
    reduce,
    schedule,
    waits_for,
)

if TYPE_CHECKING:
    from edk.domain.control import ControlAsked
    from edk.domain.health import Beat
    from edk.domain.plan import BuildPlan, PlannedImage
    from edk.domain.run import Message
    from edk.domain.saves import RawEvent, RescanNeeded
    from edk.orchestrator.worker import Task

MAX_REPLANS = 20
MAX_ASKED_ANEW = 3
"""So many plans are made in a row for a registry that answers, and yet can't tell what it has; then it is built."""


@dataclass(frozen=True, slots=True)
class EventOccurred:
    """A worker has something to show."""

    event: ev.Event


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """A worker failed in a way that the loop has to judge: retried or final.

    Args:
        key: of the target.
        fingerprint: that was being built.
        retryable: whether infrastructure failed.
        failure: what to show if it is final.
    """

    key: str
    fingerprint: str
    retryable: bool
    failure: ev.ImageFailed


Post: TypeAlias = "Message | EventOccurred | TaskFailed | RawEvent | RescanNeeded | ControlAsked | Beat"
"""Written as text: half of these are of a watcher, and a build that has nothing to do need not import them."""


class Inbox(Protocol):
    """Where everybody puts messages, and only the loop takes them out."""

    def put(self, message: Post) -> None:
        """Add a message; callable from any thread and from a signal handler."""

    def get(self, timeout: float | None) -> Post | None:
        """Return the next message, None after `timeout` seconds without one; None waits for ever."""


class Crew(Protocol):
    """Runs tasks, each in a worker of its own."""

    def start(self, task: Task, inbox: Inbox) -> Callable[[str], None]:
        """Start a task and return what cancels it; the worker posts exactly one closing message."""


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How the loop works.

    Args:
        jobs: builds at once.
        retries: further attempts where infrastructure failed.
        force: of each task.
        no_cache: of each task.
        pull: of each task.
        cancel: whether a build that nobody wants any more is stopped; else it ends first.
        longest_pause: seconds between two attempts, at most.
        expected: returns how many seconds a plan's builds are expected to take, by key; those that are not in it are
            taken to be as long as any other.
    """

    jobs: int
    retries: int
    force: bool = False
    no_cache: bool = False
    pull: bool = False
    cancel: bool = True
    longest_pause: float = 30.0
    expected: Callable[[BuildPlan], Mapping[str, float]] = lambda _plan: {}


class Loop:
    """One run over a plan.

    Args:
        inbox: where messages come from.
        crew: does the work.
        monotonic: tells the time.
        emit: shows an event.
        replan: makes a new plan, after files changed while they were read.
        options: how it works.
    """

    def __init__(
        self,
        inbox: Inbox,
        crew: Crew,
        monotonic: Callable[[], float],
        emit: Callable[[ev.Event], None],
        replan: Callable[[], BuildPlan],
        options: LoopOptions,
    ) -> None:
        self._inbox = inbox
        self._crew = crew
        self._monotonic = monotonic
        self._emit = emit
        self._replan = replan
        self._options = options
        self._cancels: dict[str, Callable[[str], None]] = {}
        self._cancelling: set[str] = set()
        self._images: dict[str, PlannedImage] = {}
        self._shown_holds: dict[str, str] = {}
        self._started_at: dict[str, float] = {}
        self._started_as: dict[str, PlannedImage] = {}
        self._replans = 0
        self._asked_anew = 0
        self._answered = False
        self._expects = False
        self._plan: BuildPlan | None = None
        self._changed: list[str] = []
        self._paused = ""
        # Equal delays would send all workers back to a registry that just returned at the same instant.
        self._jitter = random.Random()  # noqa: S311
        self.state = RunState()

    def run(self, plan: BuildPlan) -> RunState:
        """Work on a plan until nothing runs and nothing waits, and return where everything stands."""
        self.adopt(plan)
        while True:
            wake_at = self._act()
            if self.state.idle:
                return self.state
            self._listen(wake_at)

    def _listen(self, wake_at: float | None) -> None:
        """Take messages until the state may be another one, or it is time to look again.

        Events to show, of which a build has thousands, change nothing that is decided.
        """
        while wake_at is None or self._monotonic() < wake_at:
            post = self._inbox.get(None if wake_at is None else wake_at - self._monotonic())
            if post is not None:
                self._take(post)
            if not isinstance(post, EventOccurred):
                return

    def adopt(self, plan: BuildPlan) -> None:
        """Put a new plan in the place of the one before."""
        self._plan = plan
        self._changed.clear()
        self._answered = False
        if not plan.unasked:
            self._asked_anew = 0
        self._images = {image.key: image for image in plan.images}
        expected = self._options.expected(plan)
        self._expects = bool(expected)
        wanted = tuple(_wanted(image, expected.get(image.key, 1.0)) for image in plan.images)
        self._become(PlanAdopted(wanted, self._options.force))

    def _take(self, post: Post) -> None:
        match post:
            case EventOccurred(event):
                self._emit(event)
            case TaskFailed():
                self._judge(post)
            case SourcesChanged():
                self._forget(post.key)
                self._changed.append(post.key)
                self._become(post)
            case RegistryAnswers():
                self._forget(post.key)
                self._answered = True
                self._become(post)
            case WorkerSucceeded() if self._lacks_tags(post):
                self._forget(post.key)
                self._become(SourcesChanged(post.key, "further tags are wanted by now"))
            case WorkerSucceeded() | WorkerCancelled() | WorkerFailed():
                self._forget(post.key)
                self._become(post)
            case PlanAdopted() | WorkerStarted() | StopAsked():
                self._become(post)
            case _:
                # For those who watch; a build that ends when it is idle has no use for them.
                return

    def _lacks_tags(self, post: WorkerSucceeded) -> bool:
        """Tell whether the plan has come to want tags of the same image that its build did not know of."""
        target, image = self.state.targets.get(post.key), self._images.get(post.key)
        if target is None or image is None or target.phase != "running" or self.state.stopping:
            return False
        return not set(image.refs) <= set(self._started_as[post.key].refs)

    def _act(self) -> float | None:
        """Do what the domain decides, and return when to look again by time alone."""
        if self.state.replan and not self.state.stopping:
            self._make_new_plan()
        decision = schedule(self.state, self._monotonic(), self._options.jobs, self._paused)
        for key in decision.cancel if self._options.cancel or self.state.stopping else ():
            if key in self._cancels and key not in self._cancelling:
                self._cancelling.add(key)
                reason = "stopped" if self.state.stopping else "files changed"
                self._cancels[key](reason)
        for key in decision.start:
            self._start(key)
        for key, reason in decision.holds.items():
            if self._shown_holds.get(key) != reason:
                self._shown_holds[key] = reason
                self._emit(ev.ImageHeld(self.state.targets[key].label, reason, waits_for(self.state, key)))
        return decision.wake_at

    def _start(self, key: str) -> None:
        # Imported where something is built, as in `crew`.
        from edk.domain.expected import urgency
        from edk.orchestrator.worker import BuiltBase, Task

        target = self.state.targets[key]
        bases = tuple(
            BuiltBase(
                d, self._images[d].node.target.name, self.state.targets[d].digest, self._images[d].node.tags[0]
            )
            for d in target.depends_on
        )
        options = self._options
        attempt = target.attempts + 1
        weight = urgency(target.weight) if self._expects else target.weight
        image = self._images[key]
        # What somebody asked to build again is built whatever the registry has.
        unasked = self._unasked and not image.again
        task = Task(image, bases, attempt, options.force, options.no_cache, options.pull, weight, unasked)
        self._started_at[key] = self._monotonic()
        self._started_as[key] = self._images[key]
        self._become(WorkerStarted(key))
        self._cancels[key] = self._crew.start(task, self._inbox)

    @property
    def _unasked(self) -> bool:
        """Whether the plan knows nothing of the registry, and there is hope that another one would."""
        return self._plan is not None and bool(self._plan.unasked) and self._asked_anew < MAX_ASKED_ANEW

    def _judge(self, post: TaskFailed) -> None:
        """Try again where infrastructure failed, with growing pauses and a cap; else show the failure."""
        self._forget(post.key)
        target = self.state.targets.get(post.key)
        kind = post.failure.kind
        attempts = target.attempts if target else 0
        if target is None or target.phase != "running":
            # Superseded meanwhile: nobody waits for it any more.
            self._become(WorkerFailed(post.key, post.fingerprint, kind, post.failure.message))
            return
        if post.retryable and attempts <= self._options.retries and not self.state.stopping:
            delay = min(self._options.longest_pause, 2.0 ** min(attempts - 1, 16)) * self._jitter.uniform(0.5, 1.0)
            self._announce_retry(ev.RetryScheduled(post.failure.image, attempts + 1, delay, post.failure.message))
            self._become(
                WorkerFailed(post.key, post.fingerprint, kind, post.failure.message, self._monotonic() + delay)
            )
            return
        self._emit(post.failure)
        self._become(WorkerFailed(post.key, post.fingerprint, kind, post.failure.message))

    def _announce_retry(self, retry: ev.RetryScheduled) -> None:
        self._emit(retry)

    def _forget(self, key: str) -> None:
        self._cancels.pop(key, None)
        self._cancelling.discard(key)

    def _make_new_plan(self) -> None:
        if self._answered and not self._changed:
            self._asked_anew += 1
            self._emit(ev.Noticed("the registry answers; the plan is made anew, with what it has"))
        else:
            self._replans += 1
            if self._replans > MAX_REPLANS:
                self._give_up(f"its files changed {MAX_REPLANS} times while they were read")
                return
            self._emit(ev.Noticed("files changed while they were read; the plan is made anew"))
        try:
            plan = self._replan()
        except EdkError as error:
            self._give_up(error.message)
            return
        self.adopt(plan)

    def _give_up(self, message: str) -> None:
        """Fail what changed while it was read, and go on with the rest by the plan that there is.

        Somebody writes without end: what is on disk can't be built as one state.
        """
        for key in dict.fromkeys(self._changed):
            target = self.state.targets[key]
            if target.phase != "waiting" or target.running:
                continue
            image = self._images[key]
            path = f"{image.node.target.root.path}/{image.node.target.dockerfile}"
            hint = "stop what writes into the context, or leave it out in .dockerignore"
            self._emit(ev.ImageFailed(target.label, "sources", message, hint, path, 0, "", (), ""))
            self._become(WorkerStarted(key))
            self._become(WorkerFailed(key, target.fingerprint, "sources", message))
        if self._plan is not None:
            self.adopt(self._plan)

    def _become(self, message: Message) -> None:
        """Change the state and show what changed."""
        before = self.state
        self.state = reduce(before, message)
        for key, target in self.state.targets.items():
            known = before.targets.get(key)
            if known is not target and _looks_other(known, target):
                self._show(target)

    def _show(self, target: TargetRun) -> None:
        image = self._images.get(target.key)
        refs = image.refs if image else ()
        seconds = self._monotonic() - self._started_at.get(target.key, self._monotonic())
        if target.phase == "skipped":
            self._emit(ev.ImageSkipped(target.label, refs, target.digest, target.reason))
        elif target.phase == "done":
            self._emit(ev.ImageFinished(target.label, target.digest, refs, seconds))
        elif target.phase == "blocked":
            self._emit(ev.ImageBlocked(target.label, target.reason.removeprefix(BLOCKED_BY)))
        elif target.phase == "cancelled":
            self._emit(ev.ImageCancelled(target.label, target.reason))
        if target.phase in GOOD or target.phase == "running":
            self._shown_holds.pop(target.key, None)


def _wanted(image: PlannedImage, seconds: float) -> Wanted:
    node = image.node
    return Wanted(
        image.key,
        image.label,
        image.action,
        image.reason,
        image.fingerprint,
        node.depends_on,
        image.digest,
        image.again,
        node.names,
        seconds,
    )


def _looks_other(old: TargetRun | None, new: TargetRun) -> bool:
    """Tell whether there is something to show: another phase, another name, or another reason not to be built.

    Also that the build has ended which nobody wanted: what it said meanwhile must not be the last word.
    """
    if old is None or old.phase != new.phase or old.label != new.label:
        return True
    ended = bool(old.running) and not new.running and new.phase in {"blocked", "skipped"}
    return ended or (new.phase == "blocked" and old.reason != new.reason)
