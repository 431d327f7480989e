"""Marks: what changes whenever something in a folder, or at a path, does.

A mark is made of what the system tells without opening a file. Of a regular file all that its content is known by
counts (device, inode, size, mtime and ctime in ns), of a link its target, of a folder its mode alone: what is in it has
a mark of its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Not imported in the process beside a plan, which has no libraries.
    from edk.domain.files import Entry

_SIZE = 16
_ERROR = b"error "


def mark_of_entries(entries: Iterable[Entry]) -> tuple[bytes, int]:
    """Return the mark of a folder's entries, and the last time in ns that a file among them was written to."""
    lines, latest = [], 0
    for entry in entries:
        line, written = _line_of(entry)
        lines.append(line)
        latest = max(latest, written)
    return _mark(lines), latest


def mark_of_folder(folder: str) -> bytes:
    """Return the mark of a folder as it is now, without making entries; see `mark_of_entries`."""
    lines = []
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with os.scandir(descriptor) as found:
                for item in found:
                    try:
                        status = item.stat(follow_symlinks=False)
                        mode = status.st_mode
                        kind = mode & 0o170000
                        if kind == stat.S_IFREG:
                            lines.append(
                                f"{item.name}/f{mode & 0o7777}/{status.st_size}/{status.st_dev}/{status.st_ino}"
                                f"/{status.st_mtime_ns}/{status.st_ctime_ns}"
                            )
                        elif kind == stat.S_IFDIR:
                            lines.append(f"{item.name}/d{mode & 0o7777}")
                        elif kind == stat.S_IFLNK:
                            target = os.readlink(item.name, dir_fd=descriptor)
                            lines.append(f"{item.name}/l{mode & 0o7777}/{target}")
                        else:
                            lines.append(f"{item.name}/o{mode & 0o7777}")
                    except FileNotFoundError:
                        continue  # deleted a moment ago
        finally:
            os.close(descriptor)
    except OSError as error:
        return mark_of_error(error)
    return _mark(lines)


def mark_of_entry(entry: Entry) -> tuple[bytes, int]:
    """Return the mark of what is at one path, and when it was written to, replaced or moved, in ns."""
    return _mark([_line_of(entry)[0]]), max(entry.stamp[2:])


def mark_of_error(error: OSError) -> bytes:
    """Return the mark of what can't be looked at."""
    return b"%s%d" % (_ERROR, error.errno or 0)


def is_error(mark: bytes) -> bool:
    """Tell whether a mark is of what could not be looked at."""
    return mark.startswith(_ERROR) and len(mark) < _SIZE


def _line_of(entry: Entry) -> tuple[str, int]:
    kind = entry.kind
    if kind == "file":
        device, inode, mtime, ctime = entry.stamp
        line = f"{entry.name}/f{entry.mode}/{entry.size}/{device}/{inode}/{mtime}/{ctime}"
        return line, max(mtime, ctime)
    if kind == "link":
        return f"{entry.name}/l{entry.mode}/{entry.target}", 0
    return f"{entry.name}/{kind[0]}{entry.mode}", 0


def _mark(lines: list[str]) -> bytes:
    # Names hold no slash, and neither names nor targets a null byte.
    lines.sort()
    return blake2b("\0".join(lines).encode("utf-8", "surrogateescape"), digest_size=_SIZE).digest()
