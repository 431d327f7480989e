"""A repository in memory, and documents in a dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from edk.domain.history import Revision

COMMIT = "c" * 40


def blob_id(content: bytes) -> str:
    """Return what git calls a content, worked out by other means than the code under test."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class FakeHistory:
    """The SourceHistory port over one work tree.

    Args:
        top: of the work tree.
        files: path relative to it → content that the commit holds.
    """

    def __init__(self, top: str, files: Mapping[str, str | bytes], source: str = "https://git.example.org/x") -> None:
        self.asked: list[str] = []
        held = {p: c.encode() if isinstance(c, str) else c for p, c in files.items()}
        entries = {path: ("100644", blob_id(content)) for path, content in held.items()}
        self._revision = Revision(top, COMMIT, source, entries)

    def revision(self, folder: str) -> Revision | None:
        """Return the commit if the folder lies in the work tree."""
        self.asked.append(folder)
        top = self._revision.top
        return self._revision if folder == top or folder.startswith(f"{top}/") else None


class FakeRecords:
    """The RecordStore port over a dictionary; `full` makes it fail as a full disk does."""

    def __init__(self, *, full: bool = False) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}
        self.full = full

    def write(self, kind: str, digest: str, content: bytes) -> None:
        """Keep a document."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept[kind, digest] = content

    def read(self, kind: str, digest: str) -> bytes | None:
        """Return a document, None if there is none."""
        return self.kept.get((kind, digest))
