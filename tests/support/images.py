"""Small images of made-up layers, put into a registry through its port, and archives of them in foreign forms."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edk.ports import Registry
from tests.fakes.registry import CONFIG, MANIFEST, digest_of

LAYER = "application/vnd.oci.image.layer.v1.tar"


def put_image(
    registry: Registry, repository: str, tag: str, layers: Sequence[bytes], labels: Mapping[str, str] | None = None
) -> str:
    """Store an image of these layers, and return its digest."""
    config, manifest = documents(layers, labels)
    for content in (config, *layers):
        registry.upload(repository, digest_of(content), len(content), [content])
    return registry.put_manifest(repository, tag, MANIFEST, manifest)


def documents(layers: Sequence[bytes], labels: Mapping[str, str] | None = None) -> tuple[bytes, bytes]:
    """Return the configuration and the manifest of an image."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": dict(labels or {})},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        }
    ).encode()
    described = [descriptor(LAYER, layer) for layer in layers]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config), "layers": described}
    return config, json.dumps(manifest).encode()


def descriptor(kind: str, content: bytes) -> dict[str, Any]:
    """Return what a manifest says of content."""
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}


def blob(content: bytes) -> tuple[str, bytes]:
    """Return the member of a layout that holds content."""
    return f"blobs/{digest_of(content).replace(':', '/')}", content


def layout_members(name: str, layers: Sequence[bytes], labels: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the members of an OCI layout of one image."""
    config, manifest = documents(layers, labels)
    entry = {**descriptor(MANIFEST, manifest), "annotations": {"io.containerd.image.name": name} if name else {}}
    index = {"schemaVersion": 2, "manifests": [entry]}
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps(index).encode(),
        **dict(map(blob, (config, manifest, *layers))),
    }


def saved_members(name: str, layers: Sequence[bytes], labels: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the members of an archive as ``docker save`` of engines before 25 writes it."""
    config, _ = documents(layers, labels)
    paths = [f"layer{number}/layer.tar" for number in range(len(layers))]
    entry = {"Config": "config.json", "RepoTags": [name], "Layers": paths}
    saved = dict(zip(paths, layers, strict=True))
    return {**saved, "config.json": config, "manifest.json": json.dumps([entry]).encode()}


def tar_of(members: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """Return a tar with these files, in this order, and symbolic links behind them."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    return content.getvalue()


def written(path: Path, content: bytes, *, compressed: bool = False) -> str:
    """Write an archive, and return its path."""
    path.write_bytes(gzip.compress(content, 1) if compressed else content)
    return str(path)
