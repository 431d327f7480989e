"""What the manifest and the configuration of an image tell people: where it comes from, and what it is made of.

Both are known by their digests, so what is read of them once is true for ever. All of it comes from outside: nothing
is taken for granted, and what is not as it should be is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edk.domain.oci import Index, Manifest

UNKNOWN_PLATFORM = "unknown/unknown"
"""What the attestations of an index stand under; they are no images."""
MAX_INSTRUCTION = 2_000
_SHELL = re.compile(r"(RUN )?(\|\d+ .*?)?/bin/sh -c (#\(nop\) *)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image.

    Args:
        digest: of its blob.
        size: of its blob, in bytes; it is compressed.
        made_by: the instruction that made it, without values of build arguments; empty if the image does not tell.
    """

    digest: str
    size: int
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """An entry of an index: digest of the image's manifest, and what it is for, such as ``linux/amd64``."""

    digest: str
    platform: str


@dataclass(frozen=True, slots=True)
class Description:
    """What is told of one image.

    Args:
        platform: operating system and architecture; empty of an index, and where it is not told.
        created: when it was made, as it is written in the configuration.
        labels: names and values.
        layers: the lowest first.
        platforms: of an index, what it consists of; without attestations.
    """

    platform: str = ""
    created: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    layers: tuple[Layer, ...] = ()
    platforms: tuple[PlatformImage, ...] = ()

    def label(self, name: str) -> str:
        """Return the value of a label, empty if there is none."""
        return next((value for key, value in self.labels if key == name), "")


def describe(manifest: Manifest, config: Mapping[str, Any]) -> Description:
    """Return what an image tells of itself.

    Args:
        manifest: its manifest.
        config: the JSON object of its configuration.
    """
    inner = config.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    made_by = _made_by(config.get("history"), len(manifest.layers))
    return Description(
        platform="/".join(_text(config, name) for name in ("os", "architecture") if _text(config, name)),
        created=_text(config, "created"),
        labels=tuple(sorted((str(k), str(v)) for k, v in labels.items())) if isinstance(labels, dict) else (),
        layers=tuple(Layer(d.digest, d.size, how) for d, how in zip(manifest.layers, made_by, strict=True)),
    )


def describe_index(index: Index) -> Description:
    """Return what an index tells: the images in it."""
    entries = (PlatformImage(d.digest, d.platform) for d in index.manifests if d.platform != UNKNOWN_PLATFORM)
    return Description(platforms=tuple(dict.fromkeys(entries)))


def instruction(created_by: str) -> str:
    """Return the instruction of a Dockerfile that a step of an image's history tells of.

    The values of build arguments stand before the command of a step; they are left out, for they may be secrets.
    """
    text = created_by.strip().removesuffix("# buildkit").strip()
    match = _SHELL.match(text)
    if match is None:
        return _cut(text)
    rest = text[match.end() :].strip()
    return _cut(rest if match[3] else f"RUN {rest}")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_INSTRUCTION else text[: MAX_INSTRUCTION - 1] + "…"


def _made_by(history: object, count: int) -> tuple[str, ...]:
    """Return the instruction of each layer; none where the history is of other layers."""
    steps = [step for step in history if isinstance(step, dict)] if isinstance(history, list) else []
    told = tuple(instruction(_text(step, "created_by")) for step in steps if step.get("empty_layer") is not True)
    return told if len(told) == count else ("",) * count


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
