"""Contexts as folders, for a builder that compares folders and takes the difference.

Each target has a folder that is kept between builds and holds exactly what its image may use, rewritten files in the
place of the user's, with the modes and owners that the tar of the same context has: so both builders make the same
image. Only what changed is written, and each file is read through the context, which compares it with what the plan
saw. The user's folders are read and nothing more.

BuildKit takes a file for unchanged if size, mode and modification time are (fsutil's ``sameFile``). A file that was
changed and set back to its old time would be missed, and an image made from what is no longer there. So the times
here are no times: the part below a second is made from the content. Layers hold whole seconds, the same for all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edk.domain.files import ContextFile
from edk.ports import BuildContext

DOCKERFILE = "Dockerfile"
LIMIT = 20 << 30
"""Bytes that staged contexts may take; those that were not used for longest go first."""
_SECOND = 946_684_800
"""2000-01-01, as in the tar: zip archives, and so Python wheels, know no time before 1980."""
_DAYS = 14
_NOTHING_IGNORED = b"# The context holds only what is wanted; nothing more is left out.\n"

_Look = tuple[str, bool, str]
"""Kind, whether it is executable, and digest or target: what is compared."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A context that lies ready.

    Args:
        context: folder with its files.
        dockerfile: folder with the Dockerfile, by the name of `DOCKERFILE`.
        key: of the target, the same each time; letters and digits.
    """

    context: str
    dockerfile: str
    key: str


class ContextError(Exception):
    """What the context raised; carried through what raises the same where our own folder can't be written."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Staging:
    """The folders of all targets; two builds of one target must not use it at once.

    Args:
        folder: where they are kept; made when it is needed.
        limit: bytes that they may take together.
    """

    def __init__(self, folder: str, limit: int = LIMIT) -> None:
        self._folder = Path(folder)
        self._limit = limit
        self._trimmed = False

    def stage(self, target: str, dockerfile: bytes, context: BuildContext, check: Callable[[], None]) -> Staged:
        """Have a context lie ready.

        Args:
            target: what tells it from all others.
            dockerfile: content as it is sent.
            context: its files.
            check: called often; raises to stop.

        Raises:
            ContextError: `context` raised something; what is there is brought in order the next time.
            OSError: the folder can't be written.
            EdkError: what `check` raises.
        """
        key = hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        place = self._folder / key
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._trimmed:
            self._trimmed = True
            self._trim(key)
        folder = _Folder(place / "context", place / "index")
        folder.bring(context, check)
        _write_dockerfile(place / "dockerfile", dockerfile)
        return Staged(str(place / "context"), str(place / "dockerfile"), key)

    def _trim(self, used: str) -> None:
        """Remove what was not used for long, and of the rest the oldest where it is too much."""
        found = []
        for place in self._folder.iterdir():
            with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
                at = (place / "index").stat().st_mtime
                found.append((at, _read_index(place / "index").size, place))
        total = sum(size for _, size, _ in found)
        oldest = time.time() - _DAYS * 86_400
        for at, size, place in sorted(found):
            if place.name != used and (at < oldest or total > self._limit):
                shutil.rmtree(place, ignore_errors=True)
                total -= size


class _Index(msgspec.Struct):
    """What lies in a folder: path → look; paths as bytes, for names may be no UTF-8."""

    size: int
    files: dict[bytes, tuple[str, bool, bytes]]


