"""What the registry has of the images that are wanted: a HEAD request for each tag, many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.fingerprint import LABEL
from edk.domain.plan import Standing

if TYPE_CHECKING:
    from edk.ports import Cache, Registry

MAX_REQUESTS = 8


def stand(registry: Registry, cache: Cache, repository: str, tags: Sequence[str]) -> Standing:
    """Return what stands under some tags of a repository; raise RegistryUnreachableError."""
    there: dict[str, tuple[str, str]] = {}
    for tag in tags:
        info = registry.head(repository, tag)
        if info is not None:
            there[tag] = (info.digest, carried_fingerprint(registry, cache, repository, info.digest))
    return Standing(there, of=(repository, tuple(tags)))


def carried_fingerprint(registry: Registry, cache: Cache, repository: str, digest: str) -> str:
    """Return the fingerprint that an image carries as a label; empty if it carries none.

    A digest names one content for ever, so what was read once is remembered.
    """
    known = cache.fingerprint_of(digest)
    if known:
        return known
    try:
        labels = registry.labels(repository, digest)
    except DigestMismatchError:
        return ""
    fingerprint = (labels or {}).get(LABEL, "")
    if fingerprint:
        cache.store_fingerprint(digest, fingerprint)
    return fingerprint


def stand_all(
    registry: Registry, cache: Cache, wanted: Mapping[str, tuple[str, Sequence[str]]]
) -> tuple[dict[str, Standing], str]:
    """Return key → what stands there, and why the registry could not be asked (empty if it could).

    Args:
        registry: the local registry.
        cache: remembers which digest carries which fingerprint.
        wanted: key → repository and tags.
    """
    items = list(wanted.items())
    if not items:
        return {}, ""

    def ask(item: tuple[str, tuple[str, Sequence[str]]]) -> tuple[str, Standing]:
        key, (repository, tags) = item
        return key, stand(registry, cache, repository, tags)

    try:
        # The first one alone: where the registry is away, one time-out is enough.
        first = ask(items[0])
        if len(items) < 3:
            return dict([first, *map(ask, items[1:])]), ""
        with ThreadPoolExecutor(MAX_REQUESTS) as pool:
            return dict([first, *pool.map(ask, items[1:])]), ""
    except RegistryUnreachableError as error:
        return {}, error.message


def digests_of(registry: Registry, refs: Mapping[str, tuple[str, str]]) -> tuple[dict[str, str], str]:
    """Return ref → digest of external bases that the local registry holds, and why it could not be asked.

    Absent ones are left out; the reason is empty if it could be asked.

    Args:
        registry: the local registry.
        refs: ref → its repository and tag.
    """
    found = {}
    try:
        for ref, (repository, tag) in refs.items():
            info = registry.head(repository, tag)
            if info is not None:
                found[ref] = info.digest
    except RegistryUnreachableError as error:
        # It went away after `stand_all` had asked it.
        return {}, error.message
    return found, ""
