"""Mends findings: what would be written, and writing it, whole files at once and only over what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain.checking.mending import MendedFile, edits_by_file, is_sound, mended
from edk.domain.checking.model import Finding
from edk.orchestrator.walk import follow_inside

if TYPE_CHECKING:
    from edk.ports import SourceTree

MAX_BYTES = 8 << 20
Write = Callable[[str, bytes, int], None]
"""Puts content with permission bits in place of a file, in one step; raises OSError."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it: the paths that were written, and those that were not, with the reason."""

    done: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


def plan_mends(tree: SourceTree, findings: Iterable[Finding]) -> tuple[MendedFile, ...]:
    """Return the files with their content before and after, sorted; those that changed since are left out."""
    result = []
    for (root, file), edits in edits_by_file(findings).items():
        try:
            before = tree.read(_source(tree, root.path, file), MAX_BYTES)
        except (OSError, ValueError):
            continue
        after = mended(before, edits)
        if after is not None and after != before and is_sound(file, before, after):
            result.append(MendedFile(root, file, before, after))
    return tuple(sorted(result, key=lambda one: (one.root.path, one.file)))


def write_mends(tree: SourceTree, mends: Iterable[MendedFile], write: Write) -> Written:
    """Write files that still are what they were when the difference was shown.

    Args:
        tree: looks at the file system afresh.
        mends: what to write.
        write: puts it in place.
    """
    done: list[str] = []
    left: list[tuple[str, str]] = []
    for one in mends:
        path = f"{one.root.path}/{one.file}"
        try:
            source = _source(tree, one.root.path, one.file)
            if tree.read(source, MAX_BYTES) != one.before:
                left.append((path, "it changed meanwhile"))
                continue
            write(source, one.after, tree.stat(source).mode)
        except (OSError, ValueError) as error:
            left.append((path, getattr(error, "strerror", None) or str(error)))
            continue
        done.append(path)
    return Written(tuple(done), tuple(left))


def _source(tree: SourceTree, root: str, file: str) -> str:
    """Return where a file's content lies: a link inside of the root stays one, and what it leads to is written."""
    entry = tree.stat(f"{root}/{file}")
    if entry.kind != "link":
        return f"{root}/{file}"
    followed = follow_inside(tree, root, file, entry)
    if followed is None:
        raise ValueError("it is a link that is not followed")
    return f"{root}/{followed[0]}"
