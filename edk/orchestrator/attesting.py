"""Puts documents beside an image into its registry, and finds them there again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edk.domain.artifacts import (
    EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    Document,
    artifact,
    content_digest,
    digest_of,
    fallback_tag,
    index_with,
    latest,
)
from edk.domain.errors import DigestMismatchError

if TYPE_CHECKING:
    from edk.ports import Registry

MAX_BYTES = 256 << 20


def attach(registry: Registry, repository: str, digest: str, document: Document, created: str) -> str:
    """Put a document beside an image, in the place of one of its kind, and return the digest of its manifest.

    Args:
        registry: that holds the image.
        repository: of the image.
        digest: of the image's manifest.
        document: what is put there.
        created: the time by RFC 3339.

    Raises:
        DigestMismatchError: the image is not there, or the registry did not keep the document.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    subject = registry.head(repository, digest)
    if subject is None:
        raise DigestMismatchError(f"{repository} does not hold {digest} any more", "Build the image again.")
    for content in (EMPTY, document.content):
        blob = digest_of(content)
        if not registry.has_blob(repository, blob):
            registry.upload(repository, blob, len(content), [content])
    manifest = artifact(subject, document, created)
    attached = registry.put_manifest(repository, digest_of(manifest), OCI_MANIFEST, manifest)
    if registry.referrers(repository, digest) is None:
        tag = fallback_tag(digest)
        found = registry.manifest(repository, tag)
        index = index_with(found[1] if found else None, document, manifest, created)
        registry.put_manifest(repository, tag, OCI_INDEX, index)
    return attached


def attached(registry: Registry, repository: str, digest: str, kind: str) -> bytes | None:
    """Return the newest document of a kind beside an image, None if there is none.

    Raises:
        DigestMismatchError: what the registry gives is not what was put there.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    index = registry.referrers(repository, digest)
    if index is None:
        found = registry.manifest(repository, fallback_tag(digest))
        index = found[1] if found else None
    chosen = latest(index, kind)
    manifest = registry.manifest(repository, chosen) if chosen else None
    blob = content_digest(manifest[1]) if manifest else ""
    if not blob:
        return None
    pieces: list[bytes] = []
    size = 0
    for piece in registry.blob(repository, blob):
        size += len(piece)
        if size > MAX_BYTES:
            raise DigestMismatchError(f"{repository}: the {kind} of {digest} has more than {MAX_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)
