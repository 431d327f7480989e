"""Everything that the registry holds, as far as anybody can tell.

Its API lists repositories and tags. What no tag points at is known from our own record of pushes, and, where the
registry runs on this machine, from its storage. What can't be read is listed as unreadable, and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.held import Contents, Held, Push, alias_of
from edk.domain.pruning import Key
from edk.domain.reference import valid_name
from edk.domain.survey import Inventory
from edk.orchestrator.image_reading import MAX_REQUESTS, ImageReader
from edk.ports import Registry


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known before the registry is asked: pushes, and what its storage lists."""

    pushes: Mapping[Key, Push]
    stored: Mapping[Key, float]
    digests: dict[str, set[str]] = field(default_factory=dict)


def take_inventory(
    registry: Registry, images: ImageReader, pushes: Sequence[Push], stored: Mapping[Key, float] | None
) -> Inventory:
    """Return what the registry holds.

    Args:
        registry: the local registry.
        images: reads what is in it.
        pushes: those of ours that went there, as far as they are on record.
        stored: what its storage lists, see `edk.ports.OwnRegistry.stored`; None if that is not to be had.

    Raises:
        RegistryUnreachableError: it does not answer.
    """
    registry.ping()
    known = _Known({(p.repository, p.digest): p for p in pushes}, stored or {})
    listed = registry.repositories()
    names = dict.fromkeys(filter(valid_name, listed))
    # Nothing is asked under a name that no registry may give.
    refused = tuple(name for name in listed if name not in names)
    for repository, digest in (*known.pushes, *known.stored):
        known.digests.setdefault(repository, set()).add(digest)
        names.setdefault(repository)
    reader = _Reader(registry, images, known)
    with ThreadPoolExecutor(MAX_REQUESTS) as pool:
        found = list(pool.map(reader.repository, names))
    held = tuple(image for images in found if images is not None for image in images)
    unreadable = (*refused, *(name for name, images in zip(names, found, strict=True) if images is None))
    there = {image.key for image in held}
    gone = tuple(k for k in known.pushes if k not in there and k[0] not in unreadable)
    return Inventory(held, unreadable, stored is not None, gone)


class _Reader:
    """Reads repositories, in any thread."""

    def __init__(self, registry: Registry, reader: ImageReader, known: _Known) -> None:
        self._registry = registry
        self._reader = reader
        self._known = known

    def repository(self, name: str) -> tuple[Held, ...] | None:
        """Return the images of a repository; None if it can't be told what its tags point at."""
        try:
            tags = self._tagged(name)
        except (RegistryUnreachableError, DigestMismatchError):
            self._registry.ping()  # it is this repository, and not the registry
            return None
        found = {image.digest: image for image in self._images(name, tags)}
        for image in tuple(found.values()):
            parts = {part: () for part in image.contents.parts if part not in found}
            found.update((part.digest, part) for part in self._images(name, parts, listed=False))
        return tuple(found.values())

    def _tagged(self, name: str) -> dict[str, tuple[str, ...]]:
        tags: dict[str, tuple[str, ...]] = {}
        for tag in self._registry.tags(name):
            info = self._registry.head(name, tag)
            if info is not None:
                tags[info.digest] = (*tags.get(info.digest, ()), tag)
        return tags

    def _images(self, name: str, tags: Mapping[str, tuple[str, ...]], *, listed: bool = True) -> Iterator[Held]:
        digests = sorted({*tags, *(self._known.digests.get(name, ()) if listed else ())})
        for digest in digests:
            image = self._image(name, digest, tags.get(digest, ()))
            if image is not None:
                yield image

    def _image(self, name: str, digest: str, tags: tuple[str, ...]) -> Held | None:
        """Return an image, None if the registry does not hold it."""
        # An alias is made of a push of ours, and by nobody else.
        push = self._known.pushes.get((name, digest)) or self._known.pushes.get((alias_of(name)[1], digest))
        pushed = max(push.time if push else 0.0, self._known.stored.get((name, digest), 0.0))
        held = Held(name, digest, tags, push.contents if push else Contents(), pushed, push is not None)
        try:
            if not tags and self._registry.head(name, digest) is None:
                return None
            if push is None:
                read = self._reader.read(name, digest)
                held = replace(held, contents=read.contents)
                if not pushed and alias_of(name)[0]:
                    # All others without a date have a tag, and stay anyway.
                    held = replace(held, pushed=moment_of(read.description.created))
        except (RegistryUnreachableError, DigestMismatchError):
            self._registry.ping()
            return replace(held, readable=False)
        return held


def moment_of(text: str) -> float:
    """Return a time as images tell it, by RFC 3339, in seconds since the epoch; 0 if it is none."""
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def damaged(registry: Registry, images: Sequence[Held]) -> dict[Key, str]:
    """Return those images that the registry does not hold whole, with what is missing; by its word, unread."""

    def missing(image: Held) -> str:
        if registry.head(image.repository, image.digest) is None:
            return "the manifest"
        blobs = (digest for digest, _ in image.contents.blobs if digest != image.digest)
        lost = next((digest for digest in blobs if not registry.has_blob(image.repository, digest)), "")
        return f"blob {lost}" if lost else ""

    with ThreadPoolExecutor(MAX_REQUESTS) as pool:
        return {image.key: what for image, what in zip(images, pool.map(missing, images), strict=True) if what}
