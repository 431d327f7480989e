"""Which file an import means: by path, never by the name of a class."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from itertools import product

MAX_LEVELS = 40
MAX_SPELLINGS = 16


def find_module(path: str, module: str, known: Set[str]) -> str:
    """Return the path of the file that a module's name means, seen from a file.

    A folder may be written with hyphens where the module's name has underscores, since the platform installs it under
    such a name.

    Args:
        path: of the importing file, relative to a root, with ``/``.
        module: dotted name; leading dots are levels of a relative import.
        known: all files there are.

    Returns:
        A path in `known`; empty if it is not among them.
    """
    dotted = module.lstrip(".")
    level = len(module) - len(dotted)
    parts = tuple(part for part in dotted.split(".") if part)
    folders = path.split("/")[:-1]
    if level:
        if level - 1 > len(folders):
            return ""
        return _below(folders[: len(folders) - level + 1], parts, known)
    if not parts or (isinstance(known, Listing) and parts[-1] not in known.names):
        return ""
    for count in range(len(folders), max(-1, len(folders) - MAX_LEVELS), -1):
        found = _below(folders[:count], parts, known)
        if found and found != path:
            return found
    return ""


class Listing(Set[str]):
    """Paths of Python files, for which it is told at once that no module of a name is among them.

    Most imports are of what is installed: to look for each of them in every folder above takes as long as all else.

    Args:
        paths: all files there are.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self.names = frozenset(_module_name(path) for path in self._paths)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _module_name(path: str) -> str:
    """Return the last name of the module that a file is."""
    return path.removesuffix("/__init__.py").rpartition("/")[2].removesuffix(".py")


def as_set(known: Collection[str]) -> Set[str]:
    """Return a collection of paths as something that is fast to look into."""
    return known if isinstance(known, Set) else frozenset(known)


def _below(folders: list[str], parts: tuple[str, ...], known: Set[str]) -> str:
    for spelled in _spellings(parts):
        stem = "/".join((*folders, *spelled))
        candidates = (f"{stem}.py", f"{stem}/__init__.py") if spelled else (f"{stem}/__init__.py".lstrip("/"),)
        for candidate in candidates:
            if candidate in known:
                return candidate
    return ""


def _spellings(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not parts:
        yield ()
        return
    choices = [(part, part.replace("_", "-")) if "_" in part else (part,) for part in parts[:-1]]
    for count, folders in enumerate(product(*choices)):
        if count >= MAX_SPELLINGS:
            return
        yield (*folders, parts[-1])
