"""Give an image a repository whose path holds its digest, so that a chart can ask for exactly this one.

No byte of a layer is sent: the registry mounts the blobs, which it has, and takes the same manifest once more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edk.domain.charts.addressing import addressed_repository
from edk.domain.errors import DigestMismatchError

if TYPE_CHECKING:
    from edk.ports import Registry

_AGAIN = "build it again with --force"


def address(registry: Registry, name: str, digest: str, tags: tuple[str, ...]) -> str:
    """Have an image stand in its content-addressed repository under some tags, and return that repository.

    Args:
        registry: the local registry.
        name: of the image.
        digest: of its manifest.
        tags: that it gets there; those that it has cost one request each.

    Raises:
        DigestMismatchError: the image, or a part of it, is not there.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    repository = addressed_repository(name, digest)
    there = [registry.head(repository, tag) for tag in tags]
    missing = [tag for tag, info in zip(tags, there, strict=True) if info is None or info.digest != digest]
    if missing:
        media_type, content = _copied(registry, name, digest, repository)
        for tag in missing:
            registry.put_manifest(repository, tag, media_type, content)
    return repository


def _copied(registry: Registry, name: str, digest: str, repository: str) -> tuple[str, bytes]:
    """Have a repository hold all that a manifest names, and return the manifest with its media type."""
    found = registry.manifest(name, digest)
    if found is None:
        raise DigestMismatchError(f"{name}@{digest} is not in the registry any more", _AGAIN)
    info, content = found
    manifest: dict[str, Any] = json.loads(content)
    for child in manifest.get("manifests", ()):
        media_type, inner = _copied(registry, name, child["digest"], repository)
        registry.put_manifest(repository, child["digest"], media_type, inner)
    for blob in (*([manifest["config"]] if "config" in manifest else []), *manifest.get("layers", ())):
        if not registry.has_blob(repository, blob["digest"]) and not registry.mount(repository, blob["digest"], name):
            # A registry may know no mounting: then what it has is sent through here.
            pieces = registry.blob(name, blob["digest"])
            registry.upload(repository, blob["digest"], blob["size"], pieces)
    return info.media_type, content
