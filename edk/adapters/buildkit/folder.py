"""One context as a folder that is kept: brought in order by as few changes as there were in the context."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from edk.domain.files import ContextFile
from edk.ports import BuildContext

SECOND = 946_684_800
"""2000-01-01, as in the tar: zip archives, and so Python wheels, know no time before 1980."""

_Look = tuple[str, bool, bytes]
"""Kind, whether it is executable, and digest or target: what is compared."""


class ContextError(Exception):
    """What the context raised; carried through what raises the same where our own folder can't be written."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Index(msgspec.Struct):
    """What lies in a folder: path → look; paths as bytes, for names may be no UTF-8."""

    size: int
    files: dict[bytes, _Look]


class Folder:
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
            self._date({path for path in (*stale, *missing) if path not in wanted or wanted[path].kind == "dir"})
            self._date({os.path.dirname(path) for path in (*stale, *missing)})  # noqa: PTH120
            size = sum(file.size for file in wanted.values() if file.kind == "file")
            content = msgspec.msgpack.encode(Index(size, {path: _look_of(file) for path, file in wanted.items()}))
            self._index.write_bytes(content)

    def _known(self) -> dict[bytes, _Look]:
        """Return what lies there; an empty folder is made where that is not known."""
        try:
            return read_index(self._index).files
        except (OSError, msgspec.MsgspecError):
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._top)
            self._make_folder(b"")
            os.utime(self._top, (SECOND, SECOND))
            self._index.write_bytes(msgspec.msgpack.encode(Index(0, {})))
            return {}

    def _remove(self, path: bytes, wanted: Mapping[bytes, ContextFile]) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        if os.path.isdir(full) and not os.path.islink(full):  # noqa: PTH112, PTH114
            self._remove_empty(path, wanted)
            return
        # A folder may have gone with the last that was in it.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(full)  # noqa: PTH108
        # Folders that were only made on the way to it go as well.
        self._remove_empty(os.path.dirname(path), wanted)  # noqa: PTH120

    def _remove_empty(self, path: bytes, wanted: Mapping[bytes, ContextFile]) -> None:
        """Remove a folder, and those above it, as long as nothing is in them and nobody wants them empty."""
        while path and (path not in wanted or wanted[path].kind != "dir"):
            try:
                os.rmdir(os.path.join(self._top, path))  # noqa: PTH106, PTH118
            except OSError:
                return
            path = os.path.dirname(path)  # noqa: PTH120

    def _put(self, path: bytes, file: ContextFile, context: BuildContext, check: Callable[[], None]) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        self._make_folder(os.path.dirname(path))  # noqa: PTH120
        if file.kind == "link":
            os.symlink(os.fsencode(file.target), full)  # noqa: PTH211
            os.utime(full, (SECOND, SECOND), follow_symlinks=False)
        elif file.kind == "dir":
            self._make_folder(path)
        else:
            with open(full, "wb") as out:  # noqa: PTH123
                for piece in _pieces(context, file):
                    check()
                    out.write(piece)
            finish(full, file.digest, executable=file.executable)

    def _make_folder(self, path: bytes) -> None:
        full = os.path.join(self._top, path)  # noqa: PTH118
        if not os.path.isdir(full):  # noqa: PTH112
            if path:
                self._make_folder(os.path.dirname(path))  # noqa: PTH120
            os.mkdir(full)  # noqa: PTH102
            os.chmod(full, 0o755)  # noqa: PTH101, S103 - the process's umask is no business of the image

    def _date(self, paths: set[bytes]) -> None:
        """Give folders that were written to the time that all folders have, and those above them."""
        for path in paths:
            while True:
                full = os.path.join(self._top, path)  # noqa: PTH118
                if os.path.isdir(full) and not os.path.islink(full):  # noqa: PTH112, PTH114
                    os.utime(full, (SECOND, SECOND))
                if not path:
                    break
                path = os.path.dirname(path)  # noqa: PTH120, PLW2901


def _pieces(context: BuildContext, file: ContextFile) -> Iterator[bytes]:
    try:
        yield from context.content(file)
    except Exception as error:  # whatever it is: it is the caller's own
        raise ContextError(error) from error


def read_index(path: Path) -> Index:
    """Return what a record says; raises OSError and msgspec.MsgspecError."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Index)


def _look_of(file: ContextFile) -> _Look:
    told = file.digest if file.kind == "file" else file.target
    return file.kind, file.executable, os.fsencode(told)


def finish(path: bytes | Path, digest: str, *, executable: bool) -> None:
    """Give a file the mode and the time that its content makes."""
    os.chmod(path, 0o755 if executable else 0o644)  # noqa: PTH101
    moment = SECOND * 1_000_000_000 + int(digest[:15], 16) % 1_000_000_000
    os.utime(path, ns=(moment, moment))
