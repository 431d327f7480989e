"""`edk graph`: what depends on what, and what of it is stale."""

from __future__ import annotations

import argparse
import difflib
import os
import sys

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, places_of, settings_of
from edk.domain.errors import EXIT_DONE, EXIT_SOURCES, UsageError
from edk.domain.graph_view import GraphView, focused, graph_view
from edk.domain.plan import BuildPlan
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.roots import roots_for
from edk.orchestrator.services import Services
from edk.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Print the graph; exit code 3 if the sources have errors."""
    settings = settings_of(options, options.dir)
    with Wired(settings, Notices(), "edk graph") as services:
        plan = steady_plan(services, _request(options, settings))
        view, plan = _view(options, services, plan)
    _print(options, view, plan.unasked)
    return EXIT_SOURCES if plan.has_errors else EXIT_DONE


def _request(options: argparse.Namespace, settings: Settings) -> PlanRequest:
    dirs = list(options.dir)
    if not dirs and os.path.isdir(settings.extensions_dir):  # noqa: PTH112
        dirs = [settings.extensions_dir]
    if not dirs and not options.image:
        raise UsageError("nothing was asked for", "name the folder with --dir DIR, or an image with --image NAME")
    if dirs:
        return PlanRequest(roots_for(dirs, places_of(settings)), ask_registry=not options.offline)
    return _image_alone(options, settings)


def _image_alone(options: argparse.Namespace, settings: Settings) -> PlanRequest:
    """Return the request for an image that no extension needs: with what it stands on."""
    roots = roots_for(options.dir, places_of(settings))
    return PlanRequest(roots, "images", (options.image,), ask_registry=not options.offline)


def _view(options: argparse.Namespace, services: Services, plan: BuildPlan) -> tuple[GraphView, BuildPlan]:
    """Return what is shown, and the plan that it was made of."""
    if not options.image:
        return graph_view(plan, folded=options.fold), plan
    found = focused(graph_view(plan), options.image, folded=options.fold)
    if found is not None:
        return found, plan
    try:
        plan = steady_plan(services, _image_alone(options, services.settings))
    except UsageError as error:
        known = {image.label for image in plan.images} | {target.name for target in plan.workspace.targets}
        near = difflib.get_close_matches(options.image, sorted(known), n=1)
        raise UsageError(error.message, f"did you mean {near[0]!r}?" if near else error.hint) from error
    found = focused(graph_view(plan), options.image, folded=options.fold)
    return found or graph_view(plan, folded=options.fold), plan


def _print(options: argparse.Namespace, view: GraphView, unasked: tuple[str, ...]) -> None:
    if options.format == "tree":
        from edk.ui.graph_text import tree_lines
        from edk.ui.width import width_of_stdout

        for line in tree_lines(view, unasked, width_of_stdout()):
            print(line)  # noqa: T201
        return
    if options.format == "svg":
        from edk.ui.graph_svg import svg

        text = svg(view)
    else:
        from edk.ui.graph_formats import FORMATS

        text = FORMATS[options.format](view)
    sys.stdout.write(text)
