"""Which images the operators and DAGs of a root name, remembered for all of them together.

What they name is known only once names are followed from file to file, which takes longer than all else in a
plan of which nothing changed. So the result is kept under the content of every file that had a part in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from edk.domain.diagnostics import Diagnostic
from edk.domain.operators.model import ImagePlace, OperatorImage, PythonReading
from edk.orchestrator.readings import Reader, code_stamp, decoded, pack

if TYPE_CHECKING:
    from edk.domain.workspace import Root
    from edk.orchestrator.walk import Candidate, Found
    from edk.ports import Cache, SourceTree

KIND = "images"
Files = tuple[tuple[str, str], ...]
"""Path and content digest of each, sorted."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What the files name together.

    Args:
        imported: the files that names were followed into.
        images: what operators and DAGs name.
        places: the expressions that may come to images, in those files and the imported ones.
        diagnostics: of operators and DAGs.
    """

    imported: Files
    images: tuple[OperatorImage, ...]
    places: tuple[ImagePlace, ...]
    diagnostics: tuple[Diagnostic, ...]


NOTHING = Linked((), (), (), ())


def read_operators(tree: SourceTree, cache: Cache, root: Root, found: Found) -> Linked:
    """Return the images that the operators and DAGs of a root name, where, and what is wrong in these files."""
    named = {c.path: c for c in (*found.operators, *found.dags)}
    if not named:
        return NOTHING
    linked = _remembered(tree, cache, root, found, _digests(tree, root, named.values()))
    return linked if linked is not None else _read(tree, cache, root, found, named)


def _remembered(tree: SourceTree, cache: Cache, root: Root, found: Found, files: Files) -> Linked | None:
    """Return what was found before, if all files still are what they were then."""
    key = _key(files, found)
    linked = decoded(msgspec.msgpack.Decoder(Linked), cache.readings(KIND, [key]).get(key)) if files else None
    if linked is None:
        return None
    imported = [found.python[path] for path, _ in linked.imported if path in found.python]
    return linked if _digests(tree, root, imported) == linked.imported else None


def _read(tree: SourceTree, cache: Cache, root: Root, found: Found, named: dict[str, Candidate]) -> Linked:
    # Imported here: where nothing changed, nothing is parsed or linked.
    from edk.domain.operators.linking import link_with_places, needed_imports
    from edk.domain.operators.modules import Listing
    from edk.domain.operators.reading import read_python

    reader = Reader("python", PythonReading, read_python)
    read: dict[str, tuple[str, PythonReading]] = {}
    unreadable: list[Diagnostic] = []
    wanted = named
    listing = Listing(found.python)
    while wanted:
        got, unread = reader.read_all(tree, cache, root.path, wanted.values())
        unreadable.extend(unread)
        read |= got
        needed = {n for path in got for n in needed_imports(path, got[path][1], listing)}
        wanted = {n: found.python[n] for n in sorted(needed - read.keys()) if n not in wanted}
    images, places = link_with_places({path: reading for path, (_, reading) in read.items()})
    problems = tuple(structs.replace(d, file=path) for path in named if path in read for d in read[path][1].diagnostics)
    linked = Linked(
        (),
        tuple(image for image in images if image.file in named),
        tuple(structs.replace(place, content=read[place.file][0]) for place in places),
        problems,
    )
    if not unreadable:
        files = tuple(sorted((path, digest) for path, (digest, _) in read.items()))
        imported = tuple(file for file in files if file[0] not in named)
        key = _key(tuple(file for file in files if file[0] in named), found)
        fresh: dict[str, bytes] = {}
        pack(fresh, key, replace(linked, imported=imported))
        cache.store_readings(KIND, fresh)
    return replace(linked, diagnostics=(*unreadable, *problems))


def _digests(tree: SourceTree, root: Root, candidates: Iterable[Candidate]) -> Files:
    """Return the digests of files; none at all if one can't be read."""
    try:
        return tuple(sorted((c.path, tree.digest(f"{root.path}/{c.source}", c.entry)) for c in candidates))
    except OSError:
        return ()


def _key(files: Files, found: Found) -> str:
    """Return the key for the content of these files among these paths, which decide what an import means."""
    text = repr((code_stamp(), files, sorted(found.python)))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
