"""`edk watch`: rebuilds on save, until it is stopped."""

from __future__ import annotations

import argparse
import functools
import gc
import os
import threading
from collections.abc import Callable, Sequence

from edk.adapters.control.server import ControlServer
from edk.adapters.git.state import GitState, git_folder, head_of
from edk.adapters.processes import namespace
from edk.adapters.watching.lookout import Lookout
from edk.adapters.watching.watcher import WatchdogWatcher
from edk.commands.build import new_cancellation, stopped_by_signals
from edk.commands.watch_health import Health, health_of
from edk.commands.watch_settled import settled
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
from edk.domain.workspace import Root
from edk.orchestrator.build import check_inventory, jobs_for, show_plan
from edk.orchestrator.build_history import expected_by
from edk.orchestrator.crew import QueueInbox, ThreadCrew
from edk.orchestrator.deliver import delivery_of
from edk.orchestrator.delivering import BackgroundDelivery
from edk.orchestrator.loop import EventOccurred, LoopOptions
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.planner import Planner
from edk.orchestrator.roots import asked_for, with_others
from edk.orchestrator.services import Services
from edk.orchestrator.session import WatchSession, words_of
from edk.orchestrator.watch import WatchLoop, WatchOptions
from edk.ports import FileLock, FileWatcher
from edk.settings import Settings
from edk.ui.metrics import Metrics

FOREVER = 10**9
LONGEST_PAUSE = 8.0
AROUND = "what is around the extensions is another now"


def run(options: argparse.Namespace) -> int:
    """Watch until a signal or `edk stop`; return the exit code."""
    first = settings_of(options)
    dirs = options.dir or [first.extensions_dir]
    settings = settings_of(options, [folder for folder in dirs if os.path.lexists(folder)])
    check_platform_options(options, settings)
    asked = asked_for(dirs, later=settings.extensions_dir)
    watched = [root.path for root in asked]
    if options.bases:
        watched.append(os.path.realpath(settings.repo_path))
    inbox = QueueInbox()
    watcher = WatchdogWatcher(poll=options.poll, exclude=settings.exclude)
    masked = redactor_of(settings).masked
    session = WatchSession(settings, watched, _now(), watcher.report, inbox.put, masked, namespace())
    control = ControlServer(settings.state_dir, watched, inbox.put)
    metrics = Metrics()
    sink = sink_of(options, settings, session, control, metrics)
    with Wired(settings, sink, "edk watch") as services:
        locks = _locked(services, watched)
        health = health_of(settings.watch_health, services, inbox, metrics)
        try:
            return _watch(options, services, asked, watched, inbox, watcher, session, control, health)
        finally:
            health.stop()
            watcher.stop()
            for lock in locks:
                lock.release()


def _roots(asked: Sequence[Root], settings: Settings) -> tuple[Root, ...]:
    """Return the roots as they are at this moment; an extensions folder that is not there yet is none."""
    later = os.path.realpath(settings.extensions_dir)
    return with_others([r for r in asked if r.path != later or os.path.lexists(later)], places_of(settings))


def _platform_at(settings: Settings) -> str:
    """Return what the platform's repository has checked out; a checkout writes that when all files are there."""
    return head_of(git_folder(os.path.realpath(settings.repo_path)))


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
    asked: tuple[Root, ...],
    watched: Sequence[str],
    inbox: QueueInbox,
    watcher: FileWatcher,
    session: WatchSession,
    control: ControlServer,
    health: Health,
) -> int:
    settings = services.settings
    check_inventory(services)
    started = services.clock.monotonic()
    # Before the first plan, so that no save is missed while it is made, and no clone.
    roots = functools.partial(_roots, asked, settings)
    lookout = Lookout(lambda: (roots(), _platform_at(settings)), inbox.put, AROUND)
    watcher.start(watched, inbox.put)
    all_stages, away = _needs_all_stages(services)
    planner = Planner(services, PlanRequest(roots(), all_stages=all_stages), roots)
    git = GitState(watched)
    delivery = _delivery(options, services, inbox)
    loop = WatchLoop(
        inbox,
        ThreadCrew(services, new_cancellation),
        services.clock.monotonic,
        services.sink.emit,
        planner,
        LoopOptions(
            jobs_for(services),
            FOREVER,
            cancel=not options.no_cancel,
            longest_pause=LONGEST_PAUSE,
            expected=expected_by(services.cache),
        ),
        WatchOptions(
            quiet=Quiet(settings.quiet_save, settings.quiet_burst, settings.quiet_removal),
            git_busy=git.busy,
            head=git.head,
            adopted=lambda: watcher.keep(planner.folders_to_keep()),
            settled=settled(services, options.once_ready_file, delivery),
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
    lookout.start()
    threading.Thread(target=_read_history, args=(services, watched), name="edk-history", daemon=True).start()
    seconds = services.clock.monotonic() - started
    services.sink.emit(ev.WatchStarted(tuple(watched), len(plan.images), words_of(watcher.report()), seconds))
    health.planned()
    with stopped_by_signals(inbox):
        loop.watch(plan)
    lookout.stop()
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
