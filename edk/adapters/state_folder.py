"""The state folder as `edk doctor` looks at it and mends it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from edk.adapters.control.finding import dead_in, remove_dead
from edk.adapters.store.database import damage_of, set_aside

_FOLDERS = ("", "locks", "watch", "logs", "charts", "helm", "provenance", "sbom", "staged", "staging", "started")
"""Those that commands make themselves. What an engine or a daemon keeps beside them has modes of its own."""


class StateFolder:
    """See `edk.orchestrator.doctor_model.StateFolder`.

    Args:
        path: of the folder; it need not be there.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def wrong_modes(self) -> tuple[tuple[str, str], ...]:
        """See `edk.orchestrator.doctor_model.StateFolder.wrong_modes`."""
        found = []
        for folder in self._own_folders():
            mode = folder.lstat().st_mode
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                found.append((str(folder), f"its mode {mode & 0o7777:o} keeps its owner out"))
            elif mode & (stat.S_IWGRP | stat.S_IWOTH):
                found.append((str(folder), f"its mode {mode & 0o7777:o} lets others write in it"))
        return tuple(found)

    def mend_modes(self) -> None:
        """See `edk.orchestrator.doctor_model.StateFolder.mend_modes`; those above come first."""
        for folder in self._own_folders():
            mode = stat.S_IMODE(folder.lstat().st_mode)
            wanted = (mode | stat.S_IRWXU) & ~(stat.S_IWGRP | stat.S_IWOTH)
            if wanted != mode:
                folder.chmod(wanted)

    def foreign(self) -> tuple[str, ...]:
        """See `edk.orchestrator.doctor_model.StateFolder.foreign`; of what lies directly in it."""
        with suppress(OSError):
            entries = [self._path, *sorted(self._path.iterdir())]
            return tuple(str(entry) for entry in entries if entry.lstat().st_uid != os.getuid())
        return ()

    def damage(self) -> str:
        """See `edk.orchestrator.doctor_model.StateFolder.damage`."""
        return damage_of(self._database)

    def set_database_aside(self) -> None:
        """See `edk.orchestrator.doctor_model.StateFolder.set_database_aside`."""
        # Another process may have begun it anew meanwhile.
        if damage_of(self._database):
            set_aside(self._database)

    def dead_sockets(self) -> tuple[str, ...]:
        """See `edk.orchestrator.doctor_model.StateFolder.dead_sockets`."""
        return tuple(map(str, dead_in(str(self._path))))

    def remove_dead_sockets(self) -> None:
        """See `edk.orchestrator.doctor_model.StateFolder.remove_dead_sockets`."""
        remove_dead(str(self._path))

    @property
    def _database(self) -> Path:
        return self._path / "state.sqlite"

    def _own_folders(self) -> list[Path]:
        """Return the folders that are there and ours; links are not followed."""
        found = []
        for name in _FOLDERS:
            folder = self._path / name
            # One that keeps its owner out hides what is in it, until that is mended.
            with suppress(OSError):
                status = folder.lstat()
                if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
                    found.append(folder)
        return found
