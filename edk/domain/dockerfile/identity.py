"""What an image is called by its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from edk.domain.dockerfile.model import DockerfileReading, Label

_TRUE = frozenset({"true", "yes", "1"})


class Identity(Struct, frozen=True):
    """Labels of Kaapana's convention.

    Args:
        image: of IMAGE; empty if there is none.
        version: of VERSION; empty if there is none.
        local_only: whether REGISTRY is ``local-only``: a base that no registry outside ever has.
        build_ignore: whether BUILD_IGNORE asks not to build it.
        image_line: of LABEL IMAGE, from 1; 0 if there is none.
    """

    image: str
    version: str
    local_only: bool
    build_ignore: bool
    image_line: int


def identity(reading: DockerfileReading) -> Identity:
    """Return what a Dockerfile calls its image.

    A label of the final stage wins; one that it has not got comes from the last stage that has it: Kaapana's
    own build reads labels from anywhere in the file.
    """
    image = _label(reading, "IMAGE")
    version = _label(reading, "VERSION")
    registry = _label(reading, "REGISTRY")
    ignored = _label(reading, "BUILD_IGNORE")
    return Identity(
        image.value if image else "",
        version.value if version else "",
        registry is not None and registry.value.strip() == "local-only",
        ignored is not None and ignored.value.strip().lower() in _TRUE,
        image.line if image else 0,
    )


def _label(reading: DockerfileReading, name: str) -> Label | None:
    for labels in (reading.labels, reading.all_labels):
        found = next((label for label in reversed(labels) if label.name == name), None)
        if found:
            return found
    return None
