"""The record of our own pushes: a registry's API does not tell of images that no tag points at any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edk.domain.held import Push, contents_of

if TYPE_CHECKING:
    from edk.domain.requests import ManifestInfo
    from edk.orchestrator.services import Services


def record_push(
    services: Services,
    repository: str,
    read_back: tuple[ManifestInfo, bytes],
    labels: Mapping[str, str],
    tags: Sequence[str],
    bases: Sequence[str],
) -> None:
    """Remember that an image was pushed; costs a write, and asks nobody.

    Args:
        services: the ports.
        repository: that it went into.
        read_back: its manifest, as the registry has it.
        labels: of its config.
        tags: that it is to get.
        bases: digests of the images of ours that it was built from.
    """
    info, manifest = read_back
    contents = contents_of(info.digest, manifest, labels, tuple(bases))
    host = services.settings.push_host
    services.cache.record_push(Push(host, repository, info.digest, tuple(tags), services.clock.now(), contents))
