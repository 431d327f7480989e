"""What a Kubernetes cluster has of images, read from its API's lists; anything unexpected in them is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, slots=True)
class NodeImage:
    """An image that a node has.

    Args:
        node: its name.
        names: every ref that the node has it under, with tag and with digest.
        size: in bytes; 0 if not told.
    """

    node: str
    names: tuple[str, ...]
    size: int = 0

    @property
    def digests(self) -> tuple[str, ...]:
        """Return the digests among its names, each once."""
        return tuple(dict.fromkeys(digest_in(name) for name in self.names if digest_in(name)))


@dataclass(frozen=True, slots=True)
class RunningImage:
    """An image that a container of a pod was asked to run.

    Args:
        namespace: of the pod.
        pod: its name.
        container: its name.
        image: the ref as the pod asks for it.
        image_id: what the node runs for it, as it tells it (``localhost:32000/x@sha256:…``); empty while it is not
            there yet.
    """

    namespace: str
    pod: str
    container: str
    image: str
    image_id: str = ""

    @property
    def digest(self) -> str:
        """Return the digest of what runs, empty if not told."""
        return digest_in(self.image_id)


def digest_in(name: str) -> str:
    """Return the digest in a ref or an image id, empty if there is none."""
    place = name.rfind("sha256:")
    return name[place:] if place >= 0 else ""


def images_in(document: object) -> Iterator[NodeImage]:
    """Yield the images of a list of nodes."""
    for item in _dicts(document, "items"):
        for image in _dicts(_at(item, "status"), "images"):
            names = image.get("names")
            texts = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
            size = image.get("sizeBytes")
            yield NodeImage(_name(item), texts, size if isinstance(size, int) else 0)


def running_in(document: object) -> Iterator[RunningImage]:
    """Yield the images of a list of pods, one for each container."""
    for item in _dicts(document, "items"):
        spec, status = _at(item, "spec"), _at(item, "status")
        ids = {_text(s, "name"): _text(s, "imageID") for key in _STATUSES for s in _dicts(status, key)}
        for container in (c for key in _CONTAINERS for c in _dicts(spec, key)):
            name = _text(container, "name")
            namespace = _text(_at(item, "metadata"), "namespace")
            yield RunningImage(namespace, _name(item), name, _text(container, "image"), ids.get(name, ""))


def next_page(document: object) -> str:
    """Return the token with which a list goes on, empty at its end."""
    return _text(_at(document, "metadata"), "continue")


def _name(item: dict[str, Any]) -> str:
    return _text(_at(item, "metadata"), "name")


def _at(value: object, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _dicts(value: object, key: str) -> tuple[dict[str, Any], ...]:
    found = value.get(key) if isinstance(value, dict) else None
    return tuple(item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
