"""An archive of images, read in passes: nothing is extracted, and no more than a piece is in memory.

Members may come in any order. So the file is gone through several times: once for what is in it, then for what the
documents name. That costs little where it is a plain tar, for what is not wanted is skipped by seeking; a compressed
one is decompressed anew each time.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from edk.domain.errors import ArchiveError
from edk.domain.incoming import GZIP
from edk.domain.oci import MAX_DOCUMENT
from edk.domain.tarheaders import BLOCK, Header, Member, extended, is_header, member, read_header

PIECE = 1 << 20
MAX_MEMBERS = 10_000
_KEPT = 16 << 20
_SMALL = 64 << 10
_LINKS = 8
_MAGIC = 4
_HINT = "Take the archive from where it was made once more."


class _Readable(Protocol):
    """What a file and its decompression have in common."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int, /) -> int: ...
    def tell(self) -> int: ...


class _Reader:
    """Reads a tar from its beginning to its end; every error of the file's content becomes ours."""

    def __init__(self, stream: _Readable, size: int | None) -> None:
        self._stream = stream
        self._size = size
        self._left = 0
        self._begun = False

    def members(self) -> Iterator[Member]:
        """Yield every member; its content is had by `pieces` until the next one is asked for."""
        known: dict[str, str] = {}
        while True:
            self._skip()
            header = self._header()
            if header is None:
                return
            if header.extends:
                known = extended(header, known, self._exactly(header.size + -header.size % BLOCK)[: header.size])
                continue
            found, known = member(header, known), {}
            self._left = found.size + -found.size % BLOCK
            yield found

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield the content of the current member."""
        while size:
            piece = self._read(min(size, PIECE))
            size -= len(piece)
            self._left -= len(piece)
            yield piece

    def _header(self) -> Header | None:
        block = self._take(BLOCK)
        if not block:
            return None
        if not self._begun and not is_header(block):
            raise ArchiveError("it is no tar archive, plain or compressed by gzip", "Check that it is the right file.")
        self._begun = True
        if len(block) < BLOCK:
            raise _cut()
        return read_header(block)

    def _skip(self) -> None:
        if self._size is not None:
            self._stream.seek(self._left, os.SEEK_CUR)
            if self._left and self._stream.tell() > self._size:
                raise _cut()
            self._left = 0
        while self._left:
            self._left -= len(self._read(min(self._left, PIECE)))

    def _exactly(self, size: int) -> bytes:
        pieces = []
        while size:
            pieces.append(self._read(size))
            size -= len(pieces[-1])
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        piece = self._take(size)
        if not piece:
            raise _cut()
        return piece

    def _take(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except EOFError as error:
            raise _cut() from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ArchiveError("its compression is damaged", _HINT) from error
        except OSError as error:
            raise ArchiveError(f"it can't be read: {error.strerror}", _HINT) from error


@dataclass(frozen=True, slots=True)
class _Held:
    """A file of an archive: its size and its first bytes."""

    size: int
    start: bytes


@dataclass(slots=True)
class ArchiveContents:
    """What is in an archive.

    Args:
        path: of it.
        files: name → what is known of it.
        links: name → the name that it leads to, empty if that is outside.
        kept: the content of small files, as far as it was kept.
    """

    path: str
    files: dict[str, _Held] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)

    def file(self, name: str) -> str:
        """Return the file that a name stands for, links followed; raise ArchiveError if there is none."""
        found = name
        for _ in range(_LINKS):
            if found in self.files:
                return found
            found = self.links.get(found, "")
        raise ArchiveError(f"it does not hold {name[:200]!r}, which it says it is made of", _HINT)

    def size(self, name: str) -> int:
        """Return the size of a file."""
        return self.files[name].size

    def start(self, name: str) -> bytes:
        """Return the first bytes of a file."""
        return self.files[name].start

    def document(self, name: str) -> bytes:
        """Return the content of a file that is no larger than a manifest may be; raise ArchiveError if it is."""
        if self.files[name].size > MAX_DOCUMENT:
            raise ArchiveError(f"its {name[:200]!r} has {self.files[name].size} bytes, more than {MAX_DOCUMENT}")
        if name not in self.kept:
            self.kept.clear()
            for found, pieces in self.streams({name}):
                self.kept[found] = b"".join(pieces)
        return self.kept[name]

    def streams(self, names: Collection[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Go through the archive once, and yield some of its files with their content in pieces."""
        with _opened(self.path) as reader:
            for found in reader.members():
                if found.kind == "file" and found.name in names:
                    if self.files[found.name].size != found.size:
                        raise ArchiveError("it changes while it is read", "wait until it is written, and try again")
                    yield found.name, reader.pieces(found.size)


def survey(path: str) -> ArchiveContents:
    """Return what is in an archive.

    Raises:
        ArchiveError: it is none, or damaged, or holds what no archive of images holds.
    """
    contents = ArchiveContents(path)
    kept = 0
    with _opened(path) as reader:
        for number, found in enumerate(reader.members()):
            if number >= MAX_MEMBERS:
                raise ArchiveError(f"it has more than {MAX_MEMBERS} members")
            if found.kind == "dir":
                continue
            if found.name in contents.files or found.name in contents.links:
                raise ArchiveError(f"it holds {found.name[:200]!r} twice")
            if found.kind == "link":
                contents.links[found.name] = found.target
                continue
            small = found.size <= _SMALL and kept + found.size <= _KEPT
            content = b"".join(reader.pieces(found.size if small else min(found.size, _MAGIC)))
            contents.files[found.name] = _Held(found.size, content[:_MAGIC])
            if small:
                kept += found.size
                contents.kept[found.name] = content
    return contents


@contextmanager
def _opened(path: str) -> Iterator[_Reader]:
    with _file(path) as file:
        if file.read(2) != GZIP:
            file.seek(0)
            yield _Reader(file, os.fstat(file.fileno()).st_size)
            return
        file.seek(0)
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield _Reader(unpacked, None)


def _file(path: str) -> BinaryIO:
    """Open a regular file; a pipe would block for ever, and can't be read twice."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise ArchiveError("it is no regular file", "Save it as a file first: it is read more than once.")
        return open(path, "rb")  # noqa: PTH123
    except OSError as error:
        raise ArchiveError(f"it can't be read: {error.strerror}", "Check the path.") from error


def _cut() -> ArchiveError:
    return ArchiveError("it is cut off", _HINT)
