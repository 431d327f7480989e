"""Package the charts of a folder without building anything: with the images as the registry has them now."""

from __future__ import annotations

from dataclasses import dataclass

from edk.domain.charts.local_images import LocalImage
from edk.domain.errors import RegistryUnreachableError
from edk.domain.events import Noticed
from edk.domain.resolve import Catalog, Resolution, resolve, tags_of
from edk.domain.workspace import Workspace
from edk.orchestrator.deliver import Deliver
from edk.orchestrator.package import PackagedCharts, package
from edk.orchestrator.pipeline import names_of
from edk.orchestrator.services import Services


@dataclass(frozen=True, slots=True)
class ImagesThere:
    """What the registry has of the images that charts ask for.

    Args:
        images: that are there.
        missing: names of those that are built here and are not.
    """

    images: tuple[LocalImage, ...]
    missing: tuple[str, ...]


def images_there(services: Services, resolution: Resolution) -> ImagesThere:
    """Return which images that the extensions name the registry has; raise RegistryUnreachableError.

    An image counts by its first tag, whatever its Dockerfile says by now: nothing is built here.
    """
    version = services.settings.build_version
    found: list[LocalImage] = []
    missing: list[str] = []
    for target in resolution.wanted:
        if not target.name or target.build_ignore:
            continue
        tags = tags_of(target, resolution.references[target.key], version)
        info = services.registry.head(target.name, tags[0])
        if info is None:
            missing.append(target.name)
        else:
            found.append(LocalImage(target.name, info.digest, tags))
    return ImagesThere(tuple(found), tuple(missing))


def package_alone(services: Services, workspace: Workspace, take: Deliver | None, *, listed: bool) -> PackagedCharts:
    """Package every chart of the extensions; without a registry they are packaged as they are written.

    Args:
        services: the ports.
        workspace: what was read.
        take: as for `package`.
        listed: as for `package`; then a chart also fails if an image that it asks for is not there. Else that is only
            said: who packages a chart alone may build its images later.
    """
    charts = [located for located in workspace.charts if located.root.kind == "extension"]
    resolution = resolve(workspace, Catalog.of(workspace.targets), names_of(services.settings))
    try:
        there = images_there(services, resolution)
    except RegistryUnreachableError as error:
        services.sink.emit(Noticed(f"the charts' images are not looked at: {error.message}", error.hint))
        return package(services, charts, workspace.charts, None, (), take)
    if there.missing:
        names = ", ".join(there.missing)
        services.sink.emit(Noticed(f"not in the registry, so charts ask the platform for it: {names}", "edk build"))
    images = there.images
    return package(services, charts, workspace.charts, images, resolution.places, take, listed=listed, strict=listed)
