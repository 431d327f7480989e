"""Which images share what they are stored in, and how many bytes that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from edk.domain.held import Held


class Families:
    """Whose each blob is: an image's own, with its aliases and, of an index, its parts; or shared between several."""

    def __init__(self, held: Iterable[Held]) -> None:
        images = {image.digest: image for image in held}
        self._parts = {digest: image.contents.parts for digest, image in images.items() if image.contents.parts}
        count = Counter(part for parts in self._parts.values() for part in set(parts))
        self._index = {p: digest for digest, parts in self._parts.items() for p in parts if count[p] == 1}
        self._blobs = {digest: dict(image.contents.blobs) for digest, image in images.items()}
        self._sizes: dict[str, int] = {}
        self._of: dict[str, set[str]] = {}
        for digest, blobs in self._blobs.items():
            self._sizes.update(blobs)
            for blob in blobs:
                self._of.setdefault(blob, set()).add(self._index.get(digest, digest))

    @property
    def stored(self) -> int:
        """Return the bytes of all blobs, each once."""
        return sum(self._sizes.values())

    def index_of(self, digest: str) -> str:
        """Return the digest of the one index that an image is a part of; empty if there is none."""
        return self._index.get(digest, "")

    def size(self, image: Held) -> int:
        """Return the bytes of all that an image is stored in."""
        return sum(self._all(image.digest).values())

    def shared(self, image: Held) -> int:
        """Return how many bytes of an image are stored for others too."""
        return sum(size for blob, size in self._all(image.digest).items() if self.others(image, blob))

    def others(self, image: Held, blob: str) -> set[str]:
        """Return the digests of other images that are stored in a blob too."""
        return self._of.get(blob, set()) - {self._index.get(image.digest, image.digest)}

    def _all(self, digest: str) -> dict[str, int]:
        found = dict(self._blobs.get(digest, {}))
        for part in self._parts.get(digest, ()):
            found |= self._blobs.get(part, {})
        return found
