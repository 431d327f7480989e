"""Where images that no Dockerfile of the workspace yields are taken from: overrides and mirrors."""

from __future__ import annotations

from collections.abc import Mapping

from edk.domain.reference import ImageRef, InvalidReferenceError, parse_reference

HUB = "docker.io"


def replace_upstream(ref: str, overrides: Mapping[str, str], mirrors: Mapping[str, str]) -> str:
    """Return the reference to use in place of an upstream one; the same if nothing says otherwise.

    Args:
        ref: as a Dockerfile names it, ARGs substituted.
        overrides: whole references → others, ``base_overrides`` of ``edk.yaml``; ``ubuntu:24.04`` and
            ``docker.io/library/ubuntu:24.04`` are the same.
        mirrors: registry, with or without a path → what to put in its place.
    """
    if not overrides and not mirrors:
        return ref
    full = _full(ref)
    for old, new in overrides.items():
        if old == ref or _full(old) == full:
            return new
    for old in sorted(mirrors, key=len, reverse=True):
        prefix = old.rstrip("/") + "/"
        if full.startswith(prefix):
            return mirrors[old].rstrip("/") + "/" + full[len(prefix) :]
    return ref


def _full(ref: str) -> str:
    """Return a reference with everything written out that the engine would add."""
    try:
        parsed = parse_reference(ref)
    except InvalidReferenceError:
        return ref
    registry, repository = parsed.registry, parsed.repository
    if not registry or registry in {HUB, "index.docker.io"}:
        registry = HUB
        repository = repository if "/" in repository else f"library/{repository}"
    tag = parsed.tag or ("" if parsed.digest else "latest")
    return str(ImageRef(registry, repository, tag, parsed.digest))
