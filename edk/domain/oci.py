"""Manifests of images as they stand in registries and archives: the OCI image specification, and Docker's older one.

Whatever is read here comes from outside, so every field is checked before anything is made of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

MAX_DOCUMENT = 4 << 20
"""Bytes of a manifest; registries take no larger ones."""
MAX_ENTRIES = 1000
"""Layers of an image, and images of an index; engines stop at 127 layers."""
MAX_SIZE = 1 << 50
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class MalformedManifestError(ValueError):
    """Content is no manifest; its text says why, and who asked says where it stands."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of something that it refers to.

    Args:
        media_type: its kind; may be empty in old manifests.
        digest: ``sha256:…``.
        size: in bytes.
        platform: ``os/architecture`` of an entry of an index; empty if not said.
        annotations: names and values.
    """

    media_type: str
    digest: str
    size: int
    platform: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image: its configuration and its layers, the lowest first."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Return configuration and layers, each digest once."""
        return tuple({d.digest: d for d in (self.config, *self.layers)}.values())


@dataclass(frozen=True, slots=True)
class Index:
    """Several images under one name, one for each platform."""

    media_type: str
    manifests: tuple[Descriptor, ...]


def valid_digest(text: str) -> bool:
    """Say whether a text is a digest that blobs may have here."""
    return _DIGEST.fullmatch(text) is not None


def read_manifest(content: bytes, media_type: str = "") -> Manifest | Index:
    """Read a manifest or an index of them.

    Args:
        content: its bytes.
        media_type: as the one who handed it out called it; the document's own word wins.

    Raises:
        MalformedManifestError: it is neither, or too large.
    """
    value = read_object(content)
    kind = value.get("mediaType", media_type)
    if not isinstance(kind, str):
        raise MalformedManifestError("its mediaType is no text")
    if "manifests" in value:
        return Index(kind or OCI_INDEX, _descriptors(value, "manifests"))
    if "config" in value and "layers" in value:
        return Manifest(kind or OCI_MANIFEST, _descriptor(value["config"]), _descriptors(value, "layers"))
    raise MalformedManifestError("it names neither layers nor manifests")


def read_object(content: bytes) -> dict[str, Any]:
    """Return a JSON object; raise MalformedManifestError if it is none, or larger than a manifest may be."""
    value = read_json(content)
    if not isinstance(value, dict):
        raise MalformedManifestError("it is no JSON object")
    return value


def read_json(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value; raise MalformedManifestError if it is none, or larger than a manifest may be."""
    if len(content) > MAX_DOCUMENT:
        raise MalformedManifestError(f"it has {len(content)} bytes, more than {MAX_DOCUMENT}")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedManifestError("it is no JSON") from error


def _descriptors(value: Mapping[str, Any], name: str) -> tuple[Descriptor, ...]:
    entries = value[name]
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise MalformedManifestError(f"its {name} are no list of at most {MAX_ENTRIES}")
    return tuple(_descriptor(entry) for entry in entries)


def _descriptor(value: Any) -> Descriptor:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        raise MalformedManifestError("a descriptor is no object")
    digest, size, kind = value.get("digest"), value.get("size"), value.get("mediaType", "")
    if not isinstance(digest, str) or not valid_digest(digest):
        raise MalformedManifestError(f"{str(digest)[:100]!r} is no sha256 digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise MalformedManifestError(f"the size of {digest} is {str(size)[:40]}")
    if not isinstance(kind, str):
        raise MalformedManifestError(f"the mediaType of {digest} is no text")
    return Descriptor(kind, digest, size, _platform(value.get("platform")), _texts(value.get("annotations")))


def _platform(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        return ""
    names = (value.get("os"), value.get("architecture"), value.get("variant"))
    return "/".join(name for name in names if isinstance(name, str) and name)


def _texts(value: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}
