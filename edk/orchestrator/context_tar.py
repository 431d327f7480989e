"""A build context as a tar stream, made while it is sent, with nothing held but one piece.

What is sent is a function of what the fingerprint counts: paths, kinds, executable bits, contents, and
targets of links. Owners are 0, times are constant, modes are 0755 or 0644. Each file is hashed again while it
streams: a file that is no longer the one the plan was made for ends the stream, so no image mixes two states
of a tree.

The Dockerfile comes first, with a plain header, as BuildKit wants it. Where the context's files hold the
user's own Dockerfile (``COPY . .``), ours goes in its place, so that the image gets no file that is not the
user's; only lines that were rewritten, such as a pinned FROM, differ in it. A Dockerfile that no instruction
copies is sent as `DOCKERFILE_MEMBER`. BuildKit knows no way to leave a member of a tar out of ``COPY . .``, so
where ``.dockerignore`` names the Dockerfile of a context that is copied whole, this one file arrives all the same.
"""

from __future__ import annotations

import errno
import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.errors import ContextChangedError, SourceError
from edk.domain.requests import DOCKERFILE_MEMBER

if TYPE_CHECKING:
    from edk.domain.files import ContextFile, Entry
    from edk.ports import SourceTree

_MTIME = 946_684_800
"""2000-01-01: zip archives, and so Python wheels, know no time before 1980."""
_PIECE = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_PLAIN_NAME = 100
_KINDS = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ESTALE})
"""What the system says of a path that is no longer the regular file it was."""


def dockerfile_member(path: str, files: Iterable[ContextFile]) -> str:
    """Return the name under which a Dockerfile is sent.

    Args:
        path: of the user's Dockerfile relative to the context's root; empty if it lies outside.
        files: of the context.

    Returns:
        `path` if that is one of `files` and fits into a plain header; else a name that none of them has.
    """
    names = {file.path: file.kind for file in files}
    if names.get(path) == "file" and path.isascii() and len(path) <= _PLAIN_NAME:
        return path
    member = DOCKERFILE_MEMBER
    while member in names:
        member += "_"
    return member


class SourceContext:
    """A context that is read when it is sent; see `edk.ports.BuildContext`. It may be sent any number of times.

    Args:
        dockerfile: content of the Dockerfile as it is sent.
        files: of the context.
        root: the context's folder, absolute.
        tree: reads them.
        member: name of the Dockerfile, see `dockerfile_member`.
        rewritten: path of a small file → what makes its content as it is sent.
    """

    def __init__(
        self,
        dockerfile: bytes,
        files: Sequence[ContextFile],
        root: str,
        tree: SourceTree,
        member: str = DOCKERFILE_MEMBER,
        rewritten: Mapping[str, Callable[[bytes], bytes]] | None = None,
    ) -> None:
        self._dockerfile = dockerfile
        self._files = sorted(files, key=lambda file: file.path)
        self._root = root
        self._tree = tree
        self._member = member
        self._rewritten = rewritten or {}

    def __iter__(self) -> Iterator[bytes]:
        """Yield the tar; see `stream_context`."""
        return _joined(
            _members(self._dockerfile, self._files, self._root, self._tree, self._member, self._rewritten)
        )

    def files(self) -> tuple[ContextFile, ...]:
        """Return the files as they are sent, sorted by path."""
        return tuple(map(self._sent, self._files))

    def content(self, file: ContextFile) -> Iterator[bytes]:
        """Yield the content of one of `files` piece by piece."""
        made = self._made(file)
        if made is None:
            return _checked(file, self._root, self._tree)
        if hashlib.sha256(made).hexdigest() != file.digest:
            raise _changed(file, "changed its content")
        return iter((made,))

    def _sent(self, file: ContextFile) -> ContextFile:
        made = self._made(file)
        return file if made is None else replace(file, size=len(made), digest=hashlib.sha256(made).hexdigest())

    def _made(self, file: ContextFile) -> bytes | None:
        """Return the content that is made for a file, None for one that is sent as it is."""
        if file.kind != "file":
            return None
        if file.path == self._member:
            return self._dockerfile
        change = self._rewritten.get(file.path)
        if change is None:
            return None
        planned = next(one for one in self._files if one.path == file.path)
        return change(b"".join(_checked(planned, self._root, self._tree)))


