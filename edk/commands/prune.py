"""`edk prune`: says what is superseded, asks, and removes it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field

from edk.adapters.own_registry import container_of
from edk.commands.surveying import LazyDisk, own_registry, settings_and_asked, sink_for, with_cluster_uses
from edk.commands.wiring import Wired
from edk.domain import events as ev
from edk.domain.errors import EXIT_DONE, EXIT_FAILED
from edk.domain.garbage_steps import garbage_steps
from edk.domain.survey import Removed, Survey
from edk.orchestrator.garbage import collect_garbage
from edk.orchestrator.prune import remove
from edk.orchestrator.services import Services
from edk.orchestrator.survey import Asked, survey
from edk.ports import OwnRegistry
from edk.ui.asking import agreed
from edk.ui.survey_text import prune_lines


@dataclass
class _Outcome:
    """What was done.

    Args:
        done: whether anything was to be removed at all, and the user agreed.
        removed: what went.
        collected: bytes that garbage collection freed; negative: there was none.
        steps: how to collect the garbage of a registry that is not ours.
    """

    done: bool = False
    removed: Removed = field(default_factory=Removed)
    collected: int = -1
    steps: tuple[str, ...] = ()


def run(options: argparse.Namespace) -> int:
    """Prune; exit code 1 if something that was to go stays."""
    settings, asked = settings_and_asked(options)
    with Wired(settings, sink_for(options, settings), "edk prune") as services:
        asked = with_cluster_uses(services, asked)
        own = own_registry(services)
        found = survey(services, own, LazyDisk(settings), asked)
        if not options.json:
            for line in prune_lines(found, services.clock.now(), asked.cache_limit):
                print(line)  # noqa: T201
        outcome = _prune(options, services, own, found, asked)
    if options.json:
        from edk.domain.encoding import to_json
        from edk.ui.survey_json import prune_as_json

        told = prune_as_json(
            found, settings.registry, outcome.done, outcome.removed, outcome.collected, outcome.steps
        )
        sys.stdout.write(to_json(told).decode() + "\n")
    return EXIT_FAILED if outcome.removed.stayed else EXIT_DONE


def _prune(
    options: argparse.Namespace, services: Services, own: OwnRegistry | None, found: Survey, asked: Asked
) -> _Outcome:
    work = _has_work(found, asked.cache_limit)
    if options.dry_run or not (work or options.gc) or not _agreed(options, services):
        return _Outcome()
    outcome = _Outcome(done=True)
    if work:
        shown = {verdict.held.key for verdict in found.superseded}
        if not options.yes:
            # Whoever was asked may have taken an hour to answer.
            found = survey(services, own, LazyDisk(services.settings), asked)
        outcome.removed = remove(services, LazyDisk(services.settings), found, asked, shown)
    if options.gc:
        _collect(services, own, outcome, json=options.json)
    elif outcome.removed.images:
        _note(services, "the registry's disk gets it back by garbage collection", "edk prune --gc")
    if outcome.removed.charts and services.settings.kube_helm_url:
        _note(services, "the platform keeps its own copies of charts; too many slow its Extensions page", _PLATFORM)
    return outcome


_PLATFORM = "delete old versions there, or in the folder that HELM_EXTENSIONS_CACHE of kube-helm names"


def _has_work(found: Survey, cache_limit: int) -> bool:
    cache = 0 <= cache_limit < found.engine.cache_bytes
    return bool(found.superseded or found.old_charts or found.engine.copies or cache)


def _agreed(options: argparse.Namespace, services: Services) -> bool:
    def nobody() -> None:
        _note(services, "nothing was removed: there is no terminal to ask on", "edk prune --yes removes it")

    return agreed("Go on?", yes=options.yes, may_ask=not options.json, nobody=nobody)


def _collect(services: Services, own: OwnRegistry | None, outcome: _Outcome, *, json: bool) -> None:
    if own is not None:
        outcome.collected = collect_garbage(services, own)
        return
    outcome.steps = garbage_steps(services.settings.push_host, container_of(services.settings.state_dir))
    if not json:
        for line in outcome.steps:
            print(line)  # noqa: T201


def _note(services: Services, message: str, hint: str) -> None:
    services.sink.emit(ev.Noticed(message, hint))
