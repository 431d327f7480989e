"""`edk export`: the images of an extension as one archive, and its charts beside it."""

from __future__ import annotations

import argparse
import os
import stat
from dataclasses import replace
from pathlib import Path

from edk.adapters.whole_files import write_whole
from edk.commands.build import build
from edk.commands.plan import request_of
from edk.commands.wiring import Wired, settings_of, sink_of
from edk.domain import errors
from edk.domain import events as ev
from edk.domain.charts.local_images import LocalImage
from edk.domain.plan import BuildPlan
from edk.domain.reference import ImageRef, InvalidReferenceError, parse_reference
from edk.domain.shipping import shipments, upstream_shipments
from edk.domain.workspace import Root
from edk.orchestrator.build import BuildOptions, announce
from edk.orchestrator.exporting import export, images_to_export
from edk.orchestrator.package import package
from edk.orchestrator.pipeline import names_of
from edk.orchestrator.services import Services
from edk.settings import Settings

_TAR_MAGIC = slice(257, 262)


def run(options: argparse.Namespace) -> int:
    """Write the archive and, if asked, the charts; return the exit code."""
    options.references = options.references or _references_of(options)
    settings = settings_of(options, options.dir)
    registry = _registry_of_names(options, settings)
    with Wired(settings, sink_of(options, settings), "edk export") as services:
        request = request_of(options, settings)
        path = _destination(options, settings, request.roots)
        if options.build:
            code = build(services, request, BuildOptions(), charts=False)
            if code != errors.EXIT_DONE:
                return code
        plan = announce(services, request)
        dirs = [*options.dir, *([settings.extensions_dir] if options.all else [])]
        chosen = images_to_export(
            plan, options.image, dirs, with_bases=options.with_bases, references=options.references
        )
        shipped = shipments(chosen, registry, settings.references)
        if options.with_bases:
            upstream = upstream_shipments(plan, names_of(settings).aliases, registry)
            shipped = (*shipped, *(s for s in upstream if services.registry.head(s.repository, s.reference)))
        export(services, shipped, path)
        failed = options.chart and not _charts(services, plan, registry, os.path.dirname(path))  # noqa: PTH120
    if failed:
        return errors.EXIT_FAILED
    return errors.EXIT_SOURCES if plan.has_errors else errors.EXIT_DONE


def _references_of(options: argparse.Namespace) -> str | None:
    """Return what DAGs and charts are to name images by: for another registry, by what the user wrote.

    A digest of the local registry leads nowhere where that registry is not.
    """
    return None if options.platform_registry is None else "as-written"


def _registry_of_names(options: argparse.Namespace, settings: Settings) -> str:
    """Return what the names in the archive begin with; raise UsageError if that is not known, or can be no name."""
    if options.platform_registry is None:
        return settings.registry
    registry = (options.platform_registry or settings.platform_registry).rstrip("/")
    if not registry:
        raise errors.UsageError(
            "the platform's registry is not known", "name it: --platform-registry HOST/PATH, or set REGISTRY_URL"
        )
    try:
        parsed = parse_reference(f"{registry}/name")
    except InvalidReferenceError as error:
        raise errors.UsageError(f"--platform-registry {registry!r}: {error.problem}", "write HOST/PATH") from error
    if parsed != ImageRef(parsed.registry, parsed.repository) or not parsed.registry:
        raise errors.UsageError(f"--platform-registry {registry!r} names no host", "write HOST/PATH")
    return registry


def _destination(options: argparse.Namespace, settings: Settings, roots: tuple[Root, ...]) -> str:
    """Return the absolute path of the archive; raise UsageError if it can't lie there."""
    given = options.output if options.output is not None else "./"
    if not given or "\0" in given:
        raise errors.UsageError("--output is empty", "name a file or a folder")
    path = os.path.abspath(given)  # noqa: PTH100
    if given.endswith("/") or os.path.isdir(path):  # noqa: PTH112
        path = os.path.join(path, _default_name(options, settings))  # noqa: PTH118
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120
    for root in roots:
        if root.kind == "extension" and real.startswith(f"{root.path.rstrip('/')}/"):
            raise errors.UsageError(
                f"{path} lies in the extension itself, where it would become a part of what is built",
                "name another place: -o FILE, or -o FOLDER/",
            )
    if not _may_be_replaced(real):
        raise errors.UsageError(f"{path} is there, and is no archive", "name another file, or remove it first")
    return real


def _default_name(options: argparse.Namespace, settings: Settings) -> str:
    """Return ``otsus-method-0.6.0-images.tar``, or ``edk-0.6.0-images.tar`` where there is more than one folder."""
    folders = [os.path.basename(os.path.realpath(folder)) for folder in options.dir]  # noqa: PTH119
    names = folders or [name.replace("/", "_") for name in options.image]
    return f"{names[0] if len(names) == 1 and names[0] else 'edk'}-{settings.build_version}-images.tar"


def _may_be_replaced(path: str) -> bool:
    """Say whether nothing is there, or an archive."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:  # noqa: PTH123
            start = file.read(512)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise errors.UsageError(f"{path} can't be read: {error.strerror}", "name another file") from error
    return not start or start[_TAR_MAGIC] == b"ustar"


def _charts(services: Services, plan: BuildPlan, registry: str, folder: str) -> bool:
    """Package the extensions' charts into a folder, naming images as the archive does; return whether all went well."""
    charts = [located for located in plan.workspace.charts if located.root.kind == "extension"]
    if not charts:
        services.sink.emit(ev.Noticed("there is no chart to package"))
        return True
    there = tuple(
        LocalImage(image.node.target.name, image.digest, image.node.tags) for image in plan.with_action("skip")
    )
    named = replace(services, settings=replace(services.settings, registry=registry), platform=None)
    done = package(named, charts, plan.workspace.charts, there, plan.graph.places)
    for archive in done.paths:
        copy = Path(folder, Path(archive).name)
        try:
            write_whole(str(copy), Path(archive).read_bytes())
        except OSError as error:
            raise errors.BuildError(f"{copy} can't be written: {error.strerror}", "free space, or allow it") from error
        services.sink.emit(ev.Noticed(f"{copy} is the chart for the platform's upload page"))
    return not done.failed
