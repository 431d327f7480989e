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
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edk.adapters.buildkit.folder import Folder, finish, read_index
from edk.ports import BuildContext

DOCKERFILE = "Dockerfile"
LIMIT = 20 << 30
"""Bytes that staged contexts may take; those that were not used for longest go first."""
_DAYS = 14
_NOTHING_IGNORED = b"# The context holds only what is wanted; nothing more is left out.\n"


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
        self._lock = threading.Lock()

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
        with self._lock:
            # Nobody puts anything into a folder while it is decided which ones go.
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._trimmed:
                self._trimmed = True
                self._trim(key)
            os.utime(place)
        folder = Folder(place / "context", place / "index")
        folder.bring(context, check)
        _write_dockerfile(place / "dockerfile", dockerfile)
        return Staged(str(place / "context"), str(place / "dockerfile"), key)

    def _trim(self, used: str) -> None:
        """Remove what was not used for long, and of the rest the oldest where it is too much."""
        found = []
        for place in self._folder.iterdir():
            with contextlib.suppress(OSError):
                found.append((place.stat().st_mtime, _size(place / "index"), place))
        total = sum(size for _, size, _ in found)
        oldest = time.time() - _DAYS * 86_400
        for at, size, place in sorted(found):
            if place.name != used and (at < oldest or total > self._limit):
                shutil.rmtree(place, ignore_errors=True)
                total -= size


def _size(index: Path) -> int:
    try:
        return read_index(index).size
    except (OSError, msgspec.MsgspecError):
        return 0  # interrupted, and perhaps never gone on with; it goes with its age


def _write_dockerfile(folder: Path, content: bytes) -> None:
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, text in _beside(content):
        path = folder / name
        with contextlib.suppress(OSError):
            if path.read_bytes() == text:
                continue
        path.write_bytes(text)
        finish(path, hashlib.sha256(text).hexdigest(), executable=False)


def _beside(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield DOCKERFILE, content
    # BuildKit would read the context's .dockerignore, which was applied already, perhaps by another file's name.
    yield f"{DOCKERFILE}.dockerignore", _NOTHING_IGNORED
