"""One schedule until it is quiet: the real loop, planner and workers, on everything else in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from edk.domain import events as ev
from edk.domain.dockerfile import reading
from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.errors import ContextChangedError
from edk.domain.gathering import STANDARD
from edk.domain.plan import BuildPlan
from edk.domain.run import RegistryAnswers, SourcesChanged, StopAsked, WorkerSucceeded
from edk.domain.saves import Batch
from edk.domain.watching import WatchReport
from edk.domain.workspace import Root
from edk.orchestrator import observe
from edk.orchestrator.loop import LoopOptions, Post, TaskFailed
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.planner import Planner
from edk.orchestrator.services import Services
from edk.orchestrator.session import WatchSession
from edk.orchestrator.watch import BUSY_LIMIT, WatchLoop, WatchOptions
from edk.orchestrator.worker import Task
from edk.settings import Settings
from tests.fakes.cache import FakeCache
from tests.simulation.crew import AtWork, SimCrew
from tests.simulation.disk import EXTENSION, PLATFORM, Disk, SlowTree
from tests.simulation.engine import SimEngine, SimRegistry
from tests.simulation.invariants import Screen, check_quiet
from tests.simulation.kernel import DivergenceError, Kernel, KilledError
from tests.simulation.model import VERSION, image_on
from tests.simulation.steps import Stage, Step

ROOTS = (Root(EXTENSION, "extension", 0), Root(PLATFORM, "platform", 1))
DRIFT_LOOK = 400.0
"""Seconds until the watcher looks at everything and asks the registry anew, when somebody meddled with it."""
CANCEL_WITHIN = 0.1
SHORT = 2.0
"""Seconds that a file may be open for writing, and nobody reads it yet: all saves here but one kind close earlier."""


@dataclass(frozen=True)
class Case:
    """A schedule with all that it runs on; the same case always goes the same way.

    Args:
        seed: of durations.
        files: path → content, to begin with.
        steps: see `tests.simulation.steps`.
        jobs: builds at once.
        cancel: whether superseded builds are cancelled.
        latency: seconds until the watcher of the file system tells what happened.
        often: how often reading a file takes any time.
        slowest: seconds that a build takes at most.
    """

    seed: int
    files: dict[str, str]
    steps: list[Step]
    jobs: int = 2
    cancel: bool = True
    latency: float = 0.001
    often: float = 0.0
    slowest: float = 2.0


FAILED = "a step failed, building "


@dataclass
class Success:
    """The last end of a target: when it began, its image or that it failed, and how often somebody had meddled."""

    started: float
    image: str
    meddled: int


@dataclass
class SimLocks:
    """The Locks port; another process may hold one for a while."""

    now: Kernel
    held: set[str] = field(default_factory=set)
    until: dict[str, float] = field(default_factory=dict)

    def occupy(self, name: str, until: float) -> None:
        """Have another process hold a lock; it waits for none of ours."""
        if name not in self.held:
            self.until[name] = until

    def try_acquire(self, name: str) -> SimLock | None:
        """Return the lock, None if another process has it."""
        if self.until.get(name, 0.0) > self.now.now or name in self.held:
            return None
        self.held.add(name)
        return SimLock(self, name)

    def holder(self, name: str) -> str:
        """Return who has it."""
        return "edk build (pid 12)"


@dataclass
class SimLock:
    """A lock that is held."""

    locks: SimLocks
    name: str

    def release(self) -> None:
        """Give it back."""
        self.locks.held.discard(self.name)


class SimClock:
    """The Clock port over a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return self._kernel.now

    def now(self) -> float:
        """Return virtual seconds since the epoch."""
        return 1_700_000_000.0 + self._kernel.now

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self._kernel.pause(seconds)


class SimLoop(WatchLoop):
    """The loop, which tells the simulation of each batch that it follows."""

    simulation: Simulation

    def _follow(self, batch: Batch, noticed: float) -> None:
        self.simulation.batch_followed(batch)
        super()._follow(batch, noticed)


class _OnePool:
    """In the place of a thread pool: asks one after another, since nothing here takes real time."""

    def __init__(self, _most: int) -> None:
        self.map = map

    def __enter__(self) -> _OnePool:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


@contextmanager
def quick_and_certain() -> Iterator[None]:
    """Ask the registry without threads, for which of them is first the machine draws; parse each text once."""
    pool, read = observe.ThreadPoolExecutor, reading.read_dockerfile
    observe.ThreadPoolExecutor = _OnePool  # type: ignore[assignment, misc]
    reading.read_dockerfile = _read_once  # type: ignore[assignment]
    try:
        yield
    finally:
        observe.ThreadPoolExecutor = pool  # type: ignore[misc]
        reading.read_dockerfile = read


_ALREADY_READ: dict[bytes, DockerfileReading] = {}
_READ = reading.read_dockerfile


def _read_once(content: bytes, arguments: dict[str, str], platform: str) -> DockerfileReading:
    """Read each text once for all cases; whether a case has read it before is another thing, and costs it time."""
    assert not arguments
    if content not in _ALREADY_READ:
        _ALREADY_READ[content] = _READ(content, arguments, platform)
    return _ALREADY_READ[content]


