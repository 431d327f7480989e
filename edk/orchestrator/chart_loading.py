"""Load a chart's files: as helm would, but never a byte from outside its folder."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from edk.domain.charts.archives import FILE_LIMIT
from edk.domain.charts.helmignore import Rule, is_ignored, read_helmignore
from edk.domain.errors import ChartError

if TYPE_CHECKING:
    from edk.domain.files import Entry
    from edk.ports import SourceTree

FILES_LIMIT = 20_000
LINKS_LIMIT = 20


def load_chart(tree: SourceTree, folder: str) -> dict[str, bytes]:
    """Return the files of a chart that its ``.helmignore`` leaves in, by path relative to its folder.

    Raises:
        ChartError: a file can't be read or is larger than helm takes, a link leads out of the chart, or
            something is neither a file nor a folder.
    """
    try:
        ignored = read_helmignore(tree.read(f"{folder}/.helmignore", FILE_LIMIT), f"{folder}/.helmignore")
    except FileNotFoundError:
        ignored = read_helmignore(b"", f"{folder}/.helmignore")
    except (OSError, ValueError) as error:
        raise ChartError(f"{folder}/.helmignore can't be read: {error}", "Make it a small regular file") from error
    files: dict[str, bytes] = {}
    try:
        _collect(tree, folder, "", "", ignored, files, frozenset())
    except (OSError, ValueError) as error:
        raise ChartError(f"{folder}: the chart can't be read: {error}", "Correct the file named") from error
    return files


def _collect(
    tree: SourceTree,
    folder: str,
    inside: str,
    real: str,
    ignored: tuple[Rule, ...],
    files: dict[str, bytes],
    entered: frozenset[str],
) -> None:
    """Read a folder of a chart; `inside` is its path there, `real` where it is after following links."""
    if real in entered:
        raise ChartError(f"{folder}/{inside}: links lead in a circle", "Remove one of them")
    for listed in tree.list(posixpath.join(folder, real) if real else folder):
        path = posixpath.join(inside, listed.name)
        if is_ignored(ignored, path, folder=listed.kind == "dir"):
            continue
        entry, where = _follow(tree, folder, posixpath.join(real, listed.name), listed)
        if entry.kind == "dir":
            _collect(tree, folder, path, where, ignored, files, entered | {real})
        elif entry.kind == "file":
            files[path] = tree.read(posixpath.join(folder, where), FILE_LIMIT)
        else:
            raise ChartError(f"{folder}/{path}: neither a file nor a folder", "Remove it, or ignore it")
        if len(files) > FILES_LIMIT:
            raise ChartError(f"{folder}: more than {FILES_LIMIT} files", "Leave some out with .helmignore")


def _follow(tree: SourceTree, folder: str, path: str, entry: Entry) -> tuple[Entry, str]:
    """Return what a link inside a chart leads to and where that is; raise ChartError if it leads outside."""
    where = path
    for _ in range(LINKS_LIMIT):
        if entry.kind != "link":
            return entry, where
        where = posixpath.normpath(posixpath.join(posixpath.dirname(where), entry.target))
        inside = where and not where.startswith(("../", "/")) and where not in {"..", "."}
        if not inside or _through_link(tree, folder, where):
            break
        entry = tree.stat(posixpath.join(folder, where))
    message = f"{folder}/{path}: the link to {entry.target or where!r} leads out of the chart"
    raise ChartError(message, "Put the file itself into the chart")


def _through_link(tree: SourceTree, folder: str, path: str) -> bool:
    """Tell whether a folder on the way to a path is a link itself, so that the path may be elsewhere."""
    parts = path.split("/")
    return any(tree.stat(posixpath.join(folder, *parts[:i])).kind == "link" for i in range(1, len(parts)))
