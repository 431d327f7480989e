"""`edk build`: plan, run the loop, package the charts, and say how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from edk.domain import errors
from edk.domain import events as ev
from edk.domain.codes.resolving import NOT_LOCAL
from edk.domain.plan import Action, BuildPlan
from edk.orchestrator.build_history import expected_by
from edk.orchestrator.crew import QueueInbox, ThreadCrew
from edk.orchestrator.loop import Loop, LoopOptions
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.ports import Cancellation

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.run import RunState
    from edk.domain.workspace import LocatedDiagnostic
    from edk.orchestrator.services import Services

NewCancellation = Callable[[], tuple[Cancellation, Callable[[str], None]]]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a build is asked for besides its plan.

    Args:
        no_cache: run every step anew.
        pull: look for newer upstream images.
    """

    no_cache: bool = False
    pull: bool = False


def announce(services: Services, request: PlanRequest) -> BuildPlan:
    """Make a plan and show what was read, what is wrong, and what will happen."""
    started = services.clock.monotonic()
    plan = steady_plan(services, request)
    seconds = services.clock.monotonic() - started
    show_plan(services, plan, seconds)
    return plan


def suited_to_engine(
    services: Services, plan: BuildPlan, request: PlanRequest
) -> tuple[BuildPlan, PlanRequest]:
    """Return a plan, and its request, that count what this engine builds: without BuildKit, every stage.

    Raises:
        EngineUnreachableError: no engine answers.
    """
    if services.builder.describe().buildkit or request.all_stages:
        return plan, request
    request = replace(request, all_stages=True)
    return steady_plan(services, request), request


def show_plan(services: Services, plan: BuildPlan, seconds: float) -> None:
    """Emit the events that tell of a plan."""
    workspace = plan.workspace
    asked = [t for t in workspace.targets if t.root.kind == "extension"]
    charts = [c for c in workspace.charts if c.root.kind == "extension"]
    emit = services.sink.emit
    roots = tuple(root.path for root in workspace.roots)
    emit(ev.SourcesRead(roots, workspace.files, len(asked), workspace.operator_files, len(charts), seconds))
    show_diagnostics(services, plan.diagnostics)
    for sentence in plan.unasked:
        emit(ev.Noticed(sentence))
    build, skip, ignore, blocked = (
        tuple(image.label for image in plan.with_action(action)) for action in get_args(Action)
    )
    emit(ev.PlanMade(build, skip, ignore, blocked, tuple(c.chart.name for c in charts), seconds))
    for image in plan.with_action("ignore"):
        if image.node.target.root.kind == "extension":
            emit(ev.Noticed(f"{image.label} is not built: {image.reason}"))
    # An info, for the platform may have it; but a wrong name looks the same, so a build does not hide it.
    unknown: dict[str, Diagnostic] = {}
    for told in plan.diagnostics:
        if told.diagnostic.code == NOT_LOCAL.id:
            unknown.setdefault(told.diagnostic.message, told.absolute)
    for message, first in unknown.items():
        emit(ev.Noticed(f"{first.file}:{first.line}: {message}"))


def show_diagnostics(services: Services, diagnostics: Sequence[LocatedDiagnostic]) -> None:
    """Emit errors and warnings, with the whole path of their file; the rest is for `edk plan` alone."""
    for located in diagnostics:
        if located.diagnostic.severity != "info":
            services.sink.emit(ev.DiagnosticFound(located.absolute))


def run_images(
    services: Services,
    plan: BuildPlan,
    request: PlanRequest,
    options: BuildOptions,
    inbox: QueueInbox,
    new_cancellation: NewCancellation,
) -> RunState:
    """Build what the plan says, and return where every image stands at the end.

    Raises:
        UsageError: bills of materials are asked for, and can't be made.
        EngineUnreachableError: there is something to build, and no engine answers.
        RegistryUnreachableError: there is something to push, and the registry does not answer.
    """
    jobs = services.settings.jobs
    if plan.with_action("build"):
        # Told at once, rather than after the first context has been read.
        services.registry.ping()
        check_inventory(services)
        plan, request = suited_to_engine(services, plan, request)
        # Asked only now: where nothing is built, no engine's client need be imported.
        jobs = jobs_for(services)
    loop = Loop(
        inbox,
        ThreadCrew(services, new_cancellation),
        services.clock.monotonic,
        services.sink.emit,
        lambda: steady_plan(services, request),
        LoopOptions(
            jobs,
            services.settings.retries,
            request.force,
            options.no_cache,
            options.pull,
            expected=expected_by(services.cache),
        ),
    )
    return loop.run(plan)


def jobs_for(services: Services) -> int:
    """Return how many builds to have at once: what was asked for, what the builder is made for, or what is usual."""
    settings = services.settings
    return settings.jobs if settings.jobs_asked else services.builder.places() or settings.jobs


def check_inventory(services: Services) -> None:
    """Return if bills of materials can be made, or are not asked for; raise UsageError if not."""
    if services.settings.sbom and services.inventory is not None:
        services.inventory.check()


def exit_code_of(plan: BuildPlan, state: RunState, *, charts_failed: bool) -> int:
    """Return the exit code of a run.

    What could not be reached outweighs what failed, for a later run may tell more; what failed outweighs
    what is wrong in the sources, which may be in another image.
    """
    if state.stopping:
        return errors.EXIT_INTERRUPTED
    failed = [t for t in state.targets.values() if t.phase == "failed"]
    if any(t.kind in {"engine", "registry"} for t in failed):
        return errors.EXIT_UNREACHABLE
    if charts_failed or any(t.kind != "sources" for t in failed):
        return errors.EXIT_FAILED
    blocked = any(t.phase == "blocked" for t in state.targets.values())
    return errors.EXIT_SOURCES if failed or blocked or plan.has_errors else errors.EXIT_DONE
