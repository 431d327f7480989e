"""What is known of an image that stands in the registry: from the state, else from beside it in the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.artifacts import Document
from edk.domain.errors import UsageError
from edk.domain.provenance import MEDIA_TYPE as IN_TOTO
from edk.domain.reference import RegistryAliases, split_local, valid_digest
from edk.orchestrator.attesting import attach, attached
from edk.orchestrator.labels import moment
from edk.orchestrator.provenance import CYCLONEDX, PROVENANCE, SBOM, bill_of

if TYPE_CHECKING:
    from edk.orchestrator.services import Services
    from edk.settings import Settings

TYPES = {PROVENANCE: IN_TOTO, SBOM: CYCLONEDX}


@dataclass(frozen=True, slots=True)
class StandingImage:
    """An image in the local registry."""

    repository: str
    digest: str


def standing_image(services: Services, named: str) -> StandingImage:
    """Return the image that a command line names: NAME, NAME:TAG, NAME@DIGEST, each with the registry or without.

    Raises:
        UsageError: it is no name of an image, or the registry has no such image.
        RegistryUnreachableError: the registry does not answer.
    """
    settings = services.settings
    aliases = RegistryAliases.of(settings.registry, settings.registry_push, settings.platform_registry)
    local = split_local(named, aliases) or split_local(f"{settings.registry}/{named}", aliases)
    if local is None:
        raise UsageError(f"{named!r} is no image of the local registry", "name it as NAME, NAME:TAG or NAME@sha256:…")
    if local.digest and valid_digest(local.digest):
        return StandingImage(local.name, local.digest)
    for tag in (local.tag,) if local.tag else _usual_tags(settings):
        found = services.registry.head(local.name, tag)
        if found is not None:
            return StandingImage(local.name, found.digest)
    there = [tag for tag in services.registry.tags(local.name) if not tag.startswith("sha256-")]
    hint = f"it has the tags {', '.join(there)}" if there else "edk plan lists the images that there are"
    raise UsageError(f"the registry has no image {named}", hint)


def _usual_tags(settings: Settings) -> tuple[str, ...]:
    return tuple(dict.fromkeys((settings.build_version, "latest")))


def document_of(services: Services, image: StandingImage, kind: str) -> bytes | None:
    """Return a document about an image, from the state, else from the registry; None if there is none.

    Raises:
        RegistryUnreachableError: the state has none, and the registry does not answer.
        DigestMismatchError: the registry's storage is damaged.
    """
    kept = services.records.read(kind, image.digest) if services.records else None
    return kept if kept is not None else attached(services.registry, image.repository, image.digest, kind)


def made_bill(services: Services, image: StandingImage) -> bytes:
    """Make a bill of materials, keep it, and return it; for what is raised see `bill_of`."""
    content = bill_of(services, image.repository, image.digest)
    if services.records is not None:
        try:
            services.records.write(SBOM, image.digest, content)
        except OSError as error:
            services.sink.emit(ev.Noticed(f"the bill of materials can't be kept: {error}"))
    return content


def attach_document(services: Services, image: StandingImage, kind: str, content: bytes) -> None:
    """Put a document beside an image into the registry; for what is raised see `attach`."""
    document = Document(kind, TYPES[kind], content)
    attach(services.registry, image.repository, image.digest, document, moment(services.settings, services.clock.now()))
