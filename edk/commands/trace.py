"""`edk trace`: from the saved file to what a workflow run really gets."""

from __future__ import annotations

import argparse
import os
import sys

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, places_of, settings_of, with_cluster
from edk.domain.errors import EXIT_DONE, EXIT_FAILED
from edk.domain.traced import traced_images
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.roots import extension_of, roots_for
from edk.orchestrator.trace import trace
from edk.ui.trace_text import trace_lines, traces_as_json


def run(options: argparse.Namespace) -> int:
    """Print the way of each image; exit code 1 if one is stale on it."""
    words = [os.path.realpath(word) if os.path.isfile(word) else word for word in options.name]  # noqa: PTH113
    files = [word for word in words if os.path.isabs(word)]  # noqa: PTH117
    dirs = options.dir or list(dict.fromkeys(extension_of(file) for file in files))
    first = settings_of(options, dirs)
    dirs = dirs or [first.extensions_dir]
    settings = settings_of(options, dirs)
    with Wired(settings, Notices(), "edk trace") as wired:
        services = with_cluster(wired)
        services.registry.ping()
        plan = steady_plan(services, PlanRequest(roots_for(dirs, places_of(settings))))
        traces = trace(services, plan, traced_images(plan, words))
    if options.json:
        from edk.ui.json_lines import to_json

        sys.stdout.write(to_json(traces_as_json(traces)).decode() + "\n")
    else:
        for line in trace_lines(traces):
            print(line)  # noqa: T201
    return EXIT_FAILED if any(one.broken for one in traces) else EXIT_DONE
