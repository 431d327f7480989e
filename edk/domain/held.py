"""What a registry holds of ours: each image with what it is made of, what it refers to, and who pushed it when.

An image is known by its repository and digest. What stands in it (`Contents`) is told by its digest alone, for ever;
what points at it, and when it came, is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edk.domain.fingerprint import LABEL

REFERENCES = "io.kaapana.edk.references"
"""Label of DAG images: a JSON object, name → whole reference of each image that their operators run."""
BASE_DIGEST = "org.opencontainers.image.base.digest"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ALIAS_FOLDER = re.compile(r"edk/[0-9a-f]{16}(?![0-9a-f])")
_ALIAS = re.compile(r"edk/([0-9a-f]{16})/(.+)")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a manifest and its labels tell.

    Args:
        blobs: digest → bytes of all that it is stored in: its own, the config's, the layers'.
        fingerprint: that it carries; empty if it is none of ours.
        refers: digests of the images that it refers to.
        bases: digests of the images that it was built from.
        parts: digests of the images that it is an index of.
    """

    blobs: tuple[tuple[str, int], ...] = ()
    fingerprint: str = ""
    refers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of all its blobs."""
        return sum(size for _, size in self.blobs)


@dataclass(frozen=True, slots=True)
class Push:
    """A push of ours, read back.

    Args:
        registry: that it went to.
        repository: that it went into.
        digest: of the manifest.
        tags: that it was to get.
        time: seconds since the epoch.
        contents: of the image.
    """

    registry: str
    repository: str
    digest: str
    tags: tuple[str, ...]
    time: float
    contents: Contents


@dataclass(frozen=True, slots=True)
class Held:
    """An image that the registry holds.

    Args:
        repository: that holds it.
        digest: of the manifest.
        tags: that point at it.
        contents: of it.
        pushed: seconds since the epoch; 0: not known.
        recorded: whether we have a record of having pushed it.
        readable: whether all of the above could be read.
    """

    repository: str
    digest: str
    tags: tuple[str, ...] = ()
    contents: Contents = Contents()
    pushed: float = 0.0
    recorded: bool = False
    readable: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """Return its identity."""
        return self.repository, self.digest

    @property
    def name(self) -> str:
        """Return the name of the target that it was built from: of an alias, what stands behind the address."""
        return alias_of(self.repository)[1] or self.repository


def alias_of(repository: str) -> tuple[str, str]:
    """Return an alias' folder, such as ``edk/0123456789abcdef``, and the name behind it; both empty if it is none.

    Aliases are repositories of ours that hold the same manifest under a path that names its content, for charts that
    have to ask for something new whenever the image is new.
    """
    match = _ALIAS.fullmatch(repository)
    return (f"edk/{match[1]}", match[2]) if match else ("", "")


def uses_in(text: str) -> frozenset[str]:
    """Return the digests and the folders of aliases that a text names."""
    return frozenset((*DIGEST.findall(text), *ALIAS_FOLDER.findall(text)))


def contents_of(digest: str, manifest: bytes, labels: Mapping[str, str], bases: tuple[str, ...] = ()) -> Contents:
    """Return what a manifest and the labels of its config tell.

    Args:
        digest: of the manifest.
        manifest: its bytes.
        labels: of the config.
        bases: digests of images known to stand below it.
    """
    content = _object(manifest)
    described = [content.get("config"), *_list(content.get("layers"))]
    blobs = {digest: len(manifest)} | dict(filter(None, map(_blob, described)))
    below = dict.fromkeys((*bases, *DIGEST.findall(labels.get(BASE_DIGEST, ""))))
    return Contents(
        blobs=tuple(blobs.items()),
        fingerprint=labels.get(LABEL, ""),
        refers=tuple(dict.fromkeys(DIGEST.findall(labels.get(REFERENCES, "")))),
        bases=tuple(below),
        parts=tuple(part[0] for part in map(_blob, _list(content.get("manifests"))) if part),
    )


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _blob(descriptor: object) -> tuple[str, int] | None:
    """Return digest and size of what a manifest describes; None if that is no descriptor."""
    if not isinstance(descriptor, dict):
        return None
    digest, size = descriptor.get("digest"), descriptor.get("size")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return None
    return digest, size if isinstance(size, int) else 0