class Simulation:
    """Everything around one case.

    Args:
        case: what happens.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.kernel = Kernel(self._on_quiet)
        self.disk = Disk(self.kernel)
        self.registry = SimRegistry(lambda: self.kernel.now)
        self.cache = FakeCache()
        self.locks = SimLocks(self.kernel)
        self.crew = SimCrew(self.kernel, lambda: self.services, case.seed, case.jobs, self._ended)
        self.engine = SimEngine(
            self.kernel,
            self.registry,
            lambda: self.crew.of_current().pauses,
            self._build_started,
            self._image_built,
            case.slowest,
        )
        self._pauses = random.Random(case.seed)
        self.screen = Screen()
        self.session: WatchSession | None = None
        self.services = self._services()
        self.loop: SimLoop | None = None
        self.git_locks = 0
        self.git_heads = 0
        self._busy_from = 0.0
        self._busy_until = -BUSY_LIMIT
        self.meddled = 0
        self.meddled_names: set[str] = set()
        self._asked: set[str] = set()
        self._rounds = 0
        self._started: dict[str, float] = {}
        self._successes: dict[str, Success] = {}
        self._images: dict[str, str] = {}
        # Files that an editor has open for writing → since when.
        self.writing: dict[str, float] = {}
        self.restless_until = 0.0
        self.trace: list[str] = []
        self.builds = 0
        self.last_step = 0.0
        self.last_served = {"engine": 0.0, "registry": 0.0}

    def run(self) -> None:
        """Run the case; raise DivergenceError if something does not hold."""
        for path, text in self.case.files.items():
            self.disk.write(path, text)
        # What was there to begin with is older than any build.
        self.disk.changed_at = dict.fromkeys(self.disk.changed_at, -1.0)
        Stage(self).plan(self.case.steps)
        try:
            with quick_and_certain():
                while not self._lived():
                    pass
        finally:
            self.kernel.kill_workers()

    def _lived(self) -> bool:
        """Run a watcher; return whether it ended by itself."""
        try:
            planner = Planner(self.services, PlanRequest(ROOTS))
            self.screen.begin()
            self.session = WatchSession(
                self.services.settings, [EXTENSION], self.services.clock.now, WatchReport, self.kernel.put
            )
            self.loop = self._new_loop(planner)
            plan = self._first_plan(planner)
            self.screen.show_plan(plan)
            state = self.loop.watch(plan)
        except KilledError:
            self.kernel.kill_workers()
            # What failed, or was being built, is tried again by the next one; what stands in the registry is not.
            failed = [key for key, last in self._successes.items() if last.image.startswith(FAILED)]
            self._asked.update(failed, (work.task.image.key for work in self.crew.at_work))
            self.crew.clear()
            self.kernel.queue.clear()
            return False
        if state.running or self.crew.at_work:
            raise DivergenceError("builds go on after the loop has ended")
        return True

    def _first_plan(self, planner: Planner) -> BuildPlan:
        """Plan; where files never rest somebody starts the watcher again and again."""
        while True:
            try:
                return planner.anew()
            except ContextChangedError:
                self.kernel.pause(1.0)

    def _new_loop(self, planner: Planner) -> SimLoop:
        assert self.session is not None
        case = self.case
        loop = SimLoop(
            self.kernel,
            self.crew,
            self.services.clock.monotonic,
            self._emit,
            planner,
            LoopOptions(case.jobs, 10**9, cancel=case.cancel, longest_pause=8.0),
            WatchOptions(
                git_busy=lambda: self.git_locks > 0,
                head=lambda: str(self.git_heads),
                adopted=self._adopted,
                control=self.session.answer,
            ),
        )
        loop._jitter = random.Random(case.seed)
        loop.simulation = self
        return loop

    def _services(self) -> Services:
        defaults = Settings(build_version=VERSION, state_dir="/state", jobs=self.case.jobs)
        return Services(
            settings=replace(defaults, registry="localhost:32000"),
            open_tree=self._open_tree,
            cache=self.cache,
            registry=self.registry,
            builder=self.engine,
            locks=self.locks,
            clock=SimClock(self.kernel),
            sink=self.screen,
            packager=_no_packager,
            platform=None,
        )

    def _open_tree(self) -> SlowTree:
        pauses = self._pauses if self.kernel.current is None else self.crew.of_current().pauses
        return SlowTree(self.disk, self.kernel, pauses, self.case.often, lambda: self.restless_until)

    def back_at(self, what: str) -> float:
        """Return when engine or registry last came back."""
        return (self.engine if what == "engine" else self.registry).reach.back_at

    # What is told by the parts --------------------------------------------------------------------------------

    def tampered(self, name: str | None) -> None:
        """Note that somebody meddled with the registry; None: with all of it."""
        self.meddled += 1
        self.meddled_names.update({name} if name else {s.text.name for s in self.disk.states.values()})

    def asked(self, name: str) -> None:
        """Note that somebody asks to build an image although nothing changed; what failed on it is tried again."""
        below = {name}
        for _ in range(9):
            below.update(s.text.name for s in self.disk.states.values() if s.text.base in below)
        self._asked.update(path for path, state in self.disk.states.items() if state.text.name in below)

    def batch_followed(self, batch: Batch) -> None:
        """Check that neither git nor an editor is in the middle of a change."""
        torn = [p for p in batch.paths & self.writing.keys() if self.kernel.now - self.writing[p] < SHORT]
        if torn and not batch.rescan and self.kernel.now - batch.first < STANDARD.longest:
            raise DivergenceError(f"a batch is followed while {torn} are written")
        if self.git_locks and self.kernel.now - self._busy_from < BUSY_LIMIT:
            raise DivergenceError("a batch is followed while git changes the tree")

    def lock_git(self) -> None:
        """Note that git begins to change the tree."""
        if not self.git_locks and self.kernel.now - self._busy_until > 1.0:
            self._busy_from = self.kernel.now
        self.git_locks += 1

    def unlock_git(self) -> None:
        """Note that git has done, and that another commit is checked out."""
        self.git_locks -= 1
        self.git_heads += 1
        self._busy_until = self.kernel.now

    def _emit(self, event: ev.Event) -> None:
        self.trace.append(f"{self.kernel.now:.4f} {event}")
        self.screen.emit(event)
        assert self.session is not None
        self.session.emit(event)

    def _build_started(self, path: str) -> None:
        """Check that there is a reason to build: I13."""
        self.builds += 1
        self.trace.append(f"{self.kernel.now:.4f} engine builds {path}")
        self._started[path] = self.kernel.now
        last = self._successes.get(path)
        unchanged = last is not None and self.disk.changed_at.get(path, 0.0) < last.started
        now = self.disk.clean(path)
        failed = FAILED + self.crew.of_current().task.image.fingerprint
        # What failed is tried again on a base that the registry had lost before.
        same = last is not None and last.image in ({now} if self.meddled else {now, failed})
        same = same and last is not None and last.meddled == self.meddled
        if unchanged and same and path not in self._asked:
            raise DivergenceError(f"I13: {path} is built again, but nothing of it changed")
        self._asked.discard(path)

    def _image_built(self, path: str, state: str, base: str) -> None:
        """Check that an image holds one state of the tree: I2."""
        if state not in self.disk.history.get(path, ()):
            raise DivergenceError(f"I2: the image of {path} holds what the tree never was")
        self._images[path] = image_on(state, base)
        self.last_served["engine"] = self.kernel.now

    def _ended(self, task: Task, message: Post) -> None:
        self.trace.append(f"{self.kernel.now:.4f} {task.image.label}: {type(message).__name__}")
        path = task.image.key
        match message:
            case WorkerSucceeded():
                self.last_served["registry"] = self.kernel.now
                self._successes[path] = Success(
                    self._started.get(path, self.kernel.now), self._images.get(path, ""), self.meddled
                )
            case SourcesChanged() | RegistryAnswers():
                pass
            case TaskFailed(failure=failure) if failure.kind == "step":
                began = self._started.get(path, self.kernel.now)
                self._successes[path] = Success(began, FAILED + task.image.fingerprint, self.meddled)
            case _:
                # It may have pushed before it was cancelled or failed.
                self._asked.add(path)

    def _adopted(self) -> None:
        """See to it that builds which nobody wants any more are cancelled soon."""
        assert self.loop is not None
        for key in [key for key, last in self._successes.items() if last.image.startswith(FAILED)]:
            target = self.loop.state.targets.get(key)
            wanted = FAILED + target.fingerprint if target is not None and target.phase != "blocked" else ""
            if self._successes[key].image != wanted:
                # What failed is not remembered beyond a plan that wants something else.
                del self._successes[key]
        if not self.case.cancel:
            return
        targets = self.loop.state.targets
        for work in self.crew.at_work:
            key = work.task.image.key
            if key not in targets or targets[key].fingerprint != work.task.image.fingerprint:
                self.kernel.at(self.kernel.now + CANCEL_WITHIN, lambda work=work: self._insist(work))  # type: ignore[misc]

    def _insist(self, work: AtWork) -> None:
        if not (work.cancelled or work.closed) and work in self.crew.at_work:
            raise DivergenceError(f"{work.task.image.label} is superseded, and not cancelled")

    def _on_quiet(self) -> bool:
        """Check what must hold; let the watcher look once more if somebody meddled, then stop it."""
        self._rounds += 1
        if self._rounds > 3:
            return False
        if self._rounds < 3:
            check_quiet(self, drifted=self._rounds == 1 and self.meddled > 0)
        if self._rounds == 1 and self.meddled:
            self.kernel.at(self.kernel.now + DRIFT_LOOK, Stage(self).do_look)
            return True
        self._rounds = 3
        self.kernel.put(StopAsked())
        return True


def _no_packager() -> NoReturn:
    raise AssertionError("no chart is packaged here")


def run(case: Case) -> Simulation:
    """Run a case; raise DivergenceError if something does not hold."""
    simulation = Simulation(case)
    try:
        simulation.run()
    except DivergenceError as error:
        error.add_note("\n".join(simulation.trace[-60:]))
        raise
    return simulation
