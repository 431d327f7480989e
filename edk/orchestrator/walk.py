"""One walk over a root: which of its files say what to build."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edk.domain.codes import files as codes
from edk.domain.litter import SKIPPED_FOLDERS

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.files import Entry
    from edk.ports import SourceTree

MAX_DEPTH = 64
MAX_ENTRIES = 500_000
_DOCKERFILE = re.compile(r"Dockerfile([.\-_A-Za-z0-9].*)?|.+\.Dockerfile")
# What editors and tools leave beside a Dockerfile, and the ignore files that belong to one.
_NO_DOCKERFILE = re.compile(
    r".*(\.dockerignore|~|\.(bak|orig|rej|swp|swo|tmp|md|txt|rst|lock|ya?ml|json|py|sh|tgz|gz))"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be read: its path, the path of its content (another one for a link), and its entry."""

    path: str
    source: str
    entry: Entry


@dataclass(slots=True)
class Found:
    """What a walk found; paths relative to the root, in sorted order of the walk."""

    dockerfiles: list[Candidate] = field(default_factory=list)
    operators: list[Candidate] = field(default_factory=list)
    dags: list[Candidate] = field(default_factory=list)
    python: dict[str, Candidate] = field(default_factory=dict)
    charts: list[str] = field(default_factory=list)
    containers: list[Candidate] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    entries: int = 0

    def add(self, more: Found) -> None:
        """Add what was found in one folder."""
        self.dockerfiles += more.dockerfiles
        self.operators += more.operators
        self.dags += more.dags
        self.python.update(more.python)
        self.charts += more.charts
        self.containers += more.containers
        self.diagnostics += more.diagnostics


@dataclass(slots=True)
class Seen:
    """What a walk saw in one folder: its listing, what it found in it, and the folders to go on with."""

    entries: tuple[Entry, ...]
    found: Found = field(default_factory=Found)
    below: list[str] = field(default_factory=list)


def is_dockerfile_name(name: str) -> bool:
    """Tell whether a file of this name may be a Dockerfile.

    ``Dockerfile``, ``X.Dockerfile``, ``Dockerfile.X`` and ``DockerfileX`` occur in Kaapana's trees.
    """
    return bool(_DOCKERFILE.fullmatch(name)) and not _NO_DOCKERFILE.fullmatch(name)


def is_certain_dockerfile(name: str) -> bool:
    """Tell whether a file of this name is meant as a Dockerfile, so that one which doesn't parse is an error."""
    return name == "Dockerfile" or name.startswith("Dockerfile.") or name.endswith(".Dockerfile")


def walk(
    tree: SourceTree,
    root: str,
    exclude: Collection[str],
    other_roots: Collection[str],
    known: dict[str, Seen] | None = None,
) -> Found:
    """Look at every folder below a root once.

    Args:
        tree: the file system.
        root: absolute path.
        exclude: patterns of relative paths to leave out, as in ``edk.yaml``.
        other_roots: absolute paths of folders that are left out, such as roots that have a walk of their own.
        known: what the walk before saw in each folder; a listing that is the same object is not looked through
            again. What this walk sees is put into it.

    Returns:
        What was found, with diagnostics for what could not be looked at.
    """
    found = Found()
    pending = [("", 0)]
    while pending:
        folder, depth = pending.pop()
        path = f"{root}/{folder}" if folder else root
        try:
            entries = tree.list(path)
        except OSError as error:
            found.diagnostics.append(codes.UNREADABLE.at(folder or ".", 0, f"folder not readable: {error.strerror}"))
            continue
        found.entries += len(entries)
        if found.entries > MAX_ENTRIES:
            found.diagnostics.append(
                codes.TOO_MANY.at(folder or ".", 0, f"more than {MAX_ENTRIES} files; the rest is not read")
            )
            break
        seen = None if known is None else known.get(path)
        if seen is None or seen.entries is not entries:
            seen = _look(tree, root, folder, entries, exclude, other_roots)
            # Where links lead to can change without the folder that they are in.
            if known is not None and not any(entry.kind == "link" for entry in entries):
                known[path] = seen
        found.add(seen.found)
        below = seen.below
        if depth >= MAX_DEPTH and below:
            found.diagnostics.append(codes.TOO_DEEP.at(folder, 0, f"folders below depth {MAX_DEPTH} are not read"))
            continue
        pending.extend((name, depth + 1) for name in reversed(below))
    _take_dags_of_charts(found)
    return found


