"""`edk watch`: rebuilds on save, until it is stopped."""

from __future__ import annotations

import argparse
import gc
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from edk.adapters.control.server import ControlServer
from edk.adapters.git.state import GitState
from edk.adapters.watching.watcher import WatchdogWatcher
from edk.commands.build import new_cancellation, stopped_by_signals
from edk.commands.wiring import (
    Wired,
    check_platform_options,
    places_of,
    redactor_of,
    settings_of,
    sink_of,
    with_platform,
)
from edk.domain import events as ev
from edk.domain.errors import EXIT_DONE, EngineUnreachableError, UsageError
from edk.domain.gathering import Quiet
from edk.domain.plan import BuildPlan
from edk.domain.run import RunState
from edk.domain.workspace import Root
from edk.orchestrator.build import check_inventory, jobs_for, show_plan
from edk.orchestrator.crew import QueueInbox, ThreadCrew
from edk.orchestrator.deliver import delivery_of
from edk.orchestrator.delivering import BackgroundDelivery
from edk.orchestrator.loop import EventOccurred, LoopOptions
from edk.orchestrator.package import package_extension_charts
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.planner import Planner
from edk.orchestrator.roots import roots_for
from edk.orchestrator.services import Services
from edk.orchestrator.session import WatchSession, words_of
from edk.orchestrator.watch import WatchLoop, WatchOptions
from edk.ports import FileLock

FOREVER = 10**9
LONGEST_PAUSE = 8.0


def run(options: argparse.Namespace) -> int:
    """Watch until a signal or `edk stop`; return the exit code."""
    first = settings_of(options, options.dir)
    dirs = options.dir or [first.extensions_dir]
    settings = settings_of(options, dirs)
    check_platform_options(options, settings)
    roots = roots_for(dirs, places_of(settings))
    watched = [root.path for root in roots if root.kind == "extension" or (options.bases and root.kind == "platform")]
    inbox = QueueInbox()
    watcher = WatchdogWatcher(poll=options.poll, exclude=settings.exclude)
    session = WatchSession(settings, watched, _now(), watcher.report, inbox.put, redactor_of(settings).masked)
    control = ControlServer(settings.state_dir, watched, inbox.put)
    sink = sink_of(options, settings, session, control)
    with Wired(settings, sink, "edk watch") as services:
        locks = _locked(services, watched)
        try:
            return _watch(options, services, roots, watched, inbox, watcher, session, control)
        finally:
            watcher.stop()
            for lock in locks:
                lock.release()


def _now() -> Callable[[], float]:
    from edk.adapters.clock import SystemClock

    return SystemClock().now


def _locked(services: Services, watched: Sequence[str]) -> list[FileLock]:
    """Return the locks of the watched folders; raise UsageError if another watcher has one."""
    locks: list[FileLock] = []
    for path in watched:
        lock = services.locks.try_acquire(f"watch:{path}")
        if lock is None:
            for held in locks:
                held.release()
            holder = services.locks.holder(f"watch:{path}") or "another watcher"
            raise UsageError(
                f"{path} is watched already, by {holder}", "edk status shows where it stands, edk stop stops it"
            )
        locks.append(lock)
    return locks


