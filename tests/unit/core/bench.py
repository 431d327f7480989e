"""The use cases over fakes: a small tree, planned and built in memory, without threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from edk.adapters.cancellation import Cancel
from edk.domain import events as ev
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.run import RunState
from edk.domain.workspace import Root
from edk.orchestrator.crew import QueueInbox, closing_message
from edk.orchestrator.loop import Inbox, Loop, LoopOptions
from edk.orchestrator.pipeline import PlanRequest, make_plan
from edk.orchestrator.services import Services
from edk.orchestrator.worker import Task
from edk.settings import Settings
from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeImageBuilder
from tests.fakes.registry import FakeRegistry
from tests.fakes.tree import FakeTree

ROOT = "/w/ext"
EXTENSION = Root(ROOT, "extension", 0)


class SleepingClock(FakeClock):
    """A clock whose sleep lets the time go by."""

    def sleep(self, seconds: float) -> None:
        """Advance."""
        self.advance(seconds)


class Sink:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []

    def emit(self, event: ev.Event) -> None:
        """Keep one event."""
        self.events.append(event)

    def close(self) -> None:
        """Do nothing."""


class OneLock:
    """A lock that counts how often it was given back."""

    def __init__(self, released: Callable[[], None]) -> None:
        self._released = released

    def release(self) -> None:
        """Give it back."""
        self._released()


@dataclass
class FakeLocks:
    """The Locks port; `busy` holds how many more times another process has a lock."""

    busy: dict[str, int] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    on_wait: Callable[[], None] = lambda: None

    def try_acquire(self, name: str) -> OneLock | None:
        """Return the lock, or None while another process has it."""
        if self.busy.get(name, 0) > 0:
            self.busy[name] -= 1
            self.on_wait()
            return None
        assert name not in self.held
        self.held.append(name)
        return OneLock(lambda: self.held.remove(name))

    def holder(self, name: str) -> str:
        """Return who has it."""
        return "edk build (pid 12)"


def no_packager() -> NoReturn:
    """Fail: no chart is packaged here."""
    raise AssertionError("no chart is packaged here")


class Bench:
    """A tree with everything around it.

    Args:
        files: path below the extension → content.
        settings: changes to the settings.
    """

    def __init__(self, files: dict[str, str], roots: Sequence[Root] = (EXTENSION,), **settings: object) -> None:
        self.disk = FakeTree()
        self.disk.mkdir(ROOT)
        for path, content in files.items():
            self.write(path, content)
        self.roots = tuple(roots)
        self.registry = FakeRegistry()
        self.cache = FakeCache()
        self.clock = SleepingClock()
        self.sink = Sink()
        self.locks = FakeLocks()
        self.builder = FakeImageBuilder(self.registry)
        defaults = Settings(build_version="0.6.0", state_dir="/state", jobs=2)
        self.services = Services(
            settings=replace(defaults, **settings),  # type: ignore[arg-type]
            open_tree=self.disk.fresh,
            cache=self.cache,
            registry=self.registry,
            builder=self.builder,
            locks=self.locks,
            clock=self.clock,
            sink=self.sink,
            packager=no_packager,
            platform=None,
        )

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """Write a file; a path that begins with a slash is one of the whole disk."""
        self.disk.tick()
        self.disk.write(path if path.startswith("/") else f"{ROOT}/{path}", content, mode)

    def request(self, **changes: object) -> PlanRequest:
        """A request for the roots."""
        return replace(PlanRequest(self.roots), **changes)  # type: ignore[arg-type]

    def plan(self, **changes: object) -> BuildPlan:
        """Plan, as the pipeline does."""
        return make_plan(self.services, self.disk.fresh(), self.request(**changes))

    def build(self, plan: BuildPlan | None = None, **changes: object) -> RunState:
        """Plan and build; a worker that is started has done when the loop looks again."""
        first = plan or self.plan(**changes)
        force = bool(changes.get("force"))
        loop = Loop(
            QueueInbox(),
            _Crew(self.services),
            self.clock.monotonic,
            self.sink.emit,
            lambda: self.plan(**changes),
            LoopOptions(2, 0, force),
        )
        return loop.run(first)

    def built(self) -> list[str]:
        """Return the names of what the engine built since last asked."""
        names = [call.request.name for call in self.builder.builds]
        self.builder.builds.clear()
        return names


class _Crew:
    def __init__(self, services: Services) -> None:
        self._services = services

    def start(self, task: Task, inbox: Inbox) -> Callable[[str], None]:
        cancel = Cancel()
        inbox.put(closing_message(task, self._services, inbox, cancel))
        return cancel.cancel


def actions(plan: BuildPlan) -> dict[str, str]:
    """Name → action."""
    return {image.label: image.action for image in plan.images}


def image(plan: BuildPlan, name: str) -> PlannedImage:
    """The planned image of a name."""
    return next(image for image in plan.images if image.label == name)


def reason(plan: BuildPlan, name: str) -> str:
    """Why something happens to an image."""
    return image(plan, name).reason


def found(plan: BuildPlan) -> list[tuple[str, str, int]]:
    """Code, file and line of each diagnostic."""
    return [(d.diagnostic.code, d.diagnostic.file, d.diagnostic.line) for d in plan.diagnostics]
