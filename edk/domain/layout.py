"""The documents of an image archive, as they are written.

An archive is an OCI image layout (``oci-layout``, ``index.json``, ``blobs/``; OCI image specification, "Image
Layout") which also holds the ``manifest.json`` of ``docker save``, so that engines older than the layout load it too.
The same images under the same names always give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edk.domain.oci import Descriptor, Manifest

LAYOUT = b'{"imageLayoutVersion": "1.0.0"}'
INDEX = "index.json"
DOCKER = "manifest.json"
CONTAINERD_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True, slots=True)
class PackedImage:
    """An image that goes into an archive.

    Args:
        label: how it is called on the screen.
        repository: that holds it.
        names: whole references that it gets where it is imported; one by digest is for containerd, which looks an image
            up by what a pod asks for, and no tag that Docker could give.
        digest: of its manifest.
        media_type: of its manifest, as the registry says.
        content: its manifest.
        manifest: the same, read.
    """

    label: str
    repository: str
    names: tuple[str, ...]
    digest: str
    media_type: str
    content: bytes
    manifest: Manifest


def blob_path(digest: str) -> str:
    """Return where a layout holds a blob."""
    return f"blobs/{digest.replace(':', '/')}"


def documents(images: Sequence[PackedImage]) -> tuple[tuple[str, bytes], ...]:
    """Return path and content of what comes before the blobs: the documents, and every manifest once."""
    manifests = {image.digest: image.content for image in images}
    return (
        ("oci-layout", LAYOUT),
        (INDEX, _json({"schemaVersion": 2, "manifests": [e for image in images for e in _entries(image)]})),
        (DOCKER, _json([_docker_entry(image) for image in images])),
        *((blob_path(digest), content) for digest, content in manifests.items()),
    )


def blobs(images: Sequence[PackedImage]) -> tuple[tuple[str, Descriptor], ...]:
    """Return every blob of the images once, with a repository that holds it, in the order of the images."""
    found: dict[str, tuple[str, Descriptor]] = {}
    for image in images:
        for blob in image.manifest.blobs:
            # A manifest may name itself a blob of another image; as a manifest it is there already.
            found.setdefault(blob.digest, (image.repository, blob))
    for image in images:
        found.pop(image.digest, None)
    return tuple(found.values())


def _entries(image: PackedImage) -> list[dict[str, Any]]:
    """Return an entry for each name; containerd takes the name from the first annotation, others from the second."""
    return [
        {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.content),
            "annotations": {CONTAINERD_NAME: name, **({} if "@" in name else {REF_NAME: name.rpartition(":")[2]})},
        }
        for name in image.names
    ]


def _docker_entry(image: PackedImage) -> dict[str, Any]:
    return {
        "Config": blob_path(image.manifest.config.digest),
        "RepoTags": [name for name in image.names if "@" not in name],
        "Layers": [blob_path(layer.digest) for layer in image.manifest.layers],
    }


def _json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps(value).encode()