def stream_context(
    dockerfile: bytes,
    files: Sequence[ContextFile],
    root: str,
    tree: SourceTree,
    member: str = DOCKERFILE_MEMBER,
    rewritten: Mapping[str, Callable[[bytes], bytes]] | None = None,
) -> Iterator[bytes]:
    """Yield a context as a tar, in pieces of about 1 MiB.

    Args:
        dockerfile: content of the Dockerfile as it is sent.
        files: of the context; sent sorted by path.
        root: the context's folder, absolute.
        tree: reads them.
        member: name of the Dockerfile, see `dockerfile_member`; a file of this path is checked, and not sent.
        rewritten: path of a small file → what makes its content as it is sent.

    Raises:
        ContextChangedError: a file is not, or no longer, what `files` says of it.
        SourceError: a file can't be read.
    """
    return iter(SourceContext(dockerfile, files, root, tree, member, rewritten))


def _members(
    dockerfile: bytes,
    files: Sequence[ContextFile],
    root: str,
    tree: SourceTree,
    member: str,
    rewritten: Mapping[str, Callable[[bytes], bytes]],
) -> Iterator[bytes]:
    own = next((file for file in files if file.path == member), None)
    first = tarfile.TarInfo(member)
    first.size, first.mode, first.mtime = len(dockerfile), _mode(own is not None and own.executable), _MTIME
    yield first.tobuf(tarfile.USTAR_FORMAT)
    yield dockerfile
    yield _padding(len(dockerfile))
    for file in files:
        if file is own:
            for _ in _checked(file, root, tree):
                pass
            continue
        if file.kind == "file" and file.path in rewritten:
            content = rewritten[file.path](b"".join(_checked(file, root, tree)))
            yield _header(replace(file, size=len(content)))
            yield content
            yield _padding(len(content))
            continue
        yield _header(file)
        yield from _checked(file, root, tree)
        if file.kind == "file":
            yield _padding(file.size)
    yield _END


def _header(file: ContextFile) -> bytes:
    info = tarfile.TarInfo(file.path)
    info.type = _KINDS[file.kind]
    info.size = file.size if file.kind == "file" else 0
    info.mode = _mode(file.executable or file.kind != "file")
    info.mtime = _MTIME
    info.linkname = file.target if file.kind == "link" else ""
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _mode(executable: bool) -> int:
    return 0o755 if executable else 0o644


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _checked(file: ContextFile, root: str, tree: SourceTree) -> Iterator[bytes]:
    """Yield a file's content; raise unless all of it is what `file` says."""
    path = f"{root}/{file.path}"
    try:
        _compare(file, tree.stat(path))
        if file.kind == "file":
            yield from _hashed(file, tree.chunks(path))
    except OSError as error:
        if error.errno in _GONE:
            raise _changed(file, "went away") from error
        raise SourceError(
            f"{path} can't be read: {error.strerror or error}",
            "Make it readable, or ignore it in .dockerignore.",
        ) from error


def _compare(file: ContextFile, entry: Entry) -> None:
    if entry.kind != file.kind:
        raise _changed(file, "became another kind of file")
    if file.kind == "link" and entry.target != file.target:
        raise _changed(file, "points elsewhere")
    if file.kind == "file" and bool(entry.mode & 0o111) != file.executable:
        raise _changed(file, "changed its mode")
    if file.kind == "file" and entry.size != file.size:
        raise _changed(file, "changed its size")


def _hashed(file: ContextFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            raise _changed(file, "grew")
        digest.update(chunk)
        yield chunk
    if size != file.size:
        raise _changed(file, "shrank")
    if digest.hexdigest() != file.digest:
        raise _changed(file, "changed its content")


def _changed(file: ContextFile, how: str) -> ContextChangedError:
    return ContextChangedError(f"{file.path} {how} while its context was read")


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts, so that a thousand small files are no thousand writes."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _PIECE:
            yield b"".join(waiting) if len(waiting) > 1 else part
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
