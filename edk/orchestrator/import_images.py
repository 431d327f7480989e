"""Send images into containerd the original way: an archive in VOLUME_PATH, that kube-helm is told to import.

Which images containerd has is known by two things: what the nodes tell, where the cluster can be asked, and what was
imported from here before. A node tells 50 images only, so that one that is missing in a full list may be there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.errors import BuildError, ClusterUnreachableError, PlatformUnreachableError
from edk.domain.run import GOOD, RunState, TargetRun
from edk.domain.shipping import Shipment
from edk.orchestrator.image_archive import packed, write_archive

if TYPE_CHECKING:
    from edk.domain.cluster import NodeImage
    from edk.domain.plan import BuildPlan
    from edk.orchestrator.services import Services
    from edk.ports import Platform

_MEMORY = "platform-image"
MOST_TOLD = 50
"""So many images a kubelet tells of its node."""


@dataclass(frozen=True, slots=True)
class Import:
    """An image to be imported.

    Args:
        image: its name on the screen.
        repository: in the local registry.
        tag: of it.
        digest: of it.
        ref: under which the platform asks for it.
        built: whether it was built in this run.
    """

    image: str
    repository: str
    tag: str
    digest: str
    ref: str
    built: bool

    @property
    def archive(self) -> str:
        """Return the name of its archive; kube-helm hands it to a shell, and so it holds nothing but plain letters."""
        return f"{self.repository.replace('/', '_')}_{self.tag}.tar"


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of importing.

    Args:
        failed: how many images were not taken.
        away: whether the platform did not answer.
    """

    failed: int = 0
    away: bool = False


def imports_of(plan: BuildPlan, state: RunState, registry: str) -> tuple[Import, ...]:
    """Return what the platform may be asked for: every tag of the images that stand, without bases.

    Args:
        plan: what was planned.
        state: where every image stands.
        registry: the one that the platform's references name.
    """
    found = []
    for image in plan.images:
        run: TargetRun = state.targets[image.key]
        target = image.node.target
        if run.phase in GOOD and not target.local_only and image.node.role != "base":
            built = run.phase == "done"
            found += [
                Import(image.label, target.name, tag, run.digest, f"{registry}/{target.name}:{tag}", built)
                for tag in image.node.tags
            ]
    return tuple(found)


def import_images(services: Services, platform: Platform, wanted: Sequence[Import]) -> Imported:
    """Import what was built, and what is missing on the platform; tell of each image how it went.

    A failure concerns its image alone; a platform that does not answer is not asked again.
    """
    told = _told(services)
    failed = 0
    for each in wanted:
        reason = "" if each.built else _there(services, each, told)
        if reason:
            services.sink.emit(ev.ImageKeptOnPlatform(each.image, each.ref, each.digest, reason))
            continue
        try:
            _import(services, platform, each)
        except PlatformUnreachableError as error:
            services.sink.emit(ev.ImageImportFailed(each.image, each.ref, error.message, error.hint))
            return Imported(failed + 1, away=True)
        except BuildError as error:
            failed += 1
            services.sink.emit(ev.ImageImportFailed(each.image, each.ref, error.message, error.hint))
    return Imported(failed)


def _told(services: Services) -> tuple[NodeImage, ...] | None:
    """Return what the nodes have; None if nobody tells."""
    if services.cluster is None:
        return None
    try:
        return services.cluster.images()
    except ClusterUnreachableError:
        return None


def _there(services: Services, each: Import, told: tuple[NodeImage, ...] | None) -> str:
    """Return by what it is known that the platform has an image; empty if it is not known."""
    if told:
        nodes = {image.node for image in told}
        having = {image.node for image in told if each.digest in image.digests}
        if having == nodes:
            return "every node has it"
        full = {node for node in nodes if sum(image.node == node for image in told) >= MOST_TOLD}
        if not nodes - having <= full:
            return ""
    key = _key(services, each)
    known = services.cache.readings(_MEMORY, [key]).get(key)
    return "it was imported before" if known == each.digest.encode() else ""


def _import(services: Services, platform: Platform, each: Import) -> None:
    began = services.clock.monotonic()
    path = f"{services.settings.volume_path}/{each.archive}"
    image = packed(services.registry, Shipment(each.image, each.repository, each.tag, (each.ref,)))
    write_archive(services.registry, [image], path)
    answer = platform.import_image(each.archive)
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108
    services.cache.store_readings(_MEMORY, {_key(services, each): image.digest.encode()})
    seconds = services.clock.monotonic() - began
    services.sink.emit(ev.ImageImported(each.image, each.ref, image.digest, answer, seconds))


def _key(services: Services, each: Import) -> str:
    return hashlib.sha256(f"{services.settings.kube_helm_url}\0{each.ref}".encode()).hexdigest()
