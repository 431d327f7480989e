"""What a build writes into the files that name other images, once these are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain.fingerprint import fingerprint, sealed
from edk.domain.plan import PlannedImage, reference
from edk.domain.references import REFERENCES_LABEL, RewrittenFile, rewrite_references

if TYPE_CHECKING:
    from edk.settings import Settings


@dataclass(frozen=True, slots=True)
class Seal:
    """An image's inputs with the references that it ships.

    Args:
        fingerprint: that the image carries.
        parts: its inputs part by part.
        refs: name of an image → the reference written for it.
        keys: the same, by the targets' keys.
        files: to rewrite.
    """

    fingerprint: str
    parts: Mapping[str, str]
    refs: Mapping[str, str]
    keys: Mapping[str, str]
    files: tuple[RewrittenFile, ...]

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Return the label that says which references the image ships; none if it ships none."""
        return ((REFERENCES_LABEL, json.dumps(dict(self.refs), sort_keys=True)),) if self.refs else ()

    def rewritten(self, path: str, content: bytes) -> bytes:
        """Return a file as the image gets it."""
        file = next((file for file in self.files if file.path == path), None)
        return content if file is None else rewrite_references(content, file.edits, self.keys)


def seal(image: PlannedImage, digests: Mapping[str, str], tags: Mapping[str, str], settings: Settings) -> Seal:
    """Return the inputs of an image, now that all that it names are there.

    Args:
        image: what the plan says of it.
        digests: key of a target that it names → digest of its image.
        tags: key of such a target → its first tag.
        settings: the registry's name, and what images are named by.
    """
    named = {name: key for file in image.files for edit in file.edits for name, key in edit.names}
    by_digest = settings.references == "digest"
    refs = {
        name: reference(settings.registry, name, tags[key], digests[key] if by_digest else "")
        for name, key in sorted(named.items())
    }
    if not refs:
        return Seal(image.fingerprint, image.parts, {}, {}, ())
    parts = sealed(image.parts, refs)
    keys = {named[name]: ref for name, ref in refs.items()}
    return Seal(fingerprint(parts), parts, refs, keys, image.files)
