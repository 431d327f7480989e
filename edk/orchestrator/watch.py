"""`edk watch`: the loop of a build, which goes on: saves become plans, and plans builds.

Reports of the file system come into the same inbox as the messages of workers, so that one thread decides and shows
everything, and tests run it in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edk.domain import events as ev
from edk.domain.causes import cause_of
from edk.domain.control import ControlAsked
from edk.domain.errors import EdkError
from edk.domain.gathering import STANDARD, Gathering, Quiet, close, due_at, gather
from edk.domain.health import Beat
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.run import GOOD, Message, RegistryAnswers, RunState, StopAsked, TargetRun, WorkerSucceeded
from edk.domain.saves import Batch, RawEvent, RescanNeeded
from edk.orchestrator.loop import Crew, EventOccurred, Inbox, Loop, LoopOptions, Post, TaskFailed
from edk.orchestrator.planner import Planner, rebuilt_bases

BUSY_LIMIT = 30.0
"""Seconds that git may take over a change of the tree, before what is there is built."""
BUSY_LOOK = 0.05
PLAN_PAUSE = 2.0
"""Seconds until a plan that could not be made is tried again."""
MOST_AT_ONCE = 100_000
DRIFT_SECONDS = 300.0
"""So often the registry is asked anew what it has, for somebody else may have pushed or deleted."""


@dataclass(slots=True)
class Save:
    """What a build is for, and when what happened (monotonic seconds)."""

    cause: str
    saved: float
    noticed: float
    planned: float
    started: float = 0.0
    built: float = 0.0


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How the watcher works.

    Args:
        quiet: how long it waits for more saves.
        git_busy: tells whether git is changing the tree right now.
        head: tells what git has checked out, so that a switch of branches can be named as one.
        adopted: called after a plan was taken up.
        settled: called when nothing runs and nothing waits, after something did.
        back: called when engine or registry answers again, before a plan is made for it.
        control: answers a request of another process.
    """

    quiet: Quiet = STANDARD
    git_busy: Callable[[], bool] = lambda: False
    head: Callable[[], str] = lambda: ""
    adopted: Callable[[], None] = lambda: None
    settled: Callable[[BuildPlan, RunState], None] = lambda _plan, _state: None
    back: Callable[[str], None] = lambda _what: None
    control: Callable[[ControlAsked, WatchLoop], None] = lambda _asked, _loop: None


