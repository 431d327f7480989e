"""Write a folder whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from edk.domain.errors import UsageError

_MARK = ".edk-partial"
_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole_folder(path: str, files: Mapping[str, bytes]) -> None:
    """Make a folder appear in one step, with all its files, where nothing is or an empty folder.

    It is written beside its place, under a hidden name that no walk looks into. Only a process that is killed
    outright leaves that behind, and the next one removes it; two that write one folder have to be kept apart.

    Args:
        path: absolute; the folder above is there.
        files: content by relative path.

    Raises:
        UsageError: something is there already, or can't be written; nothing is left behind.
    """
    partial = Path(path).with_name(f".{Path(path).name}{_MARK}")
    try:
        if os.path.lexists(partial):
            shutil.rmtree(partial)
        partial.mkdir()
        try:
            for name, content in files.items():
                _write(partial / name, content)
            partial.rename(path)  # which an empty folder gives way to, and nothing else
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}", _remedy(path, error)) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _remedy(path: str, error: OSError) -> str:
    if error.errno in _TAKEN:
        return "choose another name, or another folder with --dir"
    if error.errno in _FULL:
        return "free space there, or choose another folder with --dir"
    return f"make {os.path.dirname(path)} writable for this user, or choose another folder with --dir"  # noqa: PTH120
