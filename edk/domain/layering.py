"""What makes an image big: its layers, the images that each came with, and those that have it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edk.domain.catalogue import Catalogue, Listed
from edk.domain.described import Description, Layer
from edk.domain.sharing import Families


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer of an image, and whose it is.

    Args:
        number: from 1, the lowest first.
        layer: the layer.
        came_with: the image that brought it, by its name; empty if it is this image's own.
        shared_with: names of the other images that are stored in it.
    """

    number: int
    layer: Layer
    came_with: str = ""
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layering:
    """The layers of one image of one platform.

    Args:
        platform: such as ``linux/amd64``.
        digest: of its manifest.
        layers: the lowest first.
        readable: whether they could be read.
    """

    platform: str
    digest: str
    layers: tuple[LayerUse, ...]
    readable: bool = True

    @property
    def size(self) -> int:
        """Return the bytes of all layers."""
        return sum(use.layer.size for use in self.layers)

    @property
    def own(self) -> int:
        """Return the bytes of the layers that no other image is stored in."""
        return sum(use.layer.size for use in self.layers if not use.shared_with)

    @property
    def biggest_first(self) -> tuple[LayerUse, ...]:
        """Return the layers by size."""
        return tuple(sorted(self.layers, key=lambda use: (-use.layer.size, use.number)))


def layerings(image: Listed, found: Catalogue, described: Mapping[str, Description]) -> tuple[Layering, ...]:
    """Return the layers of an image, of an index for each platform.

    Args:
        image: the image.
        found: what the registry holds.
        described: digest → what each image tells.
    """
    others = [other for other in found.images if other.held.digest != image.held.digest and not other.alias_of]
    families = Families(other.held for other in found.images)
    names: dict[str, str] = {}
    # Of several images with one digest, the one with a tag is what people know.
    for other in sorted(others, key=lambda o: bool(o.held.tags)):
        names[other.held.digest] = other.called
    stacks = {o.held.digest: _digests(described.get(o.held.digest)) for o in others if o.held.digest in described}
    ranked = sorted(others, key=lambda o: (len(stacks.get(o.held.digest, ())), not o.held.tags, -o.built))
    made = []
    for platform, digest in _parts(image):
        told = described.get(digest)
        stack = _digests(told)
        uses = []
        for number, layer in enumerate(told.layers if told else (), 1):
            sharing = families.others(image.held, layer.digest)
            brought = (names[o.held.digest] for o in ranked if _brings(stacks.get(o.held.digest, ()), stack, number))
            uses.append(LayerUse(number, layer, next(brought, ""), tuple(sorted(names.get(s, s) for s in sharing))))
        made.append(Layering(platform or (told.platform if told else ""), digest, tuple(uses), told is not None))
    return tuple(made)


def _parts(image: Listed) -> tuple[tuple[str, str], ...]:
    if image.platforms:
        return tuple((each.platform, each.digest) for each in image.platforms)
    return (("", image.held.digest),)


def _digests(description: Description | None) -> tuple[str, ...]:
    return tuple(layer.digest for layer in description.layers) if description else ()


def _brings(below: Sequence[str], stack: Sequence[str], number: int) -> bool:
    """Tell whether a stack of layers is the lower part of another one, and reaches up to one of its layers."""
    return number <= len(below) < len(stack) and tuple(stack[: len(below)]) == tuple(below)
