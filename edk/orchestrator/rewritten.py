"""What becomes of an operator or DAG file in the DAG image or chart that ships it: `edk show-rewritten`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from edk.domain.charts.local_images import LocalImage, chart_files, chart_references
from edk.domain.errors import SourceError
from edk.domain.plan import BuildPlan
from edk.domain.references import rewrite_references
from edk.orchestrator.readings import MAX_FILE_BYTES
from edk.orchestrator.services import Services

PENDING = "sha256:" + "0" * 64
"""Stands for the digest of an image that has to be built first."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file and its copy.

    Args:
        path: absolute.
        before: as the user has it.
        after: as it is shipped.
        refs: name of an image in it → the reference written for it.
        pending: names of images that are not built yet: their digest is shown as zeros.
    """

    path: str
    before: bytes
    after: bytes
    refs: Mapping[str, str]
    pending: tuple[str, ...]


def rewritten_file(services: Services, plan: BuildPlan, path: str) -> Rewritten:
    """Return a file as it would be shipped, with the images as the registry has them now.

    Args:
        services: the ports.
        plan: of the extension.
        path: of the file, absolute.

    Raises:
        SourceError: it is not there, or changes while it is read.
    """
    settings = services.settings
    try:
        before = services.open_tree().read(path, MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} can't be read: {error}", "name an operator or DAG file") from error
    file = chart_files(plan.graph.places).get(path)
    if file is None or settings.references == "as-written":
        return Rewritten(path, before, before, {}, ())
    if hashlib.sha256(before).hexdigest() != file.content:
        raise SourceError(f"{path} changed while it was read", "try again")
    images = [
        LocalImage(image.node.target.name, image.digest if image.action == "skip" else PENDING, image.node.tags)
        for image in plan.images
        if image.node.tags
    ]
    named = {name for edit in file.edits for name, _ in edit.names}
    known = chart_references(images, settings.registry, settings.references)
    refs = {name: ref for name, ref in known.items() if name in named}
    pending = tuple(name for name, ref in refs.items() if ref.endswith(PENDING))
    return Rewritten(path, before, rewrite_references(before, file.edits, refs), refs, pending)
