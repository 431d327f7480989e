"""What `edk prune` and `edk images` share: what to look by, and what to look with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from edk.adapters.own_registry import find_own_registry
from edk.commands.builders import disk_of
from edk.commands.wiring import logged, places_of, settings_of, with_cluster
from edk.domain.amounts import parse_age, parse_size
from edk.domain.chart_pruning import Installed
from edk.domain.errors import ClusterUnreachableError, UsageError
from edk.domain.events import Noticed
from edk.domain.pruning import used_by
from edk.domain.reference import RegistryAliases
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.roots import roots_for
from edk.orchestrator.services import Services
from edk.orchestrator.survey import Asked
from edk.ports import EngineDisk, EventSink, OwnRegistry
from edk.settings import Settings
from edk.ui.plain import PlainLines


def settings_and_asked(options: argparse.Namespace) -> tuple[Settings, Asked]:
    """Return the settings, and what a command line asks to look by; raise UsageError."""
    settings = settings_of(options, options.dir)
    if options.keep < 0:
        raise UsageError(f"--keep must not be negative, but is {options.keep}", "for example --keep 3")
    dirs = [*options.dir]
    if os.path.isdir(settings.extensions_dir):  # noqa: PTH112
        dirs.append(settings.extensions_dir)
    cache = getattr(options, "build_cache", None)
    named = "--build-cache" if cache else "build_cache_limit"
    limit = -1 if cache is None else _amount(named, cache or settings.build_cache_limit, parse_size)
    return settings, Asked(
        tree=PlanRequest(roots_for(dirs, places_of(settings))),
        keep=options.keep,
        min_age=_amount("--min-age", options.min_age, parse_age),
        unrecorded=options.unrecorded,
        # A platform that nobody asked may have any of our charts installed.
        installed=Installed(known=not settings.kube_helm_url),
        engine=options.command == "prune",
        cache_limit=int(limit),
    )


def with_cluster_uses(services: Services, asked: Asked) -> Asked:
    """Return what to look by, with what the cluster's pods run and ask for; a cluster that is away is told."""
    cluster = with_cluster(services).cluster
    try:
        running = cluster.running() if cluster is not None else ()
    except ClusterUnreachableError as error:
        services.sink.emit(Noticed(f"what runs in the cluster is not known: {error.message}", error.hint))
        return asked
    settings = services.settings
    return replace(asked, cluster=used_by(running, RegistryAliases.of(settings.registry, settings.push_host)))


def sink_for(options: argparse.Namespace, settings: Settings) -> EventSink:
    """Return the sinks: a surface, where JSON is wanted stderr, and the log; secrets masked."""
    return logged(settings, PlainLines(sys.stderr if options.json else sys.stdout))


def own_registry(services: Services) -> OwnRegistry | None:
    """Return the registry that the set-up started, looked at from behind; None if it is another one."""
    return find_own_registry(services.settings.state_dir, services.settings.push_host)


class LazyDisk:
    """An `EngineDisk` that is imported when it is first used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _disk(self) -> EngineDisk:
        return disk_of(self._settings)

    def copies(self, before: float) -> tuple[int, int]:
        """See `edk.ports.EngineDisk.copies`."""
        return self._disk.copies(before)

    def remove_copies(self, before: float) -> tuple[int, int]:
        """See `edk.ports.EngineDisk.remove_copies`."""
        return self._disk.remove_copies(before)

    def cache_bytes(self) -> int:
        """See `edk.ports.EngineDisk.cache_bytes`."""
        return self._disk.cache_bytes()

    def prune_cache(self, keep: int) -> int:
        """See `edk.ports.EngineDisk.prune_cache`."""
        return self._disk.prune_cache(keep)


def _amount(option: str, text: str, parse: Callable[[str], float]) -> float:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", "see docs/pruning.md") from error
