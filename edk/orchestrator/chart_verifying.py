"""Whether every image that a packaged chart asks for is there: the last look before it goes to the platform."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edk.domain.charts.archives import read_archive
from edk.domain.charts.asked import rendered_references, written_references
from edk.domain.errors import ChartError
from edk.domain.events import ChartVerified, ImageAsked, Noticed
from edk.domain.reference import RegistryAliases, split_local
from edk.orchestrator.readings import code_stamp

if TYPE_CHECKING:
    from edk.orchestrator.services import Services
    from edk.ports import ChartPackager

KIND = "chart-asks"
PLATFORM = "registry.platform.invalid/kaapana"
"""Stands for the platform's registry where REGISTRY_URL is not set."""
_REFS = msgspec.msgpack.Decoder(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class AskedImages:
    """What a chart asks for.

    Args:
        local: references to the local registry that are there.
        missing: those that are not.
        platform: references to the platform's registry; nobody asks it.
        stale: of these, the images that are built here: a node would get the platform's.
        others: references elsewhere.
    """

    local: tuple[str, ...]
    missing: tuple[str, ...]
    platform: tuple[str, ...]
    stale: tuple[str, ...]
    others: tuple[str, ...]


def verify_chart(
    services: Services,
    packager: ChartPackager,
    chart: str,
    archive: str,
    local_names: Collection[str],
    *,
    listed: bool = False,
    strict: bool = True,
) -> None:
    """Show that every image that a chart asks for is there.

    Args:
        services: the ports.
        packager: renders the chart; one that can't has its files looked through.
        chart: its name.
        archive: path of the packaged chart.
        local_names: of the images that are built here.
        listed: whether each one is shown.
        strict: whether it is an error if one is not there; else it is only said.

    Raises:
        ChartError: one is not there, or is asked for where it was not built.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    asked = asked_images(services, packager, archive, local_names)
    for image in _each(chart, asked) if listed else ():
        services.sink.emit(image)
    problems = [f"{ref} is not in the registry" for ref in asked.missing]
    problems += [f"{ref} is the platform's, though it is built here" for ref in asked.stale]
    if problems:
        more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
        message = f"the packaged chart would not run what was built: {'; '.join(problems[:3])}{more}"
        hint = f"look at `helm template {archive}`; `edk build` makes the images that are missing"
        if strict:
            raise ChartError(message, hint)
        services.sink.emit(Noticed(f"{chart}: {message}", hint))
        return
    by = "helm" if packager.renders else "text"
    services.sink.emit(ChartVerified(chart, len(asked.local), len(asked.platform), len(asked.others), by))


def _each(chart: str, asked: AskedImages) -> Iterator[ImageAsked]:
    yield from (ImageAsked(chart, ref, "there") for ref in asked.local)
    yield from (ImageAsked(chart, ref, "missing") for ref in asked.missing)
    yield from (ImageAsked(chart, ref, "stale" if ref in asked.stale else "platform") for ref in asked.platform)
    yield from (ImageAsked(chart, ref, "elsewhere") for ref in asked.others)


def asked_images(
    services: Services, packager: ChartPackager, archive: str, local_names: Collection[str]
) -> AskedImages:
    """Return which images a packaged chart asks for, and which of them are there; see `verify_chart`."""
    settings = services.settings
    platform = settings.platform_registry or PLATFORM
    aliases = RegistryAliases((settings.push_host, settings.registry))
    local: dict[str, bool] = {}
    theirs, others = [], []
    for ref in _references(services, packager, archive, platform):
        name = split_local(ref, aliases)
        if name is not None:
            repository, reference = name.name, name.digest or name.tag or "latest"
            local[ref] = services.registry.head(repository, reference) is not None
        elif ref.startswith(f"{platform}/"):
            theirs.append(ref)
        else:
            others.append(ref)
    there = tuple(ref for ref, found in local.items() if found)
    missing = tuple(ref for ref, found in local.items() if not found)
    stale = tuple(ref for ref in theirs if _name(ref, platform) in local_names)
    return AskedImages(there, missing, tuple(theirs), stale, tuple(others))


def _name(ref: str, platform: str) -> str:
    return ref.removeprefix(f"{platform}/").partition("@")[0].partition(":")[0]


def _references(services: Services, packager: ChartPackager, archive: str, platform: str) -> Sequence[str]:
    """Return what a chart asks for; remembered by its bytes, for rendering takes longer than all else here."""
    settings = services.settings
    try:
        content = Path(archive).read_bytes()
    except OSError as error:
        raise ChartError(f"{archive} can't be read: {error.strerror}", "Package the chart anew") from error
    values = {"registry_url": platform, "kaapana_build_version": settings.build_version}
    text = repr((code_stamp(), sorted(values.items()), settings.registry, settings.push_host, packager.renders))
    key = hashlib.sha256(content + text.encode()).hexdigest()
    stored = services.cache.readings(KIND, [key]).get(key)
    if stored is not None:
        return _REFS.decode(stored)
    registries = (settings.registry, settings.push_host)
    if packager.renders:
        found = rendered_references(packager.render(archive, values), registries)
    else:
        found = written_references(read_archive(content, archive)[1], registries, settings.build_version)
    services.cache.store_readings(KIND, {key: msgspec.msgpack.encode(found)})
    return found
