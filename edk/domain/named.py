"""Which images an image names by the files that it ships, and which of them can be built before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.references import ReferenceEdit, RewrittenFile

if TYPE_CHECKING:
    from edk.domain.resolve import ResolvedPlace
    from edk.domain.workspace import Root, Target


def rewritten_files(target: Target, places: Iterable[ResolvedPlace]) -> tuple[RewrittenFile, ...]:
    """Return the files below a target's context that name images which are built here, their paths as in the context.

    Args:
        target: that ships them.
        places: where Python files name such images.
    """
    inside = f"{target.context}/" if target.context else ""
    found: dict[str, RewrittenFile] = {}
    for resolved in places:
        place = resolved.located.place
        if resolved.located.root != target.root or not place.file.startswith(inside):
            continue
        path = place.file.removeprefix(inside)
        before = found.get(path, RewrittenFile(path, (), place.content))
        edit = ReferenceEdit(place.start, place.end, resolved.targets, place.sole)
        found[path] = replace(before, edits=(*before.edits, edit))
    return tuple(found.values())


def by_folder(places: Iterable[ResolvedPlace]) -> dict[tuple[Root, str], list[ResolvedPlace]]:
    """Return the places below each folder of each root; the root itself is the empty folder.

    So that who asks for one folder after the other need not look through all places each time.
    """
    found: dict[tuple[Root, str], list[ResolvedPlace]] = {}
    for resolved in places:
        for folder in folders_above(resolved.located.place.file):
            found.setdefault((resolved.located.root, folder), []).append(resolved)
    return found


def folders_above(path: str) -> Iterator[str]:
    """Yield every folder that a file is in, the nearest first; the last one is the empty folder."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def circular_names(bases: Mapping[str, Iterable[str]], names: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return (key, key that it names) of every name that would close a circle of what has to be built first.

    Names are taken up one after the other in a fixed order: of two images that name each other, the first may.

    Args:
        bases: key of a target → keys of those that it stands on.
        names: key of a target → keys of those that it names.
    """
    edges = {key: set(below) for key, below in bases.items()}
    circular = []
    for key in sorted(names):
        for name in names[key]:
            if _reaches(name, key, edges):
                circular.append((key, name))
            else:
                edges.setdefault(key, set()).add(name)
    return circular


def without_name(files: Iterable[RewrittenFile], key: str) -> tuple[RewrittenFile, ...]:
    """Return rewritten files in which one image stays as it is written; a file without any other is left out."""
    found = []
    for file in files:
        edits = (replace(e, names=tuple(n for n in e.names if n[1] != key)) for e in file.edits)
        kept = tuple(edit for edit in edits if edit.names)
        found.extend([replace(file, edits=kept)] if kept else [])
    return tuple(found)


def _reaches(start: str, goal: str, edges: Mapping[str, set[str]]) -> bool:
    """Tell whether there is a way from one target down to another, or they are the same."""
    seen, pending = {start}, [start]
    while pending:
        key = pending.pop()
        if key == goal:
            return True
        new = edges.get(key, set()) - seen
        seen |= new
        pending.extend(new)
    return False
