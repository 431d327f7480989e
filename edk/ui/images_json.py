"""What the registry holds, as JSON values; see ``docs/registry.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edk.domain.catalogue import Catalogue, Listed
from edk.domain.labels import SOURCE
from edk.domain.layering import Layering, LayerUse

IMAGES = "edk.images/v1"
LAYERS = "edk.image-layers/v1"


def images_as_json(found: Catalogue, registry: str, push_host: str, *, unused: bool, judged: bool) -> dict[str, Any]:
    """Return the images, each row by itself: parts of an index and aliases too.

    Args:
        found: what the registry holds.
        registry: its name for the nodes.
        push_host: its name from here.
        unused: only those that a prune would remove.
        judged: whether everything was looked at that a prune asks; else nobody says what is superseded.
    """
    shown = [image for image in found.images if not unused or (image.superseded and image.ours)]
    return {
        "schema": IMAGES,
        "registry": registry,
        "registry_push": push_host,
        "time": round(found.time, 3),
        "images": [_image(image, judged=judged) for image in shown],
        "foreign": sum(not image.ours for image in found.images if image.whole),
        "stored_bytes": found.stored,
        "unreadable": list(found.unreadable),
        "complete": found.complete,
        "tree_read": found.tree_read,
    }


def layers_as_json(image: Listed, layerings: Sequence[Layering], registry: str) -> dict[str, Any]:
    """Return what makes an image big, for each platform."""
    return {
        "schema": LAYERS,
        "registry": registry,
        "repository": image.held.repository,
        "tags": list(image.held.tags),
        "digest": image.held.digest,
        "platforms": [
            {
                "platform": layering.platform,
                "digest": layering.digest,
                "readable": layering.readable,
                "bytes": layering.size,
                "own_bytes": layering.own,
                "layers": [_layer(use) for use in layering.layers],
            }
            for layering in layerings
        ],
    }


def _layer(use: LayerUse) -> dict[str, Any]:
    return {
        "number": use.number,
        "digest": use.layer.digest,
        "bytes": use.layer.size,
        "made_by": use.layer.made_by,
        "came_with": use.came_with,
        "shared_with": list(use.shared_with),
    }


def _image(image: Listed, *, judged: bool) -> dict[str, Any]:
    held, yielded = image.held, image.yielded
    return {
        "repository": held.repository,
        "tags": list(held.tags),
        "digest": held.digest,
        "ours": image.ours,
        "state": image.state,
        "why": image.why,
        "bytes": image.size,
        "shared_bytes": image.shared,
        "built": round(image.built, 3),
        "pushed": round(held.pushed, 3),
        "recorded": held.recorded,
        "fingerprint": held.contents.fingerprint,
        "commit": image.commit,
        "dirty": image.dirty,
        "source": image.description.label(SOURCE) if image.ours else "",
        "platform": image.description.platform,
        "platforms": [{"digest": p.digest, "platform": p.platform} for p in image.platforms],
        "index": image.index,
        "alias_of": image.alias_of,
        "extension": yielded.extension if yielded else "",
        "dockerfile": yielded.dockerfile if yielded else "",
        "referenced_by": [
            {"extension": r.extension, "file": r.file, "line": r.line, "owner": r.owner, "how": r.how}
            for r in (yielded.referrers if yielded else ())
        ],
        **({"used": image.used} if judged else {}),
        "reasons": [{"why": r.why, "detail": r.detail} for r in image.reasons] if judged else [],
    }
