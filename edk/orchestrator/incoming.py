"""The images of an archive, from its documents: which manifests and blobs each is made of, and where these are."""

from __future__ import annotations

from hashlib import sha256

from edk.domain import layout
from edk.domain.errors import ArchiveError
from edk.domain.incoming import (
    DockerEntry,
    IncomingBlob,
    IncomingImage,
    IncomingManifest,
    diff_ids,
    digest_in_name,
    docker_entries,
    layer_digest,
    made_manifest,
    name_in,
)
from edk.domain.oci import Descriptor, Index, MalformedManifestError, Manifest, read_manifest, valid_digest
from edk.orchestrator.archive_reading import ArchiveContents

_DEPTH = 3


def images_in(contents: ArchiveContents) -> tuple[IncomingImage, ...]:
    """Return the images of an archive.

    Raises:
        ArchiveError: it is no archive of images, or does not hold what it says it is made of.
    """
    if layout.INDEX in contents.files:
        return tuple(_layout_images(contents))
    if layout.DOCKER in contents.files:
        entries = docker_entries(contents.document(layout.DOCKER))
        return tuple(image for entry in entries for image in _docker_images(contents, entry))
    raise ArchiveError(
        "it holds neither index.json nor manifest.json, so it is no archive of images",
        "edk export, docker save and tools that write OCI layouts make such archives.",
    )


def _layout_images(contents: ArchiveContents) -> list[IncomingImage]:
    index = _read(contents.document(layout.INDEX), "its index.json", "")
    if not isinstance(index, Index):
        raise ArchiveError("its index.json names no images")
    return [IncomingImage(name_in(entry), _manifests(contents, entry, _DEPTH)) for entry in index.manifests]


def _manifests(contents: ArchiveContents, entry: Descriptor, depth: int) -> tuple[IncomingManifest, ...]:
    """Return the manifest that a descriptor names, behind those that it names itself."""
    member = contents.file(layout.blob_path(entry.digest))
    content = contents.document(member)
    if f"sha256:{sha256(content).hexdigest()}" != entry.digest or len(content) != entry.size:
        raise ArchiveError(f"its manifest {entry.digest} is something else than its digest says", _AGAIN)
    read = _read(content, f"its manifest {entry.digest}", entry.media_type)
    if not isinstance(read, Index):
        blobs = tuple(_blob(contents, blob) for blob in read.blobs)
        return (IncomingManifest(entry.digest, read.media_type, content, blobs),)
    if depth == 0:
        raise ArchiveError("its indexes are nested too deeply")
    below = tuple(found for child in read.manifests for found in _child(contents, child, depth))
    return (*below, IncomingManifest(entry.digest, read.media_type, content))


def _child(contents: ArchiveContents, child: Descriptor, depth: int) -> tuple[IncomingManifest, ...]:
    try:
        return _manifests(contents, child, depth - 1)
    except ArchiveError as error:
        what = child.platform or child.digest
        raise ArchiveError(
            f"of an image for several platforms, that for {what} is not whole: {error.message}",
            "Save it for one platform, or with all of them.",
        ) from error


def _blob(contents: ArchiveContents, blob: Descriptor) -> IncomingBlob:
    member = contents.file(layout.blob_path(blob.digest))
    if contents.size(member) != blob.size:
        raise ArchiveError(f"its blob {blob.digest} has {contents.size(member)} bytes instead of {blob.size}", _AGAIN)
    return IncomingBlob(blob.digest, blob.size, member)


def _docker_images(contents: ArchiveContents, entry: DockerEntry) -> list[IncomingImage]:
    """Return an image for each name that ``docker save`` gave it."""
    member = contents.file(entry.config)
    config = contents.document(member)
    told = digest_in_name(entry.config)
    if told and told != f"sha256:{sha256(config).hexdigest()}":
        raise ArchiveError(f"its {entry.config!r} is something else than its digest says", _AGAIN)
    ids = diff_ids(config)
    if len(ids) != len(entry.layers):
        raise ArchiveError(f"{entry.config!r} says {len(ids)} layers, and manifest.json {len(entry.layers)}")
    layers = [_docker_layer(contents, layer, diff_id) for layer, diff_id in zip(entry.layers, ids, strict=True)]
    manifest = made_manifest(config, member, layers)
    return [IncomingImage(name, (manifest,)) for name in entry.names or ("",)]


def _docker_layer(contents: ArchiveContents, layer: str, diff_id: str) -> tuple[IncomingBlob, str]:
    member = contents.file(layer)
    digest, kind = layer_digest(member, contents.start(member), diff_id)
    if not valid_digest(digest):
        raise ArchiveError(f"the digest of its layer {layer[:200]!r} is {digest[:100]!r}, which is none")
    return IncomingBlob(digest, contents.size(member), member), kind


def _read(content: bytes, what: str, media_type: str) -> Index | Manifest:
    try:
        return read_manifest(content, media_type)
    except MalformedManifestError as error:
        raise ArchiveError(f"{what} can't be used: {error}", _AGAIN) from error


_AGAIN = "Take the archive from where it was made once more."
