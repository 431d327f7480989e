"""`edk init`: the platform's repository, an example, and the bases."""

from __future__ import annotations

import argparse
import os

from edk.adapters.clock import SystemClock
from edk.adapters.git.clones import GitClones
from edk.adapters.git.words import is_local, without_password
from edk.adapters.locks import FileLocks
from edk.adapters.placing import PlacedFolders
from edk.commands.build import build
from edk.commands.code_server import set_up
from edk.commands.wiring import BUNDLED, Wired, places_of, settings_of, sink_of
from edk.domain import events as ev
from edk.domain.errors import EXIT_DONE, UsageError
from edk.orchestrator.build import BuildOptions
from edk.orchestrator.init import initialise
from edk.orchestrator.init_model import InitRequest, InitResult, Tools
from edk.orchestrator.pipeline import PlanRequest, Selection
from edk.orchestrator.roots import roots_for
from edk.orchestrator.services import Services
from edk.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Set everything up, say what to run next, and return the exit code."""
    settings = settings_of(options)
    sink = sink_of(options, settings)
    started = SystemClock().monotonic()
    with Wired(settings, sink, "edk init") as services:
        locks = FileLocks(settings.state_dir, "edk init")
        tools = Tools(GitClones(), PlacedFolders(), locks, sink.emit)
        result = initialise(_request(options, settings), tools)
        _tell(services, result, SystemClock().monotonic() - started)
        _write_tasks(services)
        code = EXIT_DONE if options.no_bases else _build_bases(options, services)
        for step in result.next_steps:
            sink.emit(ev.Noticed(f"next: {step}"))
    return code


def _request(options: argparse.Namespace, settings: Settings) -> InitRequest:
    source = options.source or settings.repo_url
    if options.source and is_local(source):
        if not os.path.exists(source):  # noqa: PTH110
            raise UsageError(f"--from {source!r} does not exist", "name a git repository or a git bundle")
        source = os.path.abspath(source)  # noqa: PTH100
    root = os.path.dirname(os.path.dirname(BUNDLED))  # noqa: PTH120
    return InitRequest(
        source=source,
        shown_source=without_password(source),
        path=settings.repo_path,
        version=settings.build_version if "KAAPANA_BUILD_VERSION" in os.environ else "",
        branch=options.branch or settings.build_branch,
        extensions_dir=settings.extensions_dir,
        own_example=f"{root}/examples/otsus-method",
    )


def _tell(services: Services, result: InitResult, seconds: float) -> None:
    verb = "cloned" if result.cloned else "moved" if result.moved else "up to date"
    emit = services.sink.emit
    emit(ev.Noticed(f"{result.path}: {verb}, at commit {result.commit[:12]} ({seconds:.1f} s)"))
    if result.example_copied:
        emit(ev.Noticed(f"{result.example}: example copied"))


def _write_tasks(services: Services) -> None:
    """Write the tasks by which code-server follows a watcher; files that can't be added to are no obstacle."""
    folder = services.settings.extensions_dir
    emit = services.sink.emit
    try:
        for line in set_up(folder):
            emit(ev.Noticed(line))
    except UsageError as error:
        emit(ev.Noticed(f"{error.message}; code-server gets no tasks of ours", error.hint))


def _build_bases(options: argparse.Namespace, services: Services) -> int:
    """Build the bases that were asked for, else those that the extensions need."""
    settings = services.settings
    there = os.path.isdir(settings.extensions_dir)  # noqa: PTH112
    roots = roots_for([settings.extensions_dir] if there else [], places_of(settings))
    selection: Selection = "images" if options.image else "all-bases" if options.all_bases else "bases"
    force = options.no_cache or options.pull
    request = PlanRequest(roots, selection, tuple(options.image), force)
    return build(services, request, BuildOptions(options.no_cache, options.pull), charts=False)
