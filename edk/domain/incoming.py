"""Images that an archive brings: what its documents say, and where each belongs in the local registry.

Three kinds are read: an OCI image layout (``index.json``), what ``docker save`` of engines before 25 writes
(``manifest.json`` with uncompressed layers), and what Kaniko writes (the same with compressed layers, named by their
digest).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeGuard

from edk.domain.errors import ArchiveError
from edk.domain.layout import CONTAINERD_NAME, REF_NAME
from edk.domain.oci import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    MalformedManifestError,
    read_json,
    read_object,
)
from edk.domain.reference import InvalidReferenceError, RegistryAliases, parse_reference, split_local

MAX_IMAGES = 1000
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NAMED_BY_DIGEST = re.compile(r"(?:.*/)?(?:sha256:)?([0-9a-f]{64})(?:\.json|\.tar(?:\.\w+)?)?")


@dataclass(frozen=True, slots=True)
class IncomingBlob:
    """A blob of an archive: its digest and size, and the member that holds it."""

    digest: str
    size: int
    member: str


@dataclass(frozen=True, slots=True)
class IncomingManifest:
    """A manifest or an index, with the blobs that have to be there before it."""

    digest: str
    media_type: str
    content: bytes
    blobs: tuple[IncomingBlob, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingImage:
    """An image of an archive.

    Args:
        name: whole reference that the archive gives it; empty if none.
        manifests: those of the platforms first, the one that the name stands for last.
    """

    name: str
    manifests: tuple[IncomingManifest, ...]

    @property
    def digest(self) -> str:
        """Return the digest that its tag is going to point at."""
        return self.manifests[-1].digest


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image goes: its repository and tag in the registry."""

    repository: str
    tag: str


@dataclass(frozen=True, slots=True)
class DockerEntry:
    """An image as ``docker save`` describes it: members of the archive, and names."""

    config: str
    layers: tuple[str, ...]
    names: tuple[str, ...]


def name_in(descriptor: Descriptor) -> str:
    """Return the whole reference that a layout's index gives an image, empty if none."""
    name = descriptor.annotations.get(CONTAINERD_NAME) or descriptor.annotations.get(REF_NAME, "")
    return name if "/" in name or ":" in name else ""


def docker_entries(content: bytes) -> tuple[DockerEntry, ...]:
    """Read the ``manifest.json`` of ``docker save``; raise ArchiveError if it is none."""
    try:
        values = read_json(content)
    except MalformedManifestError as error:
        raise ArchiveError(f"its manifest.json can't be used: {error}") from error
    if not isinstance(values, list) or len(values) > MAX_IMAGES:
        raise ArchiveError(f"its manifest.json is no list of at most {MAX_IMAGES} images")
    return tuple(_docker_entry(value) for value in values)


def _docker_entry(value: Any) -> DockerEntry:  # noqa: ANN401 - any JSON value
    fields = value if isinstance(value, dict) else {}
    config, layers, names = fields.get("Config"), fields.get("Layers"), fields.get("RepoTags") or []
    if not isinstance(config, str) or not _are_texts(layers) or not _are_texts(names) or len(layers) > MAX_IMAGES:
        raise ArchiveError("its manifest.json does not say what an image is made of")
    return DockerEntry(config, tuple(layers), tuple(names))


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def diff_ids(config: bytes) -> tuple[str, ...]:
    """Return the digests of an image's uncompressed layers; raise ArchiveError if its config does not say them."""
    try:
        value = read_object(config).get("rootfs")
    except MalformedManifestError as error:
        raise ArchiveError(f"the configuration of an image can't be used: {error}") from error
    found = value.get("diff_ids") if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(digest, str) for digest in found):
        raise ArchiveError("the configuration of an image does not say what its layers are")
    return tuple(found)


def layer_digest(member: str, start: bytes, diff_id: str) -> tuple[str, str]:
    """Return the digest and the kind of a layer of ``docker save``.

    Args:
        member: its name in the archive.
        start: its first bytes.
        diff_id: digest of its uncompressed content, by the image's configuration.

    Raises:
        ArchiveError: it is compressed, and its name does not tell its digest.
    """
    suffix = "+gzip" if start.startswith(GZIP) else "+zstd" if start.startswith(ZSTD) else ""
    if not suffix:
        return diff_id, OCI_LAYER
    digest = digest_in_name(member)
    if not digest:
        raise ArchiveError(f"its layer {member!r} is compressed, and nothing says what its digest is")
    return digest, OCI_LAYER + suffix


def digest_in_name(member: str) -> str:
    """Return the digest that a member is named by, empty if its name is another one."""
    named = _NAMED_BY_DIGEST.fullmatch(member)
    return f"sha256:{named[1]}" if named else ""


def made_manifest(
    config: bytes, config_member: str, layers: Sequence[tuple[IncomingBlob, str]]
) -> IncomingManifest:
    """Return the manifest of an image that came without one.

    Args:
        config: the content of its configuration.
        config_member: the member that holds it.
        layers: each with its media type, the lowest first.
    """
    blob = IncomingBlob("sha256:" + sha256(config).hexdigest(), len(config), config_member)
    content = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": blob.digest, "size": blob.size},
            "layers": [{"mediaType": kind, "digest": layer.digest, "size": layer.size} for layer, kind in layers],
        }
    ).encode()
    digest = "sha256:" + sha256(content).hexdigest()
    return IncomingManifest(digest, OCI_MANIFEST, content, (blob, *(layer for layer, _ in layers)))


def places(
    images: Sequence[IncomingImage], aliases: RegistryAliases, *, name: str = "", below: str = ""
) -> tuple[tuple[IncomingImage, Place], ...]:
    """Return every image with where it goes, each image and place once.

    A name below the local registry, under whichever alias, keeps its path; of any other its last part counts.

    Args:
        images: of the archive.
        aliases: the names of the local registry.
        name: for the one image that the archive does not name.
        below: path in the registry that repositories are put below; empty for none.

    Raises:
        ArchiveError: an image has no name, or no valid one, or two images go to the same place.
    """
    unnamed = [image for image in images if not image.name]
    if unnamed and not (name and len({image.digest for image in images}) == 1):
        raise ArchiveError(
            f"{len(unnamed)} of its {len(images)} images have no name",
            "--name NAME:TAG names the image of an archive that holds just one",
        )
    found: dict[Place, IncomingImage] = {}
    # A manifest is known by its digest as soon as it is there: such a name is no place of its own.
    for image in (image for image in images if name or "@" not in image.name):
        place = _place(name or image.name, aliases, below)
        if found.setdefault(place, image).digest != image.digest:
            raise ArchiveError(f"two of its images would be {place.repository}:{place.tag}: {image.name!r} is one")
    return tuple((image, place) for place, image in found.items())


def _place(name: str, aliases: RegistryAliases, below: str) -> Place:
    local = split_local(name, aliases)
    if local is not None:
        repository, tag = local.name, local.tag
    else:
        try:
            ref = parse_reference(name)
        except InvalidReferenceError as error:
            raise ArchiveError(f"it names an image {name[:200]!r}: {error.problem}") from error
        repository, tag = ref.name, ref.tag
    return Place(f"{below}/{repository}" if below else repository, tag or "latest")
