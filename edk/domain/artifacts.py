"""Documents beside an image in its registry, as OCI 1.1 artifacts: a manifest that says what image it is about.

Registries without the API of referrers find them by an index under a tag that is made of the image's digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from edk.domain.requests import ManifestInfo

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"
CREATED = "org.opencontainers.image.created"
ABOUT = "io.kaapana.edk.document"


@dataclass(frozen=True, slots=True)
class Document:
    """A document about an image.

    Args:
        kind: ``provenance`` or ``sbom``.
        media_type: of its content, and so of the artifact.
        content: the document.
    """

    kind: str
    media_type: str
    content: bytes


def digest_of(content: bytes) -> str:
    """Return the digest that a registry gives to content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def artifact(subject: ManifestInfo, document: Document, created: str) -> bytes:
    """Return the manifest of a document about an image."""
    return _packed(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": document.media_type,
            "config": _descriptor(EMPTY_TYPE, EMPTY),
            "layers": [_descriptor(document.media_type, document.content)],
            "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
            "annotations": {CREATED: created, ABOUT: document.kind},
        }
    )


def fallback_tag(digest: str) -> str:
    """Return the tag of the index of what is about an image, where the registry keeps no such list itself."""
    return digest.replace(":", "-", 1)


def index_with(index: bytes | None, document: Document, manifest: bytes, created: str) -> bytes:
    """Return an index in which a document's manifest takes the place of the one of its kind.

    Args:
        index: that is there; None if there is none.
        document: what is added.
        manifest: of it, see `artifact`.
        created: its time by RFC 3339.
    """
    entry = {
        **_descriptor(OCI_MANIFEST, manifest),
        "artifactType": document.media_type,
        "annotations": {CREATED: created, ABOUT: document.kind},
    }
    # What others attached to the image stays as they wrote it.
    others = [each for each in entries(index) if _kind(each) != document.kind]
    return _packed({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*others, entry]})


def entries(index: bytes | None) -> list[dict[str, Any]]:
    """Return the descriptors in an index, none if it is no index."""
    manifests = _object(index).get("manifests") if index else None
    return [each for each in manifests if isinstance(each, dict)] if isinstance(manifests, list) else []


def latest(index: bytes | None, kind: str) -> str:
    """Return the digest of the newest document of a kind in an index; empty if there is none."""
    found = [each for each in entries(index) if _kind(each) == kind]
    chosen = max(found, key=lambda each: str(each["annotations"].get(CREATED, "")), default={})
    return str(chosen.get("digest", ""))


def content_digest(manifest: bytes) -> str:
    """Return the digest of the document that an artifact's manifest names; empty if it names none."""
    layers = _object(manifest).get("layers")
    first = layers[0] if isinstance(layers, list) and layers else {}
    return str(first.get("digest", "")) if isinstance(first, dict) else ""


def _kind(descriptor: dict[str, Any]) -> str:
    annotations = descriptor.get("annotations")
    return str(annotations.get(ABOUT, "")) if isinstance(annotations, dict) else ""


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _packed(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
