"""Looks at the machine for `edk doctor`, each bounded in time."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edk.domain.watching import select

_TOOL_SECONDS = 4.0
_WALK_SECONDS = 3.0
_INOTIFY = "/proc/sys/fs/inotify"
_VERSION_ARGUMENTS = {"git": ("--version",), "buildctl": ("--version",), "helm": ("version", "--short")}


class MachineProbes:
    """Looks at this machine; see `edk.orchestrator.doctor_model.MachineProbes`."""

    def python(self) -> str:
        """Return Python's version and where it is."""
        return f"{platform.python_version()} ({sys.executable})"

    def free_bytes(self, path: str) -> int:
        """Return the free space for ordinary users where a path is or will be; raise OSError."""
        return shutil.disk_usage(_existing(path)).free

    def is_writable(self, path: str) -> bool:
        """Return whether a folder is writable, or can be made."""
        return os.access(_existing(path), os.W_OK | os.X_OK)

    def is_folder(self, path: str) -> bool:
        """Return whether a folder is there."""
        return Path(path).is_dir()

    def is_clone(self, path: str) -> bool:
        """Return whether a folder is the top of a git work tree."""
        return Path(path, ".git").exists()

    def tool(self, name: str) -> str:
        """Return what a program says of its version, empty if it is not there.

        Raises:
            OSError: it can't be run, fails, or does not end in time.
        """
        found = shutil.which(name)
        if found is None:
            return ""
        try:
            done = subprocess.run(
                [found, *_VERSION_ARGUMENTS.get(name, ("--version",))],
                capture_output=True,
                timeout=_TOOL_SECONDS,
                stdin=subprocess.DEVNULL,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"it does not answer within {_TOOL_SECONDS:.0f} s") from error
        except subprocess.CalledProcessError as error:
            raise OSError(f"it exits with {error.returncode}") from error
        return done.stdout.decode("utf-8", "replace").strip().partition("\n")[0]

    def inotify_limits(self) -> tuple[int, int]:
        """Return how many watches and how many instances a user may have; raise OSError or ValueError."""
        watches, instances = (
            int(Path(_INOTIFY, name).read_text("ascii")) for name in ("max_user_watches", "max_user_instances")
        )
        return watches, instances

    def inotify_used(self) -> tuple[int, int]:
        """Return how many watches and instances programs of this user hold, as far as we may look at them."""
        watches = instances = 0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if process.stat().st_uid != os.getuid():
                    continue
                for descriptor in (process / "fd").iterdir():
                    with suppress(OSError):
                        if os.fspath(descriptor.readlink()) == "anon_inode:inotify":
                            instances += 1
                            told = (process / "fdinfo" / descriptor.name).read_text("ascii")
                            watches += sum(line.startswith("inotify wd:") for line in told.splitlines())
        return watches, instances

    def count_folders(self, roots: Sequence[str], exclude: Sequence[str]) -> int:
        """Return how many folders a watch of these would watch, as far as counted in 3 s."""
        until = time.monotonic() + _WALK_SECONDS
        chosen = select([os.path.realpath(root) for root in roots], exclude)
        count = 0
        for root in dict.fromkeys(chosen.roots):
            for folder, below, _ in os.walk(root):
                if time.monotonic() > until:
                    return count
                if chosen.root_of(folder) != root:
                    below.clear()  # counted as a root of its own
                    continue
                count += 1
                below[:] = [name for name in below if chosen.counts(f"{folder.rstrip('/')}/{name}")]
        return count

    def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host; raise OSError if it has none."""
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def refuses_clone(self, path: str) -> bool:
        """Return whether git, as the user runs it, does not trust a clone for its owner."""
        git = shutil.which("git")
        if git is None:
            return False
        done = subprocess.run(
            [git, "-C", path, "rev-parse", "--git-dir"],
            capture_output=True,
            timeout=_TOOL_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return b"dubious ownership" in done.stderr


def _existing(path: str) -> Path:
    """Return the path or the nearest folder above it that is there."""
    here = Path(path)
    return next((folder for folder in (here, *here.parents) if folder.exists()), Path("/"))
