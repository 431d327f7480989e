"""What the commands share: settings, services and sinks, made from the command line and the environment."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import edk
from edk.adapters.clock import SystemClock
from edk.adapters.files import FileTree
from edk.adapters.locks import FileLocks
from edk.adapters.records import RecordFiles
from edk.adapters.store.store import SqliteStore
from edk.adapters.syft import Syft
from edk.commands.builders import LazyBuilder
from edk.commands.buildkit_parsers import secrets_of_arguments
from edk.commands.surface import surface_of
from edk.domain import events as ev
from edk.domain.errors import UsageError
from edk.domain.redaction import Redactor, secrets_of
from edk.orchestrator.roots import Places, checked_dir, roots_for
from edk.orchestrator.services import Services
from edk.settings import Settings, Sourced, load_sourced
from edk.ui.aside import Aside
from edk.ui.log import EventLog
from edk.ui.log_files import Fanout, LogFiles
from edk.ui.redacted import Redacted

if TYPE_CHECKING:
    from edk.domain.history import Revision
    from edk.domain.workspace import Root
    from edk.ports import (
        Cache,
        ChartPackager,
        EventSink,
        Platform,
        SourceHistory,
    )

BUNDLED = os.path.join(os.path.dirname(edk.__file__), "bundled")  # noqa: PTH118, PTH120

_AS_THEY_ARE = (
    *("jobs", "platform", "network", "references", "attest", "sbom", "builder", "cache_registry", "compression"),
    *("daemon_cache_limit", "daemon_jobs", "watch_health", "page_listen", "page_hosts", "page_path", "progress"),
)
"""Settings that options of the same name set."""


def settings_of(options: argparse.Namespace, dirs: list[str] | None = None) -> Settings:
    """Return the settings for a command line; see `sourced_of`."""
    return sourced_of(options, dirs).settings


def sourced_of(options: argparse.Namespace, dirs: list[str] | None = None) -> Sourced:
    """Return the settings for a command line, with where each value comes from.

    Args:
        options: of the command line.
        dirs: folders whose edk.yaml counts, nearest first.

    Raises:
        UsageError: a folder can't be read, or a value is wrong.
    """
    flags: dict[str, object] = {
        **{name: getattr(options, name, None) for name in _AS_THEY_ARE},
        "build_args": _build_args(getattr(options, "build_arg", [])),
        "build_secrets": secrets_of_arguments(getattr(options, "build_secret", [])),
        "ssh": _tuple(getattr(options, "ssh", None)),
        "attestations": _tuple(getattr(options, "attestation", None)),
    }
    if flags["jobs"] is not None and flags["jobs"] < 1:  # type: ignore[operator]
        raise UsageError(f"--jobs must be 1 or more, not {flags['jobs']}", "for example --jobs 4")
    folders = tuple(dict.fromkeys(checked_dir(folder) for folder in dirs or ()))
    first = load_sourced(os.environ, flags, folders)
    extensions_dir = first.settings.extensions_dir
    if extensions_dir in folders or not os.path.isfile(f"{extensions_dir}/edk.yaml"):  # noqa: PTH113
        return first
    return load_sourced(os.environ, flags, (*folders, extensions_dir))


def _tuple(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(dict.fromkeys(given))


def _build_args(given: list[str]) -> tuple[tuple[str, str], ...] | None:
    arguments = []
    for text in given:
        name, equals, value = text.partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"--build-arg {text!r} has no name", "write NAME=VALUE")
        if equals or name in os.environ:
            arguments.append((name, value if equals else os.environ[name]))
    return tuple(arguments) or None


def selected_roots(options: argparse.Namespace, settings: Settings) -> tuple[Root, ...]:
    """Return the roots that a command line asks for; raise UsageError if it asks for nothing."""
    dirs = list(options.dir)
    if getattr(options, "all", False):
        dirs.append(settings.extensions_dir)
    if not dirs and not getattr(options, "image", []):
        raise UsageError("nothing was asked for", "name the extension with --dir DIR, or an image with --image NAME")
    return roots_for(dirs, places_of(settings))


def places_of(settings: Settings) -> Places:
    """Return where roots may be."""
    return Places(settings.extensions_dir, settings.repo_path, BUNDLED)


def sink_of(options: argparse.Namespace, settings: Settings, *others: EventSink) -> EventSink:
    """Return the sinks that a command line asks for: a surface, the logs of images, the log; secrets masked."""
    return logged(settings, surface_of(options, settings), LogFiles(), *others)


def logged(settings: Settings, *shown: EventSink) -> EventSink:
    """Return sinks with the log beside them, behind what masks secrets."""
    log = EventLog(settings.state_path("edk.log"), stderr=os.environ.get("EDK_LOG", "").lower() == "debug")
    return Redacted(Fanout(*shown, Aside(log)), redactor_of(settings))


def redactor_of(settings: Settings) -> Redactor:
    """Return what masks the secrets of these settings."""
    return Redactor(secrets_of(settings.build_args, settings.proxies))


class LazyHistory:
    """A `SourceHistory` that is imported when it is first used; see `LazyBuilder`."""

    @cached_property
    def _history(self) -> SourceHistory:
        from edk.adapters.git import GitHistory

        return GitHistory()

    def revision(self, folder: str) -> Revision | None:
        """See `edk.ports.SourceHistory.revision`."""
        return self._history.revision(folder)


class LazyRecording:
    """A sink that remembers builds, secrets masked; made when one begins. See `edk.orchestrator.recording`."""

    def __init__(self, cache: Cache, command: str, settings: Settings) -> None:
        self._cache = cache
        self._command = command
        self._settings = settings
        self._sink: EventSink | None = None

    def emit(self, event: ev.Event) -> None:
        """Take one event."""
        if self._sink is None and isinstance(event, ev.ImageStarted):
            from edk.orchestrator.recording import Recording

            recording = Recording(self._cache, SystemClock().now, self._command)
            self._sink = Redacted(recording, redactor_of(self._settings))
        # Of lines of logs, which are many, nothing is remembered: they are not masked once more.
        if self._sink is not None and not (isinstance(event, ev.StepMoved) and event.phase == "log"):
            self._sink.emit(event)

    def close(self) -> None:
        """Forget what has not ended."""
        if self._sink is not None:
            self._sink.close()


class Wired:
    """The services with what has to be closed behind them; a context manager.

    Args:
        settings: the settings.
        sink: takes the events.
        command: what this process is, told to others that wait for it.
    """

    def __init__(self, settings: Settings, sink: EventSink, command: str) -> None:
        from edk.adapters.registry.http import HttpRegistry

        def notice(sentence: str) -> None:
            sink.emit(ev.Noticed(sentence))

        self._store = SqliteStore(settings.state_dir, notice)
        self._sink = Fanout(sink, LazyRecording(self._store, command, settings))
        tree = FileTree(self._store)
        self.services = Services(
            settings=settings,
            open_tree=tree.fresh,
            cache=self._store,
            registry=HttpRegistry(settings.push_host, insecure=(settings.push_host, settings.registry)),
            builder=LazyBuilder(settings, self._store, notice),
            locks=FileLocks(settings.state_dir, command, notice),
            clock=SystemClock(),
            sink=self._sink,
            packager=lambda: packager_of(settings),
            platform=None,
            history=LazyHistory(),
            records=RecordFiles(settings.state_dir, settings.keep_records),
            inventory=Syft(settings.push_host),
        )

    def __enter__(self) -> Services:
        return self.services

    def __exit__(self, *_: object) -> None:
        self._store.close()
        self._sink.close()


def with_platform(services: Services) -> Services:
    """Return the services with kube-helm, if one is configured."""
    if not services.settings.kube_helm_url:
        return services
    from edk.adapters.kube_helm import KubeHelmPlatform

    platform: Platform = KubeHelmPlatform(services.settings.kube_helm_url)
    return replace(services, platform=platform)


def check_platform_options(options: argparse.Namespace, settings: Settings) -> None:
    """Return if what the command line asks of the platform can be done; raise UsageError if not."""
    asked = "--install" if options.install != "no" else "--import-images"
    if options.install == "no" and not getattr(options, "import_images", False):
        return
    if getattr(options, "no_import", False):
        raise UsageError(f"{asked} and --no-import contradict each other", "leave one of them out")
    if not settings.kube_helm_url:
        raise UsageError(f"KUBE_HELM_URL is not set, which {asked} needs", f"set it, or leave out {asked}")


def with_cluster(services: Services) -> Services:
    """Return the services with the cluster; whether it answers is known once it is asked."""
    from edk.adapters.kubernetes import KubernetesCluster

    return replace(services, cluster=KubernetesCluster())


def packager_of(settings: Settings) -> tuple[ChartPackager, str]:
    """Return what makes chart archives, and its name: helm where it is present, else our own writer."""
    import shutil

    helm = shutil.which("helm")
    if helm:
        from edk.adapters.helm import HelmPackager

        return HelmPackager(helm, settings.state_path("helm")), "helm"
    from edk.adapters.archive import ArchivePackager

    return ArchivePackager(), "own writer"