class WatchLoop(Loop):
    """A loop that lives until somebody asks it to stop.

    Args:
        inbox: where messages come from.
        crew: does the work.
        monotonic: tells the time.
        emit: shows an event.
        planner: makes plans, and remembers.
        options: how builds are done.
        watch: how saves are followed.
    """

    def __init__(
        self,
        inbox: Inbox,
        crew: Crew,
        monotonic: Callable[[], float],
        emit: Callable[[ev.Event], None],
        planner: Planner,
        options: LoopOptions,
        watch: WatchOptions,
    ) -> None:
        super().__init__(inbox, crew, monotonic, emit, planner.anew, options)
        self._planner = planner
        self._watch = watch
        self._gathering = Gathering()
        self._busy_since = 0.0
        self._look_again = 0.0
        self._asked_registry = monotonic()
        self._head = watch.head()
        self._unsettled = True
        self._waiting: list[Callable[[], None]] = []
        self.saves: dict[str, Save] = {}
        # What is out of reach → its message.
        self.trouble: dict[str, str] = {}
        self.last_cause = ""
        self._no_plan = ""

    @property
    def plan(self) -> BuildPlan | None:
        """The plan that is worked on."""
        return self._plan

    @property
    def paused(self) -> str:
        """Why nothing is started; empty if it is."""
        return self._paused

    def pause(self, why: str) -> None:
        """Start nothing more; an empty text goes on."""
        self._paused = why

    def watch(self, plan: BuildPlan) -> RunState:
        """Follow saves until somebody asks to stop, and return where everything stands then."""
        self.adopt(plan)
        while True:
            wake_at = self._act()
            if self.state.stopping and not self.state.running:
                return self.state
            if self.state.idle and self._batch_at() is None:
                self._settle()
            self._listen(wake_at)

    def _settle(self) -> None:
        """Tell those who wait that the tree, as it was when they asked, is in the registry or has failed."""
        if self._unsettled and self._plan is not None:
            self._unsettled = False
            self._replans = 0
            self._watch.settled(self._plan, self.state)
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell()

    def when_settled(self, tell: Callable[[], None]) -> None:
        """Look at everything once more, and call back when nothing runs and nothing waits after that."""
        self._waiting.append(tell)
        self._look_at_everything("somebody waits for it")

    def _look_at_everything(self, reason: str) -> None:
        """Have everything compared by content with the next batch, without a word unless something did change."""
        self._gathering = gather(self._gathering, RescanNeeded(reason, quiet=True), self._monotonic())

    def image(self, key: str) -> PlannedImage | None:
        """Return what the plan says of a target."""
        return self._images.get(key)

    def rebuild(self, names: tuple[str, ...]) -> None:
        """Build images although nothing changed; unknown names are passed over."""
        keys = {image.key for image in (self._plan.images if self._plan else ()) if image.label in names}
        now = self._monotonic()
        try:
            plan = self._planner.forced(keys)
        except EdkError as error:
            self._emit(ev.Noticed(f"{', '.join(names)} can't be built anew now: {error.message}", error.hint))
            return
        for key in keys:
            self.saves[key] = Save("edk rebuild", now, now, self._monotonic())
        self.adopt(plan)

    def missed(self, what: Literal["engine", "registry"], message: str) -> None:
        """Note that engine or registry is out of reach, and tell it once."""
        if what not in self.trouble:
            self.trouble[what] = message
            self._emit(ev.OutOfReach(what, message))

    def _listen(self, wake_at: float | None) -> None:
        """Take messages until something has to be decided; reports of the file system only gather."""
        while True:
            now = self._monotonic()
            times = [t for t in (wake_at, self._batch_at()) if t is not None]
            if times and min(times) <= now:
                return
            post = self._inbox.get(min(times) - now if times else None)
            if post is None:
                continue
            self._take(post)
            if not isinstance(post, (EventOccurred, RawEvent, RescanNeeded)):
                return

    def _batch_at(self) -> float | None:
        if self.state.stopping:
            return None
        due = due_at(self._gathering, self._watch.quiet)
        return None if due is None else max(due, self._look_again)

    def _act(self) -> float | None:
        due = self._batch_at()
        if due is not None and due <= self._monotonic():
            self._take_waiting()
            due = self._batch_at()
            if due is not None and due <= self._monotonic():
                self._close_batch()
        return super()._act()

    def _take_waiting(self) -> None:
        """Take what came while a plan was made: a burst in the inbox belongs into one batch."""
        for _ in range(MOST_AT_ONCE):
            post = self._inbox.get(0.0)
            if post is None:
                return
            self._take(post)

    def _take(self, post: Post) -> None:
        match post:
            case RawEvent() | RescanNeeded():
                self._gathering = gather(self._gathering, post, self._monotonic())
            case ControlAsked():
                self._watch.control(post, self)
            case Beat():
                post.take()
            case RegistryAnswers():
                # Before the plan is made anew, which asks for all that was known.
                self._answers("registry")
                super()._take(post)
            case EventOccurred(ev.ImageBuilt() as built):
                self._note_built(built.image)
                self._answers("engine")
                super()._take(post)
            case _:
                super()._take(post)

    def _note_built(self, name: str) -> None:
        for key, save in self.saves.items():
            if key in self.state.targets and self.state.targets[key].label == name:
                save.built = self._monotonic()

    def _close_batch(self) -> None:
        """Turn what was gathered into a new plan, unless git is in the middle of a change."""
        now = self._monotonic()
        if self._watch.git_busy():
            self._busy_since = self._busy_since or now
            if now - self._busy_since < BUSY_LIMIT:
                self._look_again = now + BUSY_LOOK
                return
            self._emit(ev.Noticed(f"git has held its index for {BUSY_LIMIT:.0f} s; what is there is built"))
        self._busy_since = self._look_again = 0.0
        batch, self._gathering = close(self._gathering, self._watch.quiet)
        if batch.rescan and now - self._asked_registry > DRIFT_SECONDS:
            self._asked_registry = now
            self._planner.forget_registry()
        if batch.rescan and not batch.quiet:
            self._emit(ev.Noticed(f"everything is looked at again: {batch.rescan}"))
        self._follow(batch, now)

    def _follow(self, batch: Batch, noticed: float) -> None:
        before = self._plan
        try:
            plan = self._planner.after(batch)
        except EdkError as error:
            if error.message != self._no_plan:
                self._no_plan = error.message
                self._emit(ev.Noticed(f"the plan could not be made anew: {error.message}", error.hint))
            # What the batch held is not lost: everything is looked at again, after a while.
            self._look_at_everything("the plan could not be made")
            self._look_again = self._monotonic() + PLAN_PAUSE
            return
        self._no_plan = ""
        planned = self._monotonic()
        files = self._planner.changed_files(before, plan, batch)
        head = self._watch.head()
        switched, self._head = head != self._head, head
        cause = cause_of(batch, files, switched=switched)
        old = {image.key: image for image in before.images} if before else {}
        concerned = [
            i for i in plan.with_action("build") if i.key not in old or old[i.key].fingerprint != i.fingerprint
        ]
        if files or concerned:
            self.last_cause = cause
            names = tuple(image.label for image in concerned)
            self._emit(ev.SavesNoticed(cause, tuple(files), names, planned - batch.last))
        labels = {image.key: image.label for image in plan.images}
        anew = {image.key for image in concerned}
        for image in concerned:
            bases = rebuilt_bases(old.get(image.key), image, labels, anew)
            why = f"{' and '.join(bases)} rebuilt" if bases else cause
            self.saves[image.key] = Save(why, batch.last, noticed, planned)
        self.adopt(plan)

    def adopt(self, plan: BuildPlan) -> None:
        """Put a new plan in the place of the one before, and tell which images are left behind."""
        before = {image.key: image for image in self._plan.images} if self._plan else {}
        keys = {image.key: image for image in plan.images}
        for key, image in before.items():
            if key not in keys or keys[key].node.target.name != image.node.target.name:
                self._emit(ev.ImageOrphaned(image.label, image.refs))
        # What was taken back before it was built has nothing to wait for any more. What is being built may stand in the
        # registry already, and so be nothing to build: some builders push before they are done.
        self.saves = {
            key: save
            for key, save in self.saves.items()
            if key in keys and (keys[key].action != "skip" or self._builds(keys[key]))
        }
        self._unsettled = True
        if self._plan is not None:
            self._tell_diagnostics(self._plan, plan)
        super().adopt(plan)
        self._watch.adopted()

    def _builds(self, image: PlannedImage) -> bool:
        target = self.state.targets.get(image.key)
        return target is not None and target.running == image.fingerprint

    def _tell_diagnostics(self, before: BuildPlan, plan: BuildPlan) -> None:
        """Show diagnostics that are new, and those that are gone."""
        old = set(before.diagnostics)
        new = set(plan.diagnostics)
        for located in plan.diagnostics:
            if located not in old and located.diagnostic.severity != "info":
                self._emit(ev.DiagnosticFound(located.absolute))
        for located in before.diagnostics:
            if located not in new and located.diagnostic.severity != "info":
                self._emit(ev.DiagnosticMended(located.absolute))

    def _start(self, key: str) -> None:
        super()._start(key)
        if key in self.saves:
            self.saves[key].started = self._monotonic()

    def _answers(self, what: Literal["engine", "registry"]) -> None:
        """Note that engine or registry did something for us; if it was out of reach, tell that it is back."""
        if what not in self.trouble:
            return
        del self.trouble[what]
        self._emit(ev.BackAgain(what))
        self._watch.back(what)
        # It may have lost what it had: everything is asked for again.
        self._planner.forget_registry()
        self._look_at_everything(f"the {what} is back")

    def _judge(self, post: TaskFailed) -> None:
        kind = post.failure.kind
        if kind in {"step", "refused"}:
            self._answers("engine")
            # It is asked before each build.
            self._answers("registry")
        if post.retryable and kind in {"engine", "registry"}:
            self.missed("engine" if kind == "engine" else "registry", post.failure.message)
        super()._judge(post)

    def _announce_retry(self, retry: ev.RetryScheduled) -> None:
        """Say nothing of single attempts: what is out of reach was told, and will be when it is back."""

    def _become(self, message: Message) -> None:
        super()._become(message)
        if isinstance(message, WorkerSucceeded):
            self._succeeded(message)
        elif isinstance(message, StopAsked):
            self._gathering = Gathering()

    def _lacks_tags(self, post: WorkerSucceeded) -> bool:
        lacks = super()._lacks_tags(post)
        if lacks:
            carried = post.carried or post.fingerprint
            self._planner.built(post.key, carried, post.digest, self._started_as[post.key].node.tags)
        return lacks

    def _succeeded(self, message: WorkerSucceeded) -> None:
        target = self.state.targets.get(message.key)
        self._answers("registry")
        if target is not None and target.phase in GOOD:
            self._planner.built(message.key, message.carried or message.fingerprint, message.digest)
            self._tell_served(target)

    def _tell_served(self, target: TargetRun) -> None:
        save = self.saves.pop(target.key, None)
        if save is None:
            return
        now = self._monotonic()
        started = save.started or now
        built = save.built or started
        self._emit(
            ev.SaveServed(
                target.label,
                save.cause,
                save.noticed - save.saved,
                save.planned - save.noticed,
                started - save.planned,
                built - started,
                now - built,
                now - save.saved,
            )
        )
