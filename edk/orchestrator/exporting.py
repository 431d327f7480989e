"""`edk export`: from a plan whose images stand in the registry to one archive."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Sequence

from edk.domain import archive_events as ev
from edk.domain import layout
from edk.domain.errors import BuildError, RegistryUnreachableError, SourceError
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.shipping import Shipment, chosen_images, not_ready
from edk.orchestrator.image_archive import packed, size_of, write_archive
from edk.orchestrator.progress import Progress
from edk.orchestrator.services import Services


def images_to_export(
    plan: BuildPlan,
    names: Collection[str],
    dirs: Sequence[str],
    *,
    with_bases: bool,
    references: str | None = None,
) -> tuple[PlannedImage, ...]:
    """Return the images that an archive is to hold.

    Args:
        plan: what stands in the registry, and what does not.
        names: of images that are wanted alone; none: all that the extensions need to run.
        dirs: folders that were asked for, for the command that builds what is missing.
        with_bases: whether bases are wanted too.
        references: what shipped files are asked to name images by, for that command; None: nothing was asked for.

    Raises:
        RegistryUnreachableError: it could not be asked.
        SourceError: there is none.
        BuildError: some do not stand there as the tree has them.
    """
    if plan.unasked:
        raise RegistryUnreachableError(plan.unasked[0], "`edk doctor` tells more")
    chosen = chosen_images(plan, names, with_bases=with_bases)
    if not chosen:
        hint = "--with-bases takes the bases too; `edk plan` lists the images and what is left out"
        raise SourceError("there is no image to export", hint)
    missing = not_ready(chosen)
    if missing:
        asked = [("--dir", folder) for folder in dirs] + [("--image", name) for name in names]
        asked += [("--references", references)] if references else []
        command = ["edk", "build", *(word for pair in asked for word in pair)]
        told = "; ".join(f"{image.label}: {image.reason}" for image in missing)
        hint = f"{shlex.join(command)}\nor let --build do it first"
        raise BuildError(f"the registry does not hold {len(missing)} of {len(chosen)} images as they are: {told}", hint)
    return chosen


def export(services: Services, shipments: Sequence[Shipment], path: str) -> None:
    """Write an archive of images, and tell of it.

    Args:
        services: the ports.
        shipments: what goes in; see `edk.domain.shipping`.
        path: of the archive; what was there is replaced when the new one is whole.

    Raises:
        BuildError: see `edk.orchestrator.image_archive`.
    """
    started = services.clock.monotonic()
    images = [packed(services.registry, shipment) for shipment in shipments]
    for image in images:
        size = sum(blob.size for blob in image.manifest.blobs)
        layers = len(image.manifest.layers)
        services.sink.emit(ev.ImagePacked(image.label, image.names, image.digest, layers, size))
    progress = Progress("export", size_of(images), services.clock, services.sink)
    write_archive(services.registry, images, path, progress.moved)
    held = os.stat(path).st_size  # noqa: PTH116
    seconds = services.clock.monotonic() - started
    services.sink.emit(ev.ArchiveWritten(path, len(images), len(layout.blobs(images)), held, seconds))
