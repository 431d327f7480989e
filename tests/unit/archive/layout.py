"""A registry of one image made of given blobs, and reading of what was written from it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edk.domain.errors import DigestMismatchError
from edk.domain.requests import ManifestInfo
from tests.fakes.registry import CONFIG, MANIFEST, FakeRegistry, digest_of

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass
class BlobRegistry(FakeRegistry):
    """The fake registry with blobs, given in pieces; each is hashed at its end, as the real one does.

    Args:
        piece: bytes that one piece has at most.
    """

    piece: int = 1000
    pieces: list[int] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def image(self, name: str, *layers: bytes) -> str:
        """Store an image as ``name:1``, and return the digest of its manifest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {}}).encode()
        described = [self._described(LAYER, layer) for layer in layers]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self._described(CONFIG, config)}
        return self.store(name, {**manifest, "layers": described})

    def store(self, name: str, manifest: dict[str, Any]) -> str:
        """Store a manifest as ``name:1``, and return its digest."""
        content = json.dumps(manifest).encode()
        self.manifests[name] = (digest_of(content), content)
        return digest_of(content)

    def _described(self, kind: str, content: bytes) -> dict[str, Any]:
        self.blobs[digest_of(content)] = content
        return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}

    def manifest(self, repository: str, reference: str) -> tuple[ManifestInfo, bytes] | None:
        """Return the image's manifest."""
        if repository not in self.manifests or reference != "1":
            return None
        digest, content = self.manifests[repository]
        return ManifestInfo(digest, MANIFEST, len(content)), content

    def blob(self, repository: str, digest: str) -> Iterator[bytes]:
        """Yield a blob."""
        content = self.blobs[digest]
        for start in range(0, len(content), self.piece):
            yield content[start : start + self.piece]
            self.pieces.append(min(self.piece, len(content) - start))
        if digest_of(content) != digest:
            raise DigestMismatchError(f"blob should be {digest}")


def members(path: Path) -> dict[str, bytes]:
    """Return the files of an archive by name; fail if one is there twice."""
    with tarfile.open(path) as tar:
        found = tar.getmembers()
        contents = {member.name: tar.extractfile(member).read() for member in found}  # type: ignore[union-attr]
    assert len(found) == len(contents)
    return contents


def blobs_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the blobs among an archive's files, by the digest that their path says."""
    named = (name.split("/") for name in files if name.startswith("blobs/"))
    return {f"{kind}:{value}": files[f"blobs/{kind}/{value}"] for _, kind, value in named}
