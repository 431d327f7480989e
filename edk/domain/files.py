"""Files as values: entries of folders, and the files of a build context."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["file", "dir", "link", "other"]


class Entry(Struct, frozen=True):
    """One entry of a folder, looked at without following links.

    Args:
        name: its name alone; bytes that are no UTF-8 as surrogate escapes.
        kind: ``other`` is a FIFO, socket or device: never opened.
        size: in bytes; 0 unless a file.
        mode: permission bits (``stat.S_IMODE``).
        target: of a link; empty otherwise.
        stamp: device, inode, mtime and ctime in ns: equal stamps mean that the content was not written to
            in between, as far as the file system can tell.
    """

    name: str
    kind: Kind
    size: int
    mode: int
    target: str
    stamp: tuple[int, int, int, int]


class ContextFile(Struct, frozen=True):
    """A file, folder or link of a build context, as it is sent and as it counts for the fingerprint.

    Args:
        path: relative to the context's root, with ``/``.
        kind: ``file``, ``dir`` or ``link``.
        executable: whether any execute bit is set.
        size: in bytes.
        digest: sha256 of a file's content as hex; empty otherwise.
        target: of a link.
        mode: permission bits.
    """

    path: str
    kind: Kind
    executable: bool
    size: int
    digest: str
    target: str
    mode: int
