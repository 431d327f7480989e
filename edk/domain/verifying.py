"""What reading back found, and what heals it.

The remedies are those that were seen to work on a registry of the distribution project, 2.8: a file that is wrong on
its disk stays so whatever is pushed or uploaded (a push finds it "already there"), but one that is gone comes back with
the next push. Only a registry that remembers in memory what it holds has to be started anew in between, for it says
"already there" of a file that is gone.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from edk.domain.archive_events import Fault, Kind, Status
from edk.domain.shipping import Subject

UNKNOWN_ROOT = "<root of the registry's storage>"
_CACHED = (
    "restart the registry, if its configuration has a cache for blob descriptors (the registry image's own has: "
    "inmemory)"
)


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a registry keeps its files, as far as that is known.

    Args:
        root: its root directory; empty if not known.
        before: what stands before commands that reach it, e.g. ``docker exec NAME``; empty if it is on this machine.
        restart: the command that starts it anew, empty if that is not needed; None if nothing is known of it.
    """

    root: str = ""
    before: str = ""
    restart: str | None = None


@dataclass(frozen=True, slots=True)
class Remedies:
    """Says what heals what.

    Args:
        storage: where the registry keeps its files.
        dirs: folders of extensions that were asked for, for the commands.
    """

    storage: Storage
    dirs: Sequence[str] = ()

    def of_blob(self, subject: Subject, digest: str, *, there: bool) -> tuple[str, ...]:
        """Return what heals a blob or manifest.

        Args:
            subject: the image.
            digest: of it.
            there: whether the registry has a file of it, which is wrong.
        """
        removal = (self._remove(blob_file(digest)),) if there else ()
        return (*removal, *self._restart(), self._again(subject))

    def of_tag(self, subject: Subject, tag: str, target: str) -> tuple[str, ...]:
        """Return what heals a tag at which the registry fails.

        Args:
            subject: the image.
            tag: the tag, or a digest.
            target: the digest that the tag's file holds; empty if that is not known, or is none.
        """
        if not target:
            return (self._remove(tag_file(subject.repository, tag)), *self._restart(), self._again(subject))
        files = (blob_file(target), revision_file(subject.repository, target))
        return (*(self._remove(file) for file in files), *self._restart(), self._again(subject))

    def of_missing(self, subject: Subject) -> tuple[str, ...]:
        """Return what brings back a tag that is not there, or is made of other inputs."""
        return (self._again(subject, force=False),)

    def _remove(self, file: str) -> str:
        path = f"{self.storage.root or UNKNOWN_ROOT}/docker/registry/v2/{file}"
        command = f"rm {shlex.quote(path) if self.storage.root else path}"
        return f"{self.storage.before} {command}" if self.storage.before else command

    def _restart(self) -> tuple[str, ...]:
        if self.storage.restart is None:
            return (_CACHED,)
        return (self.storage.restart,) if self.storage.restart else ()

    def _again(self, subject: Subject, *, force: bool = True) -> str:
        if not subject.image:
            return f"push {subject.label} anew, or take it in with edk import"
        words = ["edk", "build", *(["--force"] if force else []), "--image", subject.image]
        return shlex.join([*words, *(word for folder in self.dirs for word in ("--dir", folder))])


def blob_file(digest: str) -> str:
    """Return where the registry's file system driver keeps a blob, below ``docker/registry/v2``."""
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value[:2]}/{value}/data"


def tag_file(repository: str, tag: str) -> str:
    """Return where it keeps what a tag points at."""
    if tag.startswith("sha256:"):
        return revision_file(repository, tag)
    return f"repositories/{repository}/_manifests/tags/{tag}/current/link"


def revision_file(repository: str, digest: str) -> str:
    """Return where it keeps that a repository holds a manifest."""
    return f"repositories/{repository}/_manifests/revisions/{digest.replace(':', '/')}/link"


def status_of(faults: Sequence[Fault]) -> Status:
    """Return an image's status: the worst of its faults."""
    kinds = {fault.kind for fault in faults}
    order: tuple[Kind, ...] = ("corrupt", "missing", "outdated")
    return next((kind for kind in order if kind in kinds), "ok")
