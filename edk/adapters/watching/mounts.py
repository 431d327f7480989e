"""Which file systems don't tell of every change: remote ones, overlays and FUSE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edk.domain.watching import is_below

_UNTOLD = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "overlay", "vboxsf", "virtiofs", "ceph", "afs"})
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system.

    Args:
        point: absolute path where it is mounted.
        kind: as the kernel names it, e.g. ``nfs4``.
    """

    point: str
    kind: str

    @property
    def is_untold(self) -> bool:
        """Whether changes made elsewhere raise no event here."""
        return self.kind in _UNTOLD or self.kind == "fuse" or self.kind.startswith("fuse.")

    @property
    def is_watched(self) -> bool:
        """Whether what is changed through this mount raises events, so that it is worth watching beside polling."""
        return self.kind == "overlay"

    @property
    def reason(self) -> str:
        """Why what is on it is polled, in a few words."""
        return f"{'an' if self.kind[0] in 'aeiou' or self.kind.startswith('nfs') else 'a'} {self.kind} mount"


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Read ``/proc/self/mountinfo``; in its order, in which a later mount hides an earlier one at the same point.

    The format is that of proc(5): mount point in the fifth field, file system behind a lone dash, after any number
    of optional fields; blanks are escaped in octal.
    """
    mounts = []
    for line in text.splitlines():
        head, dash, tail = line.partition(" - ")
        fields, rest = head.split(" "), tail.split(" ")
        if dash and len(fields) >= 6:
            mounts.append(Mount(_unescape(fields[4]), rest[0]))
    return tuple(mounts)


def read_mounts() -> tuple[Mount, ...]:
    """Return what is mounted for this process; nothing where the system doesn't tell."""
    try:
        data = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return ()
    return parse_mounts(data.decode("utf-8", "surrogateescape"))


def mount_of(path: str, mounts: tuple[Mount, ...]) -> Mount | None:
    """Return the mount that a path without links lies on, None if not known."""
    found = None
    for mount in mounts:
        if is_below(path, mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def untold_below(folder: str, mounts: tuple[Mount, ...]) -> dict[str, Mount]:
    """Return the mount points below a folder, itself excepted, whose changes are not all told."""
    below = {mount.point: mount for mount in mounts if mount.point != folder and is_below(mount.point, folder)}
    return {point: mount for point, mount in below.items() if mount.is_untold}


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
