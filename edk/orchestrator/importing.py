"""`edk import`: from an archive of images into a registry.

Blobs first, each once, straight from the archive into the registry; then the manifests by their digests; the tags come
last, when everything that they point at is there. So whatever goes wrong, no tag points at half an image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from edk.domain import archive_events as ev
from edk.domain.errors import ArchiveError
from edk.domain.incoming import IncomingBlob, IncomingImage, Place, places
from edk.domain.reference import RegistryAliases
from edk.orchestrator.archive_reading import ArchiveContents, survey
from edk.orchestrator.incoming import images_in
from edk.orchestrator.progress import Progress
from edk.orchestrator.services import Services

Placed = tuple[IncomingImage, Place]


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to take in.

    Args:
        path: of the archive.
        host: of the registry in references, for what is told.
        aliases: the names of the local registry.
        name: for the one image of an archive that does not name it; empty for none.
        below: path in the registry that everything is put below; empty for none.
    """

    path: str
    host: str
    aliases: RegistryAliases
    name: str = ""
    below: str = ""


@dataclass(slots=True)
class _Wanted:
    """What is not in the registry yet.

    Args:
        blobs: by digest.
        repositories: digest → those that lack it.
        holders: digest → one that has it.
        present: how many blobs are there already.
    """

    blobs: dict[str, IncomingBlob] = field(default_factory=dict)
    repositories: dict[str, list[str]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    present: int = 0


def import_archive(services: Services, request: ImportRequest) -> None:
    """Take an archive in, and tell of it.

    Raises:
        ArchiveError: it is damaged, hostile, or no archive of images; no tag was set.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    started = services.clock.monotonic()
    services.registry.ping()
    try:
        contents = survey(request.path)
        placed = places(images_in(contents), request.aliases, name=request.name, below=request.below)
        if not placed:
            raise ArchiveError("it holds no image")
        wanted = _wanted(services, placed)
        total = sum(blob.size for blob in wanted.blobs.values())
        sent = len(wanted.blobs)
        _send(services, contents, wanted, Progress("import", total, services.clock, services.sink))
    except ArchiveError as error:
        raise ArchiveError(f"{request.path} can't be taken in: {error.message}", error.hint) from error
    _finish(services, placed, request.host)
    images = len({image.digest for image, _ in placed})
    seconds = services.clock.monotonic() - started
    services.sink.emit(
        ev.ArchiveImported(request.path, request.host, images, sent, wanted.present, total, seconds)
    )


def _wanted(services: Services, placed: Sequence[Placed]) -> _Wanted:
    """Ask the registry what it lacks; a blob that another of these repositories has is mounted from there."""
    wanted = _Wanted()
    needed: dict[tuple[str, str], IncomingBlob] = {}
    for image, place in placed:
        for manifest in image.manifests:
            needed.update({(blob.digest, place.repository): blob for blob in manifest.blobs})
    lacking = []
    for (digest, repository), blob in needed.items():
        if services.registry.has_blob(repository, digest):
            wanted.holders.setdefault(digest, repository)
        else:
            lacking.append((digest, repository, blob))
    wanted.present = len(wanted.holders)
    for digest, repository, blob in lacking:
        holder = wanted.holders.get(digest)
        if holder is None or not services.registry.mount(repository, digest, holder):
            wanted.blobs[digest] = blob
            wanted.repositories.setdefault(digest, []).append(repository)
    return wanted


def _send(services: Services, contents: ArchiveContents, wanted: _Wanted, progress: Progress) -> None:
    """Send every blob that is wanted; go through the archive again for a registry that mounts nothing."""
    while wanted.repositories:
        by_member: dict[str, list[IncomingBlob]] = {}
        for digest in wanted.repositories:
            by_member.setdefault(wanted.blobs[digest].member, []).append(wanted.blobs[digest])
        for member, pieces in contents.streams(by_member):
            blob, *others = by_member[member]
            if others:
                raise ArchiveError(f"it gives {member[:200]!r} two digests")
            repository, *more = wanted.repositories.pop(blob.digest)
            services.registry.upload(repository, blob.digest, blob.size, _hashed(blob, pieces, progress))
            left = [r for r in more if not services.registry.mount(r, blob.digest, repository)]
            if left:
                wanted.repositories[blob.digest] = left


def _hashed(blob: IncomingBlob, pieces: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    """Yield a blob's content; raise ArchiveError at its end if it is not what its digest says."""
    seen = sha256()
    for piece in pieces:
        seen.update(piece)
        yield piece
        progress.moved(len(piece))
    if f"sha256:{seen.hexdigest()}" != blob.digest:
        raise ArchiveError(
            f"its {blob.member[:200]!r} is something else than its digest says",
            "Take the archive from where it was made once more.",
        )


def _finish(services: Services, placed: Sequence[Placed], host: str) -> None:
    """Put all manifests, and then all tags."""
    for image, place in placed:
        for manifest in image.manifests:
            services.registry.put_manifest(place.repository, manifest.digest, manifest.media_type, manifest.content)
    refs: dict[tuple[str, str], list[str]] = {}
    for image, place in placed:
        services.registry.retag(place.repository, image.digest, place.tag)
        refs.setdefault((place.repository, image.digest), []).append(f"{host}/{place.repository}:{place.tag}")
    for (repository, digest), names in refs.items():
        services.sink.emit(ev.ImageImported(repository, tuple(names), digest))