class _Folder:
    """One context's folder, and the record of what lies in it."""

    def __init__(self, top: Path, index: Path) -> None:
        self._top = os.fsencode(top)
        self._index = index

    def bring(self, context: BuildContext, check: Callable[[], None]) -> None:
        """Make the folder what `context` is."""
        try:
            wanted = {os.fsencode(file.path): file for file in context.files()}
        except Exception as error:  # whatever it is: it is the caller's own
            raise ContextError(error) from error
        check()
        there = self._known()
        stale = [path for path, look in there.items() if path not in wanted or look != _look_of(wanted[path])]
        missing = [path for path in wanted if there.get(path) != _look_of(wanted[path])]
        if stale or missing:
            # Gone while the folder is changed: who is interrupted begins anew.
            self._index.unlink(missing_ok=True)
            for path in sorted(stale, reverse=True):
                self._remove(path, wanted)
            for path in sorted(missing):
                check()
                self._put(path, wanted[path], context, check)
            self._date({os.path.dirname(path) for path in (*stale, *missing)})  # noqa: PTH120
            size = sum(file.size for file in wanted.values() if file.kind == "file")
            content = msgspec.msgpack.encode(_Index(size, {path: _look_of(file) for path, file in wanted.items()}))
            self._index.write_bytes(content)
        else:
            os.utime(self._index)

    def _known(self) -> dict[bytes, tuple[str, bool, bytes]]:
        """Return what lies there; an empty folder is made where that is not known."""
        try:
            return _read_index(self._index).files
        except (OSError, msgspec.MsgspecError):
            shutil.rmtree(self._top, ignore_errors=True)
            self._make_folder(b"")
            self._index.write_bytes(msgspec.msgpack.encode(_Index(0, {})))
            return {}

    def _remove(self, path: bytes, wanted: Mapping[bytes, ContextFile]) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        if os.path.isdir(full) and not os.path.islink(full):  # noqa: PTH112, PTH114
            if path not in wanted or wanted[path].kind != "dir":
                shutil.rmtree(full)
            return
        os.unlink(full)  # noqa: PTH108
        # Folders that were only made on the way to it go as well.
        while (path := os.path.dirname(path)) and path not in wanted:  # noqa: PTH120
            try:
                os.rmdir(os.path.join(self._top, path))  # noqa: PTH106, PTH118
            except OSError:
                return

    def _put(self, path: bytes, file: ContextFile, context: BuildContext, check: Callable[[], None]) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        self._make_folder(os.path.dirname(path))  # noqa: PTH120
        if file.kind == "link":
            os.symlink(os.fsencode(file.target), full)  # noqa: PTH211
        elif file.kind == "dir":
            self._make_folder(path)
        else:
            with open(full, "wb") as out:  # noqa: PTH123
                for piece in _pieces(context, file):
                    check()
                    out.write(piece)
            _finish(full, file.digest, executable=file.executable)

    def _make_folder(self, path: bytes) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        if not os.path.isdir(full):  # noqa: PTH112
            if path:
                self._make_folder(os.path.dirname(path))  # noqa: PTH120
            os.mkdir(full)  # noqa: PTH102
            os.chmod(full, 0o755)  # noqa: PTH101, S103 - the process's umask is no business of the image

    def _date(self, folders: set[bytes]) -> None:
        """Give folders that were written to the time that all folders have."""
        for path in folders:
            while path:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(os.path.join(self._top, path), (_SECOND, _SECOND))  # noqa: PTH118
                path = os.path.dirname(path)  # noqa: PTH120, PLW2901


def _pieces(context: BuildContext, file: ContextFile) -> Iterator[bytes]:
    try:
        yield from context.content(file)
    except Exception as error:  # whatever it is: it is the caller's own
        raise ContextError(error) from error


def _read_index(path: Path) -> _Index:
    return msgspec.msgpack.decode(path.read_bytes(), type=_Index)


def _look_of(file: ContextFile) -> tuple[str, bool, bytes]:
    told = file.digest if file.kind == "file" else file.target
    return file.kind, file.executable, os.fsencode(told)


def _finish(path: bytes | Path, digest: str, *, executable: bool) -> None:
    os.chmod(path, 0o755 if executable else 0o644)  # noqa: PTH101
    moment = _SECOND * 1_000_000_000 + int(digest[:15], 16) % 1_000_000_000
    os.utime(path, ns=(moment, moment))


def _write_dockerfile(folder: Path, content: bytes) -> None:
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, text in _beside(content):
        path = folder / name
        with contextlib.suppress(OSError):
            if path.read_bytes() == text:
                continue
        path.write_bytes(text)
        _finish(path, hashlib.sha256(text).hexdigest(), executable=False)


def _beside(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield DOCKERFILE, content
    # BuildKit would read the context's .dockerignore, which was applied already, perhaps by another file's name.
    yield f"{DOCKERFILE}.dockerignore", _NOTHING_IGNORED
