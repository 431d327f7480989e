"""`edk build`: from a folder to images in the registry and a chart."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edk.commands.plan import print_plan, request_of
from edk.commands.surface import restore_terminals
from edk.commands.wiring import Wired, check_platform_options, settings_of, sink_of, with_cluster, with_platform
from edk.domain import errors
from edk.domain import events as ev
from edk.domain.run import RunState, StopAsked
from edk.orchestrator.build import BuildOptions, announce, exit_code_of, run_images
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.pipeline import PlanRequest, steady_plan

if TYPE_CHECKING:
    from edk.domain.plan import BuildPlan
    from edk.domain.platform import InstallMode
    from edk.orchestrator.import_images import Imported
    from edk.orchestrator.package import PackagedCharts
    from edk.orchestrator.services import Services
    from edk.ports import Cancellation


@dataclass(frozen=True, slots=True)
class ToPlatform:
    """What of a build goes to the platform, if one is configured.

    Args:
        upload: the charts.
        install: whether charts are installed too.
        images: whether images are imported.
    """

    upload: bool = True
    install: InstallMode = "no"
    images: bool = False


NOTHING = ToPlatform(upload=False)


def run(options: argparse.Namespace) -> int:
    """Build what the command line asks for, and return the exit code."""
    settings = settings_of(options, options.dir)
    check_platform_options(options, settings)
    sink = sink_of(options, settings)
    with Wired(settings, sink, "edk build") as services:
        request = request_of(options, settings)
        if options.dry_run:
            plan = steady_plan(services, request)
            print_plan(plan, as_json=options.json or settings.progress == "json")
            return errors.EXIT_SOURCES if plan.has_errors else errors.EXIT_DONE
        build_options = BuildOptions(options.no_cache, options.pull)
        to = ToPlatform(not options.no_import, options.install, options.import_images)
        return build(services, request, build_options, charts=not options.image, to=to)


def new_cancellation() -> tuple[Cancellation, Callable[[str], None]]:
    """Return a switch that cancels one task, and what throws it."""
    from edk.adapters.cancellation import Cancel

    cancel = Cancel()
    return cancel, cancel.cancel


@contextmanager
def stopped_by_signals(inbox: QueueInbox) -> Iterator[None]:
    """Turn the first INT, TERM or HUP into a request to stop; the second ends the process at once.

    A signal that comes in the instant before the main thread begins to wait does not wake it: Python calls handlers
    between two of its own instructions only. So a thread is told of it by the wake-up file, at any instant.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    told, tells = socket.socketpair()
    tells.setblocking(False)
    thread = threading.Thread(target=_ask_to_stop, args=(told, numbers, inbox), name="edk-signals", daemon=True)
    with told, tells:
        thread.start()
        before_file = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
        # What is ignored, as HUP under nohup, stays so.
        heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, lambda _number, _frame: None) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before_file)
            tells.shutdown(socket.SHUT_WR)
            thread.join()


def _ask_to_stop(told: socket.socket, numbers: tuple[int, ...], inbox: QueueInbox) -> None:
    """Take the numbers of signals, a byte each, until no more come."""
    asked = False
    while came := told.recv(64):
        for _ in [number for number in came if number in numbers]:
            if asked:
                restore_terminals()
                os._exit(errors.EXIT_INTERRUPTED)
            asked = True
            inbox.put(StopAsked())


def build(
    services: Services, request: PlanRequest, options: BuildOptions, *, charts: bool, to: ToPlatform = NOTHING
) -> int:
    """Plan, build, push, package; return the exit code.

    Args:
        services: the ports.
        request: what to build.
        options: how.
        charts: whether to package the charts of the extensions.
        to: what goes to the platform.
    """
    started = services.clock.monotonic()
    plan = announce(services, request)
    inbox = QueueInbox()
    with stopped_by_signals(inbox):
        state = run_images(services, plan, request, options, inbox, new_cancellation)
    failed, archives, away = 0, 0, False
    if to.images and not state.stopping:
        imported = _import(services, plan, state)
        failed, away = imported.failed, imported.away
    if charts and not state.stopping and any(c.root.kind == "extension" for c in plan.workspace.charts):
        packaged = _charts(services, plan, state, _without_install(services, to) if failed else to)
        failed, archives, away = failed + packaged.failed, packaged.archives, away or packaged.away
        if archives and not (to.upload and services.settings.kube_helm_url):
            why = "KUBE_HELM_URL is not set" if to.upload else "--no-import was given"
            services.sink.emit(ev.Noticed(f"nothing was uploaded to the platform: {why}"))
    code = exit_code_of(plan, state, charts_failed=failed > 0)
    if away and code == errors.EXIT_FAILED:
        code = errors.EXIT_UNREACHABLE
    services.sink.emit(
        ev.RunFinished(
            code,
            state.count("done"),
            state.count("skipped"),
            state.count("failed"),
            state.count("blocked"),
            archives,
            services.clock.monotonic() - started,
        )
    )
    return code


def _import(services: Services, plan: BuildPlan, state: RunState) -> Imported:
    """Have the platform import the images, and return what came of it."""
    from edk.orchestrator.import_images import Imported, import_images, imports_of

    services = with_cluster(with_platform(services))
    if services.platform is None:
        return Imported()
    settings = services.settings
    wanted = imports_of(plan, state, settings.platform_registry or settings.registry)
    return import_images(services, services.platform, wanted)


def _without_install(services: Services, to: ToPlatform) -> ToPlatform:
    """Return what goes to the platform where an image did not: nothing is installed that could not run."""
    if to.install != "no":
        services.sink.emit(ev.Noticed("nothing is installed, since an image was not imported"))
    return replace(to, install="no")


def _charts(services: Services, plan: BuildPlan, state: RunState, to: ToPlatform) -> PackagedCharts:
    """Package the charts whose images stand, and return what came of them."""
    # Imported here: half of what a build could need is for charts, and many have none.
    from functools import partial

    from edk.orchestrator.deliver import deliver, delivery_of
    from edk.orchestrator.package import package_extension_charts

    services = with_platform(services) if to.upload else services
    delivery = delivery_of(services, to.install)
    take = partial(deliver, to=delivery) if delivery else None
    return package_extension_charts(services, plan, state, take)