def _watch(
    options: argparse.Namespace,
    services: Services,
    roots: tuple[Root, ...],
    watched: Sequence[str],
    inbox: QueueInbox,
    watcher: WatchdogWatcher,
    session: WatchSession,
    control: ControlServer,
) -> int:
    settings = services.settings
    check_inventory(services)
    started = services.clock.monotonic()
    # Before the first plan, so that no save is missed while it is made.
    watcher.start(watched, inbox.put)
    all_stages, away = _needs_all_stages(services)
    planner = Planner(services, PlanRequest(roots, all_stages=all_stages))
    git = GitState(watched)
    delivery = _delivery(options, services, inbox)
    loop = WatchLoop(
        inbox,
        ThreadCrew(services, new_cancellation),
        services.clock.monotonic,
        services.sink.emit,
        planner,
        LoopOptions(jobs_for(services), FOREVER, cancel=not options.no_cancel, longest_pause=LONGEST_PAUSE),
        WatchOptions(
            quiet=Quiet(settings.quiet_save, settings.quiet_burst, settings.quiet_removal),
            git_busy=git.busy,
            head=git.head,
            adopted=lambda: watcher.keep(planner.folders_to_keep()),
            settled=_settled(services, options.once_ready_file, delivery),
            back=lambda _what: planner.count_all_stages(_needs_all_stages(services)[0]),
            control=session.answer,
        ),
    )
    if away:
        loop.missed("engine", away)
    plan = planner.anew()
    show_plan(services, plan, services.clock.monotonic() - started)
    # What the first plan holds lives on: not looked through by the collector, which would cost saves 50 ms at times.
    gc.freeze()
    control.start()
    threading.Thread(target=_read_history, args=(services, watched), name="edk-history", daemon=True).start()
    seconds = services.clock.monotonic() - started
    services.sink.emit(ev.WatchStarted(tuple(watched), len(plan.images), words_of(watcher.report()), seconds))
    with stopped_by_signals(inbox):
        loop.watch(plan)
    if delivery is not None and delivery.busy:
        what = f"{delivery.busy} was being brought to the platform, which was left unfinished"
        services.sink.emit(ev.Noticed(what, "edk chart --install or edk watch --install goes on with it"))
    services.sink.emit(ev.Noticed("the watcher stopped"))
    return EXIT_DONE


def _delivery(options: argparse.Namespace, services: Services, inbox: QueueInbox) -> BackgroundDelivery | None:
    """Return what brings charts to the platform, if that is asked for and one is configured."""
    to = None
    if options.upload or options.install != "no":
        to = delivery_of(with_platform(services), options.install)
    return BackgroundDelivery(to, lambda event: inbox.put(EventOccurred(event))) if to is not None else None


def _read_history(services: Services, watched: Sequence[str]) -> None:
    """Read what the repositories hold, so that the first save need not wait for it."""
    for path in watched:
        if services.history is not None:
            services.history.revision(path)


def _needs_all_stages(services: Services) -> tuple[bool, str]:
    """Tell whether the engine builds every stage, and why that can't be told: then it is taken for a BuildKit."""
    try:
        return not services.builder.describe().buildkit, ""
    except EngineUnreachableError as error:
        return False, error.message


class _News:
    """Leaves out what is unchanged: the watcher looks at the charts after every save."""

    def __init__(self, services: Services) -> None:
        self._sink = services.sink
        self._unchanged = ""

    def emit(self, event: ev.Event) -> None:
        """Hand on what is new."""
        if isinstance(event, ev.ChartPackaged):
            self._unchanged = event.chart if event.by == "unchanged" else ""
        told = isinstance(event, (ev.ChartPackaged, ev.ChartVerified)) and event.chart == self._unchanged
        if not told:
            self._sink.emit(event)

    def close(self) -> None:
        """Do nothing: the sink behind lives on."""


def _settled(
    services: Services, ready_file: str | None, delivery: BackgroundDelivery | None
) -> Callable[[BuildPlan, RunState], None]:
    """Return what is done once everything stands: charts are packaged, and whoever waits for it is told.

    A chart that is unchanged is neither made nor sent again; what is sent is so aside, and no save waits for it. The
    file is written once, whole or not at all.
    """
    quiet = replace(services, sink=_News(services))
    waiting = [ready_file] if ready_file else []

    def settle(plan: BuildPlan, state: RunState) -> None:
        if any(c.root.kind == "extension" for c in plan.workspace.charts):
            package_extension_charts(quiet, plan, state, delivery.take if delivery else None)
        while waiting:
            failed = sorted(t.label for t in state.targets.values() if t.phase in {"failed", "blocked"})
            _write_ready(waiting.pop(), failed, services)

    return settle


def _write_ready(path: str, failed: Sequence[str], services: Services) -> None:
    from edk.adapters.whole_files import write_whole

    text = "\n".join(["failed: " + " ".join(failed) if failed else "ready", ""])
    try:
        write_whole(os.path.abspath(path), text.encode("utf-8", "surrogateescape"))  # noqa: PTH100
    except OSError as error:
        services.sink.emit(ev.Noticed(f"{path} can't be written: {error.strerror}"))
