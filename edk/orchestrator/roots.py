"""Which folders are read for a request, and in which order targets are looked up in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from edk.domain.errors import UsageError
from edk.domain.workspace import Root

CLONE_MARKS = (".git", "data-processing")


@dataclass(frozen=True, slots=True)
class Places:
    """Where roots may be; see `Settings`."""

    extensions_dir: str
    repo_path: str
    bundled_dir: str


def roots_for(dirs: Sequence[str], places: Places) -> tuple[Root, ...]:
    """Return the roots, nearest first: the extensions asked for, all others, the platform, the bundled bases.

    Args:
        dirs: folders as given on the command line.
        places: where the others may be.

    Raises:
        UsageError: a folder does not exist, is none, or can't be read.
    """
    return with_others(asked_for(dirs), places)


def asked_for(dirs: Sequence[str], later: str = "") -> tuple[Root, ...]:
    """Return the roots of the folders that are asked for.

    Args:
        dirs: as given on the command line.
        later: a folder that need not be there yet; empty: none.

    Raises:
        UsageError: see `roots_for`.
    """
    waits_for = os.path.realpath(later) if later else ""
    paths = (
        waits_for if waits_for == os.path.realpath(folder) and not os.path.lexists(folder) else checked_dir(folder)
        for folder in dirs
    )
    return tuple(Root(path, "extension", 0) for path in dict.fromkeys(paths))


def with_others(asked: Sequence[Root], places: Places) -> tuple[Root, ...]:
    """Return the roots as they are at this moment, nearest first, with those that are found where they may be."""
    roots = list(asked)
    paths = [root.path for root in asked]
    extensions = _existing(places.extensions_dir)
    platform = _existing(places.repo_path)
    if extensions and not _inside(extensions, paths):
        roots.append(Root(extensions, "extensions", 1))
    cloned = bool(platform) and any(os.path.exists(f"{platform}/{mark}") for mark in CLONE_MARKS)  # noqa: PTH110
    if cloned and not _inside(platform, paths):
        roots.append(Root(platform, "platform", 2))
    if not cloned:
        roots.append(Root(places.bundled_dir, "bundled", 3))
    return tuple(roots)


def checked_dir(folder: str, option: str = "--dir") -> str:
    """Return a folder's one identity, an absolute path without links; raise UsageError naming it."""
    if not folder:
        raise UsageError(f"{option} is empty", "name the folder of the extension")
    if "\0" in folder:
        raise UsageError(f"{option} {folder!r} holds a null byte", "name the folder of the extension")
    try:
        path = os.path.realpath(folder)
    except FileNotFoundError as error:
        raise UsageError(f"{option} {folder!r} lies in a folder that is gone", "change into one that exists") from error
    if not os.path.exists(path):  # noqa: PTH110
        raise UsageError(f"{option} {folder!r} does not exist", "name the folder of the extension")
    if not os.path.isdir(path):  # noqa: PTH112
        raise UsageError(f"{option} {folder!r} is not a folder", "name the folder, not a file in it")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError(f"{option} {folder!r} can't be read", "make it readable for this user")
    if path == "/":
        raise UsageError(f"{option} {folder!r} is the whole file system", "name the folder of the extension")
    return path


def _existing(path: str) -> str:
    return os.path.realpath(path) if path and os.path.isdir(path) else ""  # noqa: PTH112


def _inside(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def extension_of(path: str) -> str:
    """Return the folder of the extension that a file belongs to, by where extensions have their parts.

    That is what ``extension/`` stands in, else what the chart that holds the file stands in, else the file's folder.

    Args:
        path: of the file, absolute.
    """
    parts = path.split("/")[:-1]
    if "extension" in parts:
        last = len(parts) - 1 - parts[::-1].index("extension")
        return "/".join(parts[:last]) or "/"
    for count in range(len(parts), 1, -1):
        folder = "/".join(parts[:count])
        if os.path.isfile(f"{folder}/Chart.yaml"):  # noqa: PTH113
            return "/".join(parts[: count - 1]) or "/"
    return "/".join(parts) or "/"
