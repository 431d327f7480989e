"""The marks of many folders, most of them taken by a process beside this one, while this one does something else.

Without site packages that process is there in a twentieth of a second. It takes what it is asked from a file without a
name, for a pipe would not take so much at once, and tells it when all of it is done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import edk
from edk.adapters.marks import mark_of_folder

if TYPE_CHECKING:
    import subprocess

WORTH = 4000
"""Fewer folders are looked at before another process would be there."""
_THEIRS = 0.75
"""Of all folders: so many that both are done at one time, for this process has a plan to take from the state."""
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from edk.adapters.marking import serve; serve()"


def start_marking(folders: Sequence[str]) -> Callable[[], list[bytes]]:
    """Begin to look at folders, and return what waits for their marks as they are from now on; call it once."""
    process, count = None, 0
    if len(folders) >= WORTH and len(os.sched_getaffinity(0)) > 1:
        count = int(len(folders) * _THEIRS)
        process = _started(folders[:count])

    def finish() -> list[bytes]:
        ours = [mark_of_folder(folder) for folder in folders[count:]]
        theirs = _told(process, count) if process is not None else None
        return (theirs if theirs is not None else [mark_of_folder(folder) for folder in folders[:count]]) + ours

    return finish


def serve() -> None:
    """Tell the marks of the folders that the input names."""
    asked = sys.stdin.buffer.read()
    marks = [mark_of_folder(os.fsdecode(folder)) for folder in asked.split(b"\0")]
    sys.stdout.buffer.write(b"".join(bytes((len(mark),)) + mark for mark in marks))
    sys.stdout.buffer.flush()
    os._exit(0)


def _started(folders: Sequence[str]) -> subprocess.Popen[bytes] | None:
    import subprocess
    import tempfile

    package = os.path.dirname(os.path.dirname(os.path.abspath(edk.__file__)))  # noqa: PTH100, PTH120
    try:
        with tempfile.TemporaryFile() as asked:
            asked.write(b"\0".join(map(os.fsencode, folders)))
            asked.seek(0)
            return subprocess.Popen(
                (sys.executable, "-P", "-S", "-c", _PROGRAM, package),
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
    except OSError:
        return None


def _told(process: subprocess.Popen[bytes], count: int) -> list[bytes] | None:
    """Return the marks that a process tells; None if it did not come to its end."""
    told, _ = process.communicate()
    marks, at = [], 0
    while at < len(told):
        end = at + 1 + told[at]
        marks.append(told[at + 1 : end])
        at = end
    return marks if process.returncode == 0 and len(marks) == count else None
