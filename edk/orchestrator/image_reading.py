"""Images of a registry, read once: what a digest stands for never changes, so the state remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from edk.domain.described import Description, describe, describe_index
from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.held import Contents, Held, contents_of
from edk.domain.oci import Index, MalformedManifestError, Manifest, read_manifest, read_object
from edk.domain.redaction import Redactor
from edk.ports import Cache, Registry

MAX_REQUESTS = 8
MAX_CONFIG_BYTES = 4 << 20
KIND = "image/1"
PREFERRED = "linux/amd64"


@dataclass(frozen=True, slots=True)
class ReadImage:
    """What an image is stored in, and what it tells."""

    contents: Contents
    description: Description


_DECODER = msgspec.msgpack.Decoder(ReadImage)


class ImageReader:
    """Reads images, in any thread: two requests for each that the state does not know.

    Args:
        registry: the registry.
        cache: remembers what was read.
        redactor: masks secrets in what images tell, before it is remembered.
    """

    def __init__(self, registry: Registry, cache: Cache, redactor: Redactor) -> None:
        self._registry = registry
        self._cache = cache
        self._redactor = redactor

    def read(self, repository: str, digest: str) -> ReadImage:
        """Return an image.

        Raises:
            DigestMismatchError: it is not whole, or not what its digest says.
            RegistryUnreachableError: it can't be had.
        """
        return self._known([digest]).get(digest) or self._fresh(repository, digest)

    def describe(self, held: Iterable[Held]) -> dict[str, Description]:
        """Return digest → what each image tells that can be read; raise RegistryUnreachableError."""
        wanted = {image.digest: image.repository for image in held if image.readable}
        found = self._known([*wanted])
        missing = {digest: repository for digest, repository in wanted.items() if digest not in found}
        with ThreadPoolExecutor(MAX_REQUESTS) as pool:
            fresh = pool.map(self._readable, missing.values(), missing)
            found.update((digest, image) for digest, image in zip(missing, fresh, strict=True) if image is not None)
        return {digest: image.description for digest, image in found.items()}

    def _known(self, digests: list[str]) -> dict[str, ReadImage]:
        found = {}
        for digest, stored in self._cache.readings(KIND, digests).items():
            try:
                found[digest] = _DECODER.decode(stored)
            except msgspec.MsgspecError:
                continue
        return found

    def _readable(self, repository: str, digest: str) -> ReadImage | None:
        try:
            return self._fresh(repository, digest)
        except (RegistryUnreachableError, DigestMismatchError):
            self._registry.ping()  # it is this image, and not the registry
            return None

    def _fresh(self, repository: str, digest: str) -> ReadImage:
        held = self._registry.manifest(repository, digest)
        if held is None:
            raise DigestMismatchError(f"{repository}@{digest} is not there any more")
        info, content = held
        image = self._read(repository, digest, content, info.media_type)
        self._cache.store_readings(KIND, {digest: msgspec.msgpack.encode(image)})
        return image

    def _read(self, repository: str, digest: str, content: bytes, media_type: str) -> ReadImage:
        try:
            manifest = read_manifest(content, media_type)
        except MalformedManifestError:
            # Not an image as we know them: it has a size, and that is all.
            return ReadImage(contents_of(digest, content, {}), Description())
        if isinstance(manifest, Index):
            description = describe_index(manifest)
            chosen = chosen_platform(description)
            # An index has no labels; those of its image stand for it.
            labels = self._labels(repository, chosen) if chosen and chosen != digest else {}
            return ReadImage(contents_of(digest, content, labels), description)
        raw = describe(manifest, self._config(repository, manifest))
        return ReadImage(contents_of(digest, content, dict(raw.labels)), self._redactor.masked(raw))

    def _labels(self, repository: str, digest: str) -> Mapping[str, str]:
        held = self._registry.manifest(repository, digest)
        if held is None:
            raise DigestMismatchError(f"{repository}@{digest}, which an index names, is not there")
        try:
            manifest = read_manifest(held[1], held[0].media_type)
        except MalformedManifestError:
            return {}
        if isinstance(manifest, Index):
            return {}
        return dict(describe(manifest, self._config(repository, manifest)).labels)

    def _config(self, repository: str, manifest: Manifest) -> Mapping[str, object]:
        content = b""
        for piece in self._registry.blob(repository, manifest.config.digest):
            content += piece
            if len(content) > MAX_CONFIG_BYTES:
                return {}
        try:
            return read_object(content)
        except MalformedManifestError:
            return {}


def chosen_platform(description: Description) -> str:
    """Return the digest of the image that stands for an index: the usual platform's, else the first; empty: none."""
    usual = (each.digest for each in description.platforms if each.platform == PREFERRED)
    return next(usual, description.platforms[0].digest if description.platforms else "")
