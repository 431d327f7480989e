"""Headers of tar archives that come from anywhere: what a member is, checked before anybody relies on it.

The standard library reads the block; what may follow it (POSIX and GNU extensions) is read here, for the library
believes every size that it finds, and takes into memory whatever one says.
"""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass
from typing import Literal

from edk.domain.errors import ArchiveError

BLOCK = 512
MAX_EXTENSION = 1 << 20
MAX_NAME = 4096
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_PAX = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE})
_LONG = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})
_HINT = "Take the archive from where it was made once more."


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive.

    Args:
        name: normalised, relative, with ``/``.
        kind: ``file``, ``dir`` or ``link``; nothing else is let in.
        size: in bytes; 0 unless a file.
        target: of a link, as a normalised name within the archive; empty otherwise, and where it leads out of it.
    """

    name: str
    kind: Literal["file", "dir", "link"]
    size: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A block as it stands, before extensions: `extends` says that its content is one, for the header that follows."""

    name: str
    type: bytes
    size: int
    target: str

    @property
    def extends(self) -> bool:
        """Return whether its content belongs to another header."""
        return self.type in _PAX or self.type in _LONG or self.type == tarfile.XGLTYPE


def read_header(block: bytes) -> Header | None:
    """Read one block; None at the archive's end; raise ArchiveError if it is no header."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        if is_header(block):
            return None
        raise ArchiveError("a header in it is damaged", _HINT) from error
    header = Header(info.name, info.type, info.size, info.linkname)
    if header.size < 0 or (header.extends and header.size > MAX_EXTENSION):
        raise ArchiveError(f"a header in it says that {_shown(header.name)} has {header.size} bytes", _HINT)
    return header


def is_header(block: bytes) -> bool:
    """Say whether a block is a header or the archive's end, rather than anything else."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return not block.strip(b"\0")
    return True


def extended(header: Header, known: dict[str, str], content: bytes) -> dict[str, str]:
    """Return what is known for the next member once the content of a header that extends it is read."""
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {**known, "path": _text(content.split(b"\0", 1)[0])}
    if header.type == tarfile.GNUTYPE_LONGLINK:
        return {**known, "linkpath": _text(content.split(b"\0", 1)[0])}
    records = _records(content)
    if header.type == tarfile.XGLTYPE:
        if records.keys() & {"path", "linkpath", "size"}:
            raise ArchiveError("it gives all its members one name or size", _HINT)
        return known
    return {**known, **records}


def member(header: Header, known: dict[str, str]) -> Member:
    """Return the member that a header and its extensions describe.

    Raises:
        ArchiveError: its name leads out of the archive, or it is a device, a pipe or a file with holes.
    """
    raw = known.get("path", header.name)
    name = _inside(raw)
    if not name and header.type != tarfile.DIRTYPE:
        raise ArchiveError(f"a member of it is called {_shown(raw)}, which leads out of it", _HINT)
    if header.type == tarfile.DIRTYPE or (header.type in _FILES and raw.endswith("/")):
        return Member(name, "dir")
    # Sizes of folders and links are of no content that follows.
    if header.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        target = known.get("linkpath", header.target)
        beside = posixpath.dirname(name) if header.type == tarfile.SYMTYPE else ""
        return Member(name, "link", target=_inside(posixpath.join(beside, target)))
    if header.type in _FILES and not any(key.startswith("GNU.sparse") for key in known):
        return Member(name, "file", _size(header, known))
    raise ArchiveError(f"its member {_shown(raw)} is no plain file, folder or link", _HINT)


def _size(header: Header, known: dict[str, str]) -> int:
    text = known.get("size", "")
    if not text:
        return header.size
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ArchiveError(f"a header in it says that a member has {_shown(text)} bytes", _HINT)
    return int(text)


def _records(content: bytes) -> dict[str, str]:
    """Return the records of a POSIX extension, each ``length key=value`` and a line break."""
    found: dict[str, str] = {}
    rest = content
    while rest.strip(b"\0"):
        length, space, _ = rest[:20].partition(b" ")
        count = int(length) if length.isdigit() else 0
        record = rest[len(length) + 1 : count]
        key, equals, value = record.partition(b"=")
        if not space or not equals or count > len(rest) or not value.endswith(b"\n"):
            raise ArchiveError("an extended header in it is damaged", _HINT)
        found[_text(key)] = _text(value[:-1])
        rest = rest[count:]
    return found


def _inside(raw: str) -> str:
    """Return a name without ``.`` and double slashes; empty if it leads out of the archive, or can be no name."""
    if raw.startswith("/") or "\0" in raw or len(raw) > MAX_NAME:
        return ""
    name = posixpath.normpath(raw) if raw else ""
    return "" if name in ("", ".", "..") or name.startswith("../") else name


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _shown(text: str) -> str:
    return repr(text[:100])
