"""Which files of a target's context count, looked up in the tree."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.codes import files as file_codes
from edk.domain.codes import resolving as codes
from edk.domain.dockerfile.context import ContextRules, context_rules, unmatched
from edk.domain.dockerfile.ignore import MAX_BYTES, NO_RULES, IgnoreRules, ignore_file, parse_ignore
from edk.domain.files import ContextFile, Entry
from edk.domain.litter import is_litter
from edk.domain.plan import ContextReading

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.workspace import Target
    from edk.ports import SourceTree

MAX_DEPTH = 256


def read_context(
    tree: SourceTree, target: Target, *, all_stages: bool, warn_bytes: int, whole: str = ""
) -> tuple[ContextReading, list[Diagnostic]]:
    """Return what of a target's context counts, and what is wrong with it.

    Args:
        tree: the file system.
        target: whose context it is.
        all_stages: whether stages count that the last one does not need.
        warn_bytes: a larger context is warned about.
        whole: why the whole context counts, whatever the Dockerfile says; empty if it does not.
    """
    root = f"{target.root.path}/{target.context}" if target.context else target.root.path
    try:
        name, ignore = _ignore_rules(tree, root, posixpath.basename(target.dockerfile))
    except (OSError, ValueError) as error:
        # An unreadable folder was pointed out by the walk; an ignore file is looked at here alone.
        path = f"{target.context}/.dockerignore".lstrip("/")
        problems = [file_codes.UNREADABLE.at(path, 0, str(error))] if isinstance(error, ValueError) else []
        return ContextReading(problem=f"{path}: {error}"), problems
    path = f"{target.context}/{name}".lstrip("/")
    problems = [replace(d, file=path) for d in ignore.diagnostics]
    wrong = [d for d in problems if d.severity == "error"]
    if wrong:
        return ContextReading(problem=f"{path}:{wrong[0].line}: {wrong[0].message} ({wrong[0].code})"), problems
    rules = context_rules(target.reading, ignore, all_stages, whole)
    try:
        found = _collect_all(tree, root, rules)
        if found is None:
            rules = context_rules(target.reading, ignore, all_stages, whole="a source leads through a link")
            found = _collect_all(tree, root, rules) or {}
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else root
        return ContextReading(problem=f"{_relative(where, target)}: not readable: {error.strerror}"), problems
    files = tuple(found[path] for path in sorted(found))
    total = sum(file.size for file in files)
    reading = ContextReading(files, total, rules.why_whole if rules.whole else "")
    return reading, problems + _diagnose(target, rules, reading, warn_bytes)


def rules_of(tree: SourceTree, target: Target, whole: str) -> tuple[str, ContextRules]:
    """Return the name of the ignore file in a target's context, empty if there is none, and what counts by it.

    Args:
        tree: the file system.
        target: whose context it is.
        whole: why the whole context counts, whatever the Dockerfile says; empty if it does not.

    Raises:
        OSError: as the system does.
        ValueError: the ignore file is none that can be read.
    """
    root = f"{target.root.path}/{target.context}" if target.context else target.root.path
    name, ignore = _ignore_rules(tree, root, posixpath.basename(target.dockerfile))
    return name, context_rules(target.reading, ignore, whole=whole)


def _relative(path: str, target: Target) -> str:
    return path.removeprefix(target.root.path + "/")


def _ignore_rules(tree: SourceTree, root: str, dockerfile: str) -> tuple[str, IgnoreRules]:
    """Return the name of the ignore file that applies, and its rules; none if there is none."""
    entries = {entry.name: entry for entry in tree.list(root)}
    name = ignore_file(dockerfile, entries.keys())
    if not name:
        return "", NO_RULES
    if entries[name].kind != "file":
        raise ValueError(f"{name} is no regular file; make it one, or remove it")
    return name, parse_ignore(tree.read(f"{root}/{name}", MAX_BYTES))


def _collect_all(tree: SourceTree, root: str, rules: ContextRules) -> dict[str, ContextFile] | None:
    """Return what counts by path, None if a source leads through a link: then everything has to count."""
    for prefix in rules.prefixes:
        entry = _stat(tree, f"{root}/{prefix}")
        if entry is not None and entry.kind == "link":
            return None
    found: dict[str, ContextFile] = {}
    for start in rules.roots:
        _collect(tree, root, start, rules, found)
    _take_searched(tree, root, rules, found)
    if any(file.kind == "link" and rules.follows(file.path) for file in found.values()):
        return None
    return found


def _take_searched(tree: SourceTree, root: str, rules: ContextRules, found: dict[str, ContextFile]) -> None:
    """Add the folders that wildcards match nothing in: no file would bring them into what is sent."""
    for folder in rules.searched():
        if any(path.startswith(f"{folder}/") for path in found) or rules.ignore.excludes(folder):
            continue
        entry = _stat(tree, f"{root}/{folder}")
        if entry is not None and entry.kind == "dir":
            _take(tree, root, folder, entry, found)


def _stat(tree: SourceTree, path: str) -> Entry | None:
    try:
        return tree.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _collect(tree: SourceTree, root: str, start: str, rules: ContextRules, found: dict[str, ContextFile]) -> None:
    if start:
        entry = _stat(tree, f"{root}/{start}")
        if entry is None:
            return
        if rules.wants(start, entry.kind == "dir"):
            _take(tree, root, start, entry, found, named=True)
        if entry.kind != "dir":
            return
    pending = [start]
    while pending:
        folder = pending.pop()
        for entry in tree.list(f"{root}/{folder}" if folder else root):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if rules.wants(path, entry.kind == "dir"):
                _take(tree, root, path, entry, found)
            if entry.kind == "dir" and rules.descend(path):
                if path.count("/") > MAX_DEPTH:
                    raise OSError(0, f"folders are nested deeper than {MAX_DEPTH}", f"{root}/{path}")
                pending.append(path)


def _take(
    tree: SourceTree, root: str, path: str, entry: Entry, found: dict[str, ContextFile], *, named: bool = False
) -> None:
    """Add an entry; FIFOs, sockets and devices are left out, as the docker command leaves them out, and litter.

    An editor's swap file would make a new image when a file is opened, and another one when it is closed.
    What the Dockerfile names by its own name is sent, whatever it is called.
    """
    if entry.kind == "other" or path in found or (entry.kind != "dir" and not named and is_litter(entry.name)):
        return
    digest = tree.digest(f"{root}/{path}", entry) if entry.kind == "file" else ""
    executable = entry.kind == "file" and bool(entry.mode & 0o111)
    found[path] = ContextFile(path, entry.kind, executable, entry.size, digest, entry.target, entry.mode)


def _diagnose(target: Target, rules: ContextRules, reading: ContextReading, warn_bytes: int) -> list[Diagnostic]:
    problems = []
    paths = [file.path for file in reading.files]
    for use, source in unmatched(rules, paths):
        message = f"{use.how.upper()} names {source!r}, which does not exist or is left out by .dockerignore"
        problems.append(codes.MISSING_SOURCE.at(target.dockerfile, use.line, message))
    if reading.total_bytes > warn_bytes:
        size = f"{reading.total_bytes / (1 << 20):,.0f} MiB in {len(paths)} files"
        problems.append(codes.LARGE_CONTEXT.at(target.dockerfile, 0, f"the context has {size}"))
    return problems
