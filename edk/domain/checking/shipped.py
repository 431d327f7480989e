"""Where the files of a DAG image's context come to lie, by its COPY instructions."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from edk.domain.checking.docker_facts import Copied
from edk.domain.dockerfile.globs import go_matcher, has_wildcard

DAGS = "/kaapana/tmp/dags"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A file in the image: its path there, its path in the context, and the instruction that put it there."""

    path: str
    source: str
    copied: Copied


def shipped_files(copies: Sequence[Copied], files: Collection[str], folders: Collection[str]) -> tuple[Shipped, ...]:
    """Return the files of a context in the image, a later one in place of an earlier.

    Args:
        copies: in order.
        files: of the context, relative to it.
        folders: of the context.
    """
    found: dict[str, Shipped] = {}
    made: set[str] = set()
    everything = sorted(files)
    there = {*folders, *(above for path in files for above in _above(path))}
    for copied in copies:
        for path, source in _placed(copied, everything, there, made):
            found[path] = Shipped(path, source, copied)
            made.update(_above(path))
    return tuple(found.values())


def _placed(
    copied: Copied, files: Sequence[str], folders: Collection[str], made: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield path in the image and path in the context of what one instruction copies."""
    target = posixpath.normpath(copied.destination)
    into = copied.destination.endswith(("/", "/.")) or len(copied.sources) > 1 or target in made
    for source in copied.sources:
        text = posixpath.normpath(source.lstrip("/") or ".")
        several = has_wildcard(text)
        matcher = go_matcher(text) if several else None
        for one in _matches(text, matcher, files, folders):
            if one == "." or one in folders:
                inside = "" if one == "." else f"{one}/"
                yield from ((f"{target}/{f[len(inside) :]}", f) for f in files if f.startswith(inside))
            else:
                yield (f"{target}/{posixpath.basename(one)}" if into or several else target), one


def _matches(text: str, matcher: object, files: Sequence[str], folders: Collection[str]) -> list[str]:
    if callable(matcher):
        return [path for path in (*files, *sorted(folders)) if matcher(path)]
    return [text] if text == "." or text in folders or text in set(files) else []


def _above(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) not in ("", "/"):
        yield path


def modules_of(shipped: Sequence[Shipped]) -> dict[str, Shipped]:
    """Return dotted name → file, of the Python files below the DAG folder; packages by their folders' names too."""
    found: dict[str, Shipped] = {}
    for one in shipped:
        if one.path.startswith(f"{DAGS}/") and one.path.endswith(".py"):
            name = one.path[len(DAGS) + 1 : -3].replace("/", ".")
            found[name.removesuffix(".__init__")] = one
    return found
