"""Documents about images as files: ``<state>/<kind>/<hex of the manifest's digest>.json``."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress

MAX_BYTES = 256 << 20
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_NAME = re.compile(r"[0-9a-f]{64}\.json")
_PRUNE_EVERY = 20


class RecordFiles:
    """Keeps documents in the state folder; see `edk.ports.RecordStore`. Any number of threads may use it.

    Args:
        state_dir: the state folder.
        keep: how many documents of a kind are kept.
    """

    def __init__(self, state_dir: str, keep: int) -> None:
        self._state_dir = state_dir
        self._keep = keep
        self._written: dict[str, int] = {}
        # Workers write at once, and one of them is enough to look what is too much.
        self._lock = threading.Lock()

    def write(self, kind: str, digest: str, content: bytes) -> None:
        """Keep a document, whole or not at all; raise OSError as the system does."""
        from edk.adapters.whole_files import write_whole

        write_whole(self._path(kind, digest), content, lasting=False)
        with self._lock:
            written = self._written.get(kind, 0)
            self._written[kind] = written + 1
            # To list a folder of many takes longer than to write one file: not at each one.
            if written % _PRUNE_EVERY == 0:
                self._prune(kind)

    def read(self, kind: str, digest: str) -> bytes | None:
        """Return a document, None if there is none."""
        try:
            with open(self._path(kind, digest), "rb") as file:  # noqa: PTH123
                return file.read(MAX_BYTES)
        except OSError:
            return None

    def _path(self, kind: str, digest: str) -> str:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise ValueError(f"{digest!r} is no digest")
        return f"{self._state_dir}/{kind}/{match[1]}.json"

    def _prune(self, kind: str) -> None:
        with suppress(OSError), os.scandir(f"{self._state_dir}/{kind}") as entries:
            found = []
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    with suppress(OSError):
                        found.append((entry.stat().st_mtime_ns, entry.path))
            for _, path in sorted(found, reverse=True)[self._keep :]:
                with suppress(OSError):
                    os.unlink(path)  # noqa: PTH108
