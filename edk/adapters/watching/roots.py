"""Roots: whether the folder at a root's path is still the one that is watched."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from edk.adapters.watching.mounts import Mount, mount_of, untold_below

Identity = tuple[int, int]


@dataclass(slots=True)
class Root:
    """A root and what stood at its path when last looked at.

    Args:
        path: absolute.
        identity: device and inode of the folder; None while there is none.
    """

    path: str
    identity: Identity | None = None


def identity_of(path: str) -> Identity | None:
    """Return device and inode of the folder at a path, links followed; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a path may hold bytes that are no text
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def untold_folders(root: str, mounts: tuple[Mount, ...]) -> dict[str, Mount]:
    """Return the folders of a root, perhaps itself, whose file system doesn't tell of every change."""
    real = os.path.realpath(root)
    own = mount_of(real, mounts)
    below = {root + point[len(real.rstrip("/")) :]: mount for point, mount in untold_below(real, mounts).items()}
    return {**below, root: own} if own is not None and own.is_untold else below
