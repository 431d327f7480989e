"""The labels that tell where an image comes from, by the names that the OCI gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edk.domain.dockerfile.model import DockerfileReading

PREFIX = "org.opencontainers.image."
REVISION = f"{PREFIX}revision"
SOURCE = f"{PREFIX}source"
CREATED = f"{PREFIX}created"
VERSION = f"{PREFIX}version"
TITLE = f"{PREFIX}title"
BASE_NAME = f"{PREFIX}base.name"
BASE_DIGEST = f"{PREFIX}base.digest"
DIRTY = "io.kaapana.edk.source.dirty"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image comes from; each text is empty where it is not known.

    Args:
        revision: commit of the repository that holds its Dockerfile.
        dirty: ``true`` if files of its context, or its Dockerfile, are not as that commit has them; else ``false``.
        source: where that repository is published.
        dockerfile: its path in the repository, else in the root that it was found in.
        created: when its build began, by RFC 3339.
        base_name: reference of the image that its last stage stands on.
        base_digest: digest of that.
    """

    revision: str = ""
    dirty: str = ""
    source: str = ""
    dockerfile: str = ""
    created: str = ""
    base_name: str = ""
    base_digest: str = ""


def origin_labels(origin: Origin, title: str, version: str, own: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the labels that the build puts into an image.

    Each of them is there, even if it is empty: an image inherits the labels of its base, and these would tell of
    another source.

    Args:
        origin: where it comes from.
        title: its name.
        version: its version.
        own: names of the labels that its Dockerfile sets itself; those are left to it.
    """
    kept = set(own)
    labels = (
        (TITLE, title),
        (VERSION, version),
        (CREATED, origin.created),
        (REVISION, origin.revision),
        (DIRTY, origin.dirty),
        (SOURCE, origin.source),
        (BASE_NAME, origin.base_name),
        (BASE_DIGEST, origin.base_digest),
    )
    return tuple((name, value) for name, value in labels if name not in kept)


def base_index(reading: DockerfileReading) -> int:
    """Return which of the images that a Dockerfile names its last stage stands on; -1 if on none, as on scratch."""
    if not reading.stages:
        return -1
    stage = reading.stages[-1]
    while stage.base_stage >= 0:
        stage = reading.stages[stage.base_stage]
    uses = (i for i, use in enumerate(reading.images) if use.how == "from" and use.stage == stage.index)
    return next(uses, -1)
