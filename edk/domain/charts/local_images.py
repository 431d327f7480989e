"""The images that stand in the local registry, as charts are going to name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.references import ReferenceEdit, RewrittenFile

if TYPE_CHECKING:
    from edk.domain.reference_mode import ReferenceMode
    from edk.domain.resolve import ResolvedPlace


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image of the local registry.

    Args:
        name: of the image.
        digest: of its manifest.
        tags: that it has, the first one being what it is asked for by where no digest is wanted.
    """

    name: str
    digest: str
    tags: tuple[str, ...]


def chart_references(images: Iterable[LocalImage], registry: str, mode: ReferenceMode) -> dict[str, str]:
    """Return name → the reference that a staged chart gets; none where they stay as written.

    Args:
        images: of the local registry.
        registry: as nodes know it.
        mode: what images are named by.
    """
    if mode == "as-written":
        return {}
    suffixes = {image.name: f"@{image.digest}" if mode == "digest" else f":{image.tags[0]}" for image in images}
    return {name: f"{registry}/{name}{suffix}" for name, suffix in suffixes.items()}


def chart_files(places: Iterable[ResolvedPlace]) -> Mapping[str, RewrittenFile]:
    """Return absolute path → what is rewritten in a Python file; images by their names.

    A chart of a v2 workflow carries its DAG itself, as a file.
    """
    files: dict[str, RewrittenFile] = {}
    for resolved in places:
        root, place = resolved.located.root, resolved.located.place
        path = f"{root.path}/{place.file}"
        names = tuple((name, name) for name, _ in resolved.targets)
        edit = ReferenceEdit(place.start, place.end, names, place.sole)
        before = files.get(path, RewrittenFile(path, (), place.content))
        files[path] = replace(before, edits=(*before.edits, edit))
    return files
