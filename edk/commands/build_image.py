"""`edk build-image`: one Dockerfile alone, with the flags of the original's ``build_image.sh``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace

from edk.commands.build import build
from edk.commands.wiring import Wired, places_of, settings_of, sink_of, with_platform
from edk.domain import events as ev
from edk.domain.errors import EXIT_DONE, UsageError
from edk.domain.reference import valid_name, valid_tag
from edk.domain.shipping import Shipment
from edk.domain.workspace import Root
from edk.orchestrator.build import BuildOptions
from edk.orchestrator.image_archive import packed, write_archive
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.roots import checked_dir, roots_for
from edk.orchestrator.services import Services
from edk.orchestrator.single import SingleDockerfile


def run(options: argparse.Namespace) -> int:
    """Build one Dockerfile, and write or import its archive if asked; return the exit code."""
    context = checked_dir(options.dir)
    settings = settings_of(options, [context])
    single = SingleDockerfile(
        Root(context, "extension", 0),
        _dockerfile(options.dockerfile, context),
        _checked(options.image_name, "--image-name", valid_name),
        _checked(options.image_version, "--image-version", valid_tag),
    )
    force = options.force or options.no_cache or options.pull
    roots = roots_for([context], places_of(settings))
    request = PlanRequest(roots, "images", force=force, single=single)
    with Wired(settings, sink_of(options, settings), "edk build-image") as services:
        code = build(services, request, BuildOptions(options.no_cache, options.pull), charts=False)
        if code == EXIT_DONE and (options.tar or options.import_):
            _export(services, request, upload=options.import_)
    return code


def _dockerfile(given: str | None, context: str) -> str:
    path = os.path.abspath(given) if given else f"{context}/Dockerfile"  # noqa: PTH100
    if not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(f"Dockerfile {path!r} does not exist", "name it with --dockerfile FILE")
    return os.path.realpath(path)


def _checked(value: str | None, option: str, valid: Callable[[str], bool]) -> str:
    if value is None:
        return ""
    if not valid(value):
        raise UsageError(f"{option} {value!r} is not allowed", "lower-case letters, digits, '.', '_' and '-'")
    return value


def _export(services: Services, request: PlanRequest, *, upload: bool) -> None:
    """Write the archive where the platform looks for it, and have it imported."""
    settings = services.settings
    plan = steady_plan(services, replace(request, force=False))
    # What it stands on comes before it, so the one that was asked for is the last.
    target, tags = plan.images[-1].node.target, plan.images[-1].node.tags
    archive = f"{settings.volume_path}/{target.name.replace('/', '_')}.tar"
    ref = f"{settings.platform_registry or settings.registry}/{target.name}:{tags[0]}"
    shipment = Shipment(target.name, target.name, tags[0], (ref,))
    write_archive(services.registry, [packed(services.registry, shipment)], archive)
    services.sink.emit(ev.Noticed(f"{archive} holds {ref}"))
    if not upload:
        return
    platform = with_platform(services).platform
    if platform is None:
        raise UsageError("KUBE_HELM_URL is not set, so nothing can be imported", "set it, or leave out --import")
    answer = platform.import_image(os.path.basename(archive))  # noqa: PTH119
    services.sink.emit(ev.Noticed(f"{archive} was imported: {answer}"))
