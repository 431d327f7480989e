"""What a killed daemon leaves behind: RUN steps that go on, their runtimes, and mounts.

Only what has its root, or a path in its arguments, in our own folder counts as ours.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edk.adapters.processes import identity, send_signal, within
from edk.domain.errors import EngineUnreachableError

_TRIES = 5
_SECONDS = 3.0
_RUNTIMES = ("runc", "crun", "buildkit-runc")


def end_remains(data: Path) -> int:
    """End the processes that a daemon with this cache left behind, and return how many they were.

    Raises:
        EngineUnreachableError: one does not end.
    """
    ended: set[str] = set()
    for _ in range(_TRIES):
        found = dict(_remains(data))
        if not found:
            return len(ended)
        for pid, known in found.items():
            send_signal(pid, known, signal.SIGKILL)
        ended.update(found.values())
        within(_SECONDS, lambda found=found: not any(identity(pid) == known for pid, known in found.items()))  # type: ignore[misc]
    left = ", ".join(str(pid) for pid, _ in _remains(data))
    if left:
        raise EngineUnreachableError(f"processes {left} of a daemon that was killed do not end", "end them as root")
    return len(ended)


def take_mounts_off(data: Path) -> None:
    """Unmount whatever is mounted below a folder, innermost first.

    Raises:
        EngineUnreachableError: something stays mounted.
    """
    for mount in sorted(mounts_below(data), reverse=True):
        subprocess.run(["umount", "-l", mount], capture_output=True, check=False)
    left = mounts_below(data)
    if left:
        raise EngineUnreachableError(f"{left[0]} can't be unmounted", f"umount -l {left[0]}")


def mounts_below(folder: Path) -> list[str]:
    """Return the mounts below a folder."""
    top = os.path.realpath(folder) + "/"
    points = (_unescaped(line.split(" ")[4]) for line in _lines("/proc/self/mountinfo"))
    return [point for point in points if point.startswith(top)]


def _remains(data: Path) -> Iterator[tuple[int, str]]:
    top = os.path.realpath(data)
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        known = identity(pid)
        if known and (_runtime_of(pid, top) or _rooted_in(pid, top)):
            yield pid, known


def _runtime_of(pid: int, top: str) -> bool:
    """Whether a process is a runtime that works in our folder by its arguments."""
    with contextlib.suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        name = os.fsdecode(os.path.basename(arguments[0]))  # noqa: PTH119
        return name in _RUNTIMES and any(os.fsencode(top) + b"/" in argument for argument in arguments)
    return False


def _rooted_in(pid: int, top: str) -> bool:
    """Whether a process's root folder is a layer of ours: an overlay of them, or one itself."""
    for line in _lines(f"/proc/{pid}/mountinfo"):
        fields = line.split(" ")
        if fields[4] != "/":
            continue
        options = _unescaped(fields[-1])
        return _unescaped(fields[3]).startswith(f"{top}/") or f"={top}/" in options or f":{top}/" in options
    return False


def _lines(path: str) -> list[str]:
    with contextlib.suppress(OSError):
        return [line for line in os.fsdecode(Path(path).read_bytes()).split("\n") if line.count(" ") > 5]
    return []


def _unescaped(text: str) -> str:
    """Return a path as the kernel writes it in tables of mounts: blanks as ``\\040``."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