def _look(
    tree: SourceTree,
    root: str,
    folder: str,
    entries: tuple[Entry, ...],
    exclude: Collection[str],
    other_roots: Collection[str],
) -> Seen:
    """Return what is in one folder."""
    seen = Seen(entries)
    for entry in entries:
        relative = f"{folder}/{entry.name}" if folder else entry.name
        if exclude and _excluded(relative, entry.name, exclude):
            continue
        if entry.kind == "dir":
            if _is_walked(entry.name) and f"{root}/{relative}" not in other_roots:
                seen.below.append(relative)
            _note_if_odd(seen.found, entry, relative)
        else:
            _take(tree, root, relative, entry, seen.found)
    return seen


def _take_dags_of_charts(found: Found) -> None:
    """Count the Python files of charts as DAG files, whatever their name.

    A workflow of the second generation ships its definition in its chart, as ``files/workflow_definition.py``.
    """
    named = {candidate.path for candidate in (*found.operators, *found.dags)}
    folders = tuple(f"{folder}/" for folder in found.charts if folder)
    if folders:
        found.dags.extend(c for path, c in found.python.items() if path.startswith(folders) and path not in named)


def _is_walked(name: str) -> bool:
    return not name.startswith(".") and name not in SKIPPED_FOLDERS


def _excluded(relative: str, name: str, patterns: Collection[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(relative, pattern.rstrip("/")) or fnmatch.fnmatchcase(name, pattern.rstrip("/"))
        for pattern in patterns
    )


def _kind_of_name(name: str) -> str:
    lower = name.lower()
    if lower.endswith(".py"):
        if "operator" in lower:
            return "operator"
        return "dag" if lower.startswith("dag_") else "python"
    if name == "Chart.yaml":
        return "chart"
    if name == "processing-container.json":
        return "container"
    return "dockerfile" if "Dockerfile" in name and is_dockerfile_name(name) else ""


def says_what_to_build(path: str) -> bool:
    """Tell whether a file at this path, relative to its root, may be one that a walk reads.

    Of charts any file may be one; ignore files belong to contexts, which are looked at by themselves.
    """
    name = path.rpartition("/")[2]
    return bool(_kind_of_name(name)) or name.endswith((".yaml", ".yml", ".tpl", ".json", ".tgz"))


def _note_if_odd(found: Found, entry: Entry, relative: str) -> None:
    """Point out a folder that is named like a file that is read."""
    if entry.name != "Dockerfile" and not entry.name.endswith(("Operator.py", ".Dockerfile")):
        return
    found.diagnostics.append(codes.NOT_REGULAR.at(relative, 0, f"{entry.name!r} is a folder"))


def _take(tree: SourceTree, root: str, relative: str, entry: Entry, found: Found) -> None:
    kind = _kind_of_name(entry.name)
    if not kind:
        return
    source = relative
    if entry.kind == "link":
        followed = follow_inside(tree, root, relative, entry)
        if followed is None:
            if kind != "python":
                message = f"link to {entry.target!r} is not followed"
                found.diagnostics.append(codes.LINK_LEFT_OUT.at(relative, 0, message))
            return
        source, entry = followed
    if entry.kind != "file":
        if kind != "python":
            message = f"{entry.name!r} is no regular file, and is not opened"
            found.diagnostics.append(codes.NOT_REGULAR.at(relative, 0, message))
        return
    candidate = Candidate(relative, source, entry)
    if kind == "chart":
        found.charts.append(posixpath.dirname(relative))
    elif kind == "container":
        found.containers.append(candidate)
    elif kind == "dockerfile":
        found.dockerfiles.append(candidate)
    else:
        found.python[relative] = candidate
        if kind != "python":
            (found.operators if kind == "operator" else found.dags).append(candidate)


def follow_inside(tree: SourceTree, root: str, relative: str, entry: Entry) -> tuple[str, Entry] | None:
    """Return path and entry of the regular file inside the root that a link leads to, None if there is none.

    A chain of links, or a way through a linked folder, may lead out of the root, and is not followed.
    """
    if entry.target.startswith("/"):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(relative), entry.target))
    parts = target.split("/")
    if parts[0] in {"..", "."}:
        return None
    try:
        for index in range(1, len(parts)):
            if tree.stat(f"{root}/{'/'.join(parts[:index])}").kind != "dir":
                return None
        there = tree.stat(f"{root}/{target}")
    except OSError:
        return None
    return (target, there) if there.kind == "file" else None
