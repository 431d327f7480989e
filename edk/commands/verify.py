"""`edk verify`: whether the registry really holds what a tree needs."""

from __future__ import annotations

import argparse
import functools

from edk.adapters.registry.storage import storage_of, tag_target
from edk.commands.wiring import Wired, selected_roots, settings_of, sink_of
from edk.domain import errors
from edk.domain.shipping import subjects
from edk.domain.verifying import Remedies
from edk.orchestrator.build import announce
from edk.orchestrator.pipeline import PlanRequest, names_of
from edk.orchestrator.verifying import verify


def run(options: argparse.Namespace) -> int:
    """Read everything back; exit code 1 if something is missing or corrupt, 3 if the sources are wrong besides."""
    settings = settings_of(options, options.dir)
    storage = storage_of(settings.state_dir, settings.registry)
    dirs = [*options.dir, *([settings.extensions_dir] if options.all else [])]
    with Wired(settings, sink_of(options, settings), "edk verify") as services:
        selection = PlanRequest(
            selected_roots(options, settings), "images" if options.image else "extension", tuple(options.image)
        )
        plan = announce(services, selection)
        wanted = subjects(plan, names_of(settings).aliases, settings.references)
        code = verify(services, wanted, Remedies(storage, tuple(dirs)), functools.partial(tag_target, storage))
    if code == errors.EXIT_DONE and plan.has_errors:
        return errors.EXIT_SOURCES
    return code
