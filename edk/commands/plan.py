"""`edk plan`: what a build would do, and why."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, selected_roots, settings_of
from edk.domain.errors import EXIT_DONE, EXIT_SOURCES, EngineUnreachableError
from edk.orchestrator.build import suited_to_engine
from edk.orchestrator.pipeline import PlanRequest, steady_plan

if TYPE_CHECKING:
    from edk.domain.plan import BuildPlan
    from edk.orchestrator.services import Services
    from edk.ports import EventSink
    from edk.settings import Settings


def request_of(options: argparse.Namespace, settings: Settings) -> PlanRequest:
    """Return what a command line asks to plan for."""
    return PlanRequest(
        roots=selected_roots(options, settings),
        selection="images" if options.image else "extension",
        images=tuple(options.image),
        force=options.force or getattr(options, "no_cache", False) or getattr(options, "pull", False),
        ask_registry=not getattr(options, "offline", False),
    )


def run(options: argparse.Namespace) -> int:
    """Print the plan; exit code 3 if the sources have errors."""
    settings = settings_of(options, options.dir)
    sink: EventSink = Notices()
    with Wired(settings, sink, "edk plan") as services:
        request = request_of(options, settings)
        plan = _asked(services, steady_plan(services, request), request)
    print_plan(plan, as_json=options.json)
    return EXIT_SOURCES if plan.has_errors else EXIT_DONE


def _asked(services: Services, plan: BuildPlan, request: PlanRequest) -> BuildPlan:
    """Return the plan as this engine would build it; one that does not answer is told, and no obstacle."""
    if not request.ask_registry or not plan.with_action("build"):
        return plan
    try:
        return suited_to_engine(services, plan, request)[0]
    except EngineUnreachableError as error:
        return replace(plan, unasked=(*plan.unasked, f"the engine could not be asked: {error.message}"))


def print_plan(plan: BuildPlan, *, as_json: bool) -> None:
    """Print a plan as text or JSON; diagnostics of the text go to stderr."""
    if as_json:
        from edk.ui.json_lines import to_json
        from edk.ui.plan_json import plan_as_json

        sys.stdout.write(to_json(plan_as_json(plan)).decode() + "\n")
        return
    from edk.ui.plain import diagnostic_lines
    from edk.ui.plan_text import plan_lines
    from edk.ui.text import safe

    for located in plan.diagnostics:
        for line in diagnostic_lines(located.absolute):
            print(safe(line), file=sys.stderr)  # noqa: T201
    for line in plan_lines(plan):
        print(line)  # noqa: T201
