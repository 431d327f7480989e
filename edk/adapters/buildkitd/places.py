"""Where a daemon of our own keeps what it needs: ``buildkit`` in the state folder."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edk.domain.buildkitd import MAX_SOCKET_PATH, SOCKET
from edk.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders of one state folder's daemon.

    Args:
        home: the folder of all but, where its path is too long, the sockets.
        run: the folder of the sockets.
    """

    home: Path
    run: Path

    @classmethod
    def of(cls, state_dir: str, environ: Mapping[str, str]) -> Places:
        """Return the places of a state folder; nothing is made."""
        home = Path(os.path.abspath(state_dir)) / "buildkit"  # noqa: PTH100
        run = home / "run"
        if len(os.fsencode(run / SOCKET)) > MAX_SOCKET_PATH:
            run = _short(home, environ)
        return cls(home, run)

    @property
    def data(self) -> Path:
        """Return the folder of the cache."""
        return self.home / "data"

    @property
    def toml(self) -> Path:
        """Return the daemon's configuration."""
        return self.home / "buildkitd.toml"

    @property
    def log(self) -> Path:
        """Return the daemon's log."""
        return self.home / "buildkitd.log"

    @property
    def pid(self) -> Path:
        """Return the record of its process: ``pid start-time boot``."""
        return self.home / "pid"

    @property
    def address(self) -> Path:
        """Return the file in which builds find the address."""
        return self.home / "address"

    @property
    def socket(self) -> Path:
        """Return the socket."""
        return self.run / SOCKET

    def make(self) -> None:
        """Make the folders, for this user alone.

        Raises:
            UsageError: one of them belongs to somebody else, or others may write in it.
        """
        for folder in (self.home, self.data, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise UsageError(f"{folder} belongs to somebody else", "set EDK_STATE_DIR to a folder of your own")
        # Whoever reaches the socket can do whatever the daemon can.
        self.run.chmod(0o700)
        self.home.chmod(0o700)


def _short(home: Path, environ: Mapping[str, str]) -> Path:
    """Return a folder for sockets with a short path, the same for the same state folder."""
    parent = "/run" if os.getuid() == 0 else environ.get("XDG_RUNTIME_DIR") or f"/tmp/edk-{os.getuid()}"  # noqa: S108
    return Path(parent) / f"edk-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
