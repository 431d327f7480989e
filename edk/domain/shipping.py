"""Which images an archive for the platform holds, and under which names; which ones are read back.

These are the only places that say so: who adds a name that charts or operators ask for adds it here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.charts.addressing import addressed_repository
from edk.domain.reference import LocalName, RegistryAliases, split_local

if TYPE_CHECKING:
    from edk.domain.plan import BuildPlan, PlannedImage
    from edk.domain.reference_mode import ReferenceMode


@dataclass(frozen=True, slots=True)
class Shipment:
    """An image to put into an archive.

    Args:
        label: how it is called on the screen.
        repository: in the local registry.
        reference: the tag or digest that it is read by.
        names: whole references that it gets in the archive.
    """

    label: str
    repository: str
    reference: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """An image to read back.

    Args:
        label: how it is called on the screen.
        repository: in the local registry.
        tags: that it must have.
        fingerprint: that it must carry; empty if it is not known, or not ours.
        image: by which a build knows it; empty if no Dockerfile of the tree yields it.
    """

    label: str
    repository: str
    tags: tuple[str, ...]
    fingerprint: str = ""
    image: str = ""


def chosen_images(
    plan: BuildPlan, names: Collection[str] = (), *, with_bases: bool = False
) -> tuple[PlannedImage, ...]:
    """Return the images that an extension needs to run: all but those that others are only built from.

    Args:
        plan: with the standing of every image.
        names: of images that are wanted alone; none: all.
        with_bases: whether bases are wanted too.
    """
    return tuple(
        image
        for image in plan.images
        if image.action != "ignore" and _is_chosen(image, names, with_bases=with_bases)
    )


def _is_chosen(image: PlannedImage, names: Collection[str], *, with_bases: bool) -> bool:
    if image.node.role == "base":
        return with_bases or image.label in names
    return not names or image.label in names


def not_ready(images: Sequence[PlannedImage]) -> tuple[PlannedImage, ...]:
    """Return the images that do not stand in the registry as the tree has them."""
    return tuple(image for image in images if image.action != "skip")


def shipments(images: Sequence[PlannedImage], registry: str, mode: ReferenceMode = "tag") -> tuple[Shipment, ...]:
    """Return what goes into the archive: every image under each name that it is asked for by.

    Args:
        images: that stand in the registry.
        registry: host and perhaps path that the names begin with.
        mode: what shipped files name images by. By digest, a node looks for exactly such a name, and for the DAG image
            under the path that holds its digest.
    """
    return tuple(
        Shipment(image.label, image.node.target.name, image.digest, tuple(_names(image, registry, mode)))
        for image in images
    )


def _names(image: PlannedImage, registry: str, mode: ReferenceMode) -> Iterator[str]:
    name = image.node.target.name
    yield from (f"{registry}/{name}:{tag}" for tag in image.node.tags)
    if mode == "digest" and image.node.role != "base":
        yield f"{registry}/{name}@{image.digest}"
        if image.node.role == "dag":
            repository = addressed_repository(name, image.digest)
            yield from (f"{registry}/{repository}:{tag}" for tag in image.node.tags)


def subjects(plan: BuildPlan, aliases: RegistryAliases, mode: ReferenceMode = "tag") -> tuple[Subject, ...]:
    """Return every image that the tree needs and the local registry has to hold, upstream ones there included.

    Args:
        plan: what is needed.
        aliases: the names of the local registry.
        mode: what shipped files name images by: by digest, a DAG image that a chart installs also stands under the
            path that holds its digest.
    """
    # Without the registry's word on what stands below, a fingerprint may be another one.
    known = not plan.unasked
    own = [
        Subject(image.label, image.node.target.name, image.node.tags, _carried(image) if known else "", image.label)
        for image in plan.images
        if image.node.buildable
    ]
    addressed = [
        Subject(
            f"{image.label} (for charts)",
            addressed_repository(image.node.target.name, image.digest),
            image.node.tags,
            _carried(image) if known else "",
            image.label,
        )
        for image in plan.images
        if mode == "digest" and image.digest and any(reference.how == "dag" for reference in image.node.references)
    ]
    upstream = [
        Subject(n.name if n.digest else f"{n.name}:{n.tag}", n.name, (n.digest or n.tag,))
        for _, n in _upstream(plan, aliases)
    ]
    return (*own, *addressed, *upstream)


def _carried(image: PlannedImage) -> str:
    """Return the fingerprint that an image has to carry; where what it names comes first, none that is there can."""
    return image.carried or image.fingerprint


def upstream_shipments(plan: BuildPlan, aliases: RegistryAliases, registry: str) -> tuple[Shipment, ...]:
    """Return the upstream images that bases stand on and that the local registry may hold, by their tags.

    Fingerprints count their digests: where these images are missing, everything on them is built anew.

    Args:
        plan: what is needed.
        aliases: the names of the local registry.
        registry: host and perhaps path that the names begin with.
    """
    found = (name for _, name in _upstream(plan, aliases) if not name.digest)
    return tuple(Shipment(n.name, n.name, n.tag, (f"{registry}/{n.name}:{n.tag}",)) for n in found)


def _upstream(plan: BuildPlan, aliases: RegistryAliases) -> list[tuple[str, LocalName]]:
    """Return references of the local registry that Dockerfiles name and no target yields, each once."""
    refs = {base.external: None for node in plan.graph.nodes for base in node.bases if base.external}
    found = ((ref, split_local(ref, aliases)) for ref in refs)
    return [(ref, replace(local, tag=local.tag or "latest")) for ref, local in found if local is not None]
