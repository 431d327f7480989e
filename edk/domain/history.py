"""What a repository's history holds of the files beside an image, and whether an image was made of just that.

Contents are told apart by the names that git gives them (blob ids), which need nothing but the contents: no index,
no filter and no program that a repository names has to run for it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edk.domain.files import ContextFile

LINK_MODE = "120000"
EXECUTABLE_MODE = "100755"
_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that a work tree stands on.

    Args:
        top: absolute folder of the work tree.
        commit: its id.
        source: where it is published, without user and password; empty if nowhere.
        files: path relative to `top` → mode and blob id, of all that the commit holds.
        file_modes: whether the file system's execute bits are to be believed.
    """

    top: str
    commit: str
    source: str = ""
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    file_modes: bool = True
    paths: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(sorted(self.files)))

    @property
    def algorithm(self) -> str:
        """Return the hash that names the contents of this repository."""
        return "sha256" if len(self.commit) == 64 else "sha1"

    def relative(self, path: str) -> str:
        """Return an absolute path relative to the work tree; empty for the work tree itself, or if it is outside."""
        return path.removeprefix(f"{self.top}/") if path.startswith(f"{self.top}/") else ""

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths, relative to a folder of the work tree, of what the commit holds in it."""
        prefix = f"{folder}/" if folder else ""
        for path in self.paths[bisect_left(self.paths, prefix) :]:
            if not path.startswith(prefix):
                return
            yield path[len(prefix) :]


def blob_name(algorithm: str, size: int, pieces: Iterable[bytes]) -> str:
    """Return what git calls a content."""
    digest = hashlib.new(algorithm, b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def differs_at_a_glance(revision: Revision, path: str, file: ContextFile) -> bool | None:
    """Tell whether a file differs from what the commit holds, as far as that needs no look at its content.

    Args:
        revision: the commit.
        path: of the file, relative to the work tree.
        file: the file.

    Returns:
        None if its content has to tell.
    """
    if file.kind == "dir":
        return False
    known = revision.files.get(path)
    if known is None:
        return True
    mode, blob = known
    if file.kind == "link":
        target = file.target.encode("utf-8", "surrogateescape")
        return mode != LINK_MODE or blob != blob_name(revision.algorithm, len(target), (target,))
    if mode == LINK_MODE:
        return True
    if revision.file_modes and bool(file.mode & 0o100) != (mode == EXECUTABLE_MODE):
        return True
    pointer = _POINTER.format(file.digest, file.size).encode()
    # A file kept by LFS: the history holds only what it is called.
    return False if blob == blob_name(revision.algorithm, len(pointer), (pointer,)) else None
