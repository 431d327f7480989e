"""The Python files that a DAG image really holds, read back from the layers that its build added to its base.

Nothing is unpacked to disk. What the base has is none of the extension's, and is not looked into.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from edk.ports import Cache, Registry

KIND = "shipped"
LAYER_LIMIT = 16 << 20
FILE_LIMIT = 1 << 20
_FILES = msgspec.msgpack.Decoder(dict[str, bytes])
_WHITEOUT = ".wh."
_ATTESTED = "vnd.docker.reference.digest"
"""Annotation of what BuildKit puts beside an image in its index; its value is the image's digest."""


def shipped_files(registry: Registry, cache: Cache, repository: str, digest: str, base: str) -> dict[str, bytes]:
    """Return path → content of the Python files that an image adds to its base.

    Args:
        registry: the local registry.
        cache: a digest names one content for ever, so each image is read once.
        repository: of the image.
        digest: of its manifest.
        base: repository and digest of its base, as ``name@sha256:…``; empty: all its layers are read, within limits.

    Raises:
        DigestMismatchError: what the registry holds is damaged.
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    stored = cache.readings(KIND, [digest]).get(digest)
    if stored is not None:
        return _FILES.decode(stored)
    below = {layer["digest"] for layer in _layers(registry, *base.split("@", 1))} if base else set()
    files: dict[str, bytes] = {}
    for layer in _layers(registry, repository, digest):
        if layer["digest"] not in below and layer["size"] <= LAYER_LIMIT:
            _apply(files, _inflated(registry.blob(repository, layer["digest"])))
    cache.store_readings(KIND, {digest: msgspec.msgpack.encode(files)})
    return files


def _layers(registry: Registry, repository: str, digest: str) -> list[dict[str, Any]]:
    found = registry.manifest(repository, digest)
    manifest = json.loads(found[1]) if found else {}
    if "layers" not in manifest:
        # An index: of several platforms, which all have the same Python files, or of one beside its attestations.
        images = (one for one in manifest.get("manifests", ()) if _ATTESTED not in (one.get("annotations") or {}))
        first = next(images, None)
        found = registry.manifest(repository, first["digest"]) if first else None
        manifest = json.loads(found[1]) if found else {}
    return list(manifest.get("layers", ()))


def _inflated(pieces: Iterable[bytes]) -> bytes:
    """Return a layer's tar, at most `LAYER_LIMIT` bytes of it; what is compressed otherwise than by gzip is left."""
    content = b"".join(pieces)
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        # There may be several members behind each other, as estargz has them.
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
            return unpacked.read(4 * LAYER_LIMIT)
    except (EOFError, OSError, zlib.error):
        return b""


def _apply(files: dict[str, bytes], content: bytes) -> None:
    """Apply a layer, as the OCI image specification has it: later files win, and whiteouts remove."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                _take(files, tar, member)
    except tarfile.TarError:
        return


def _take(files: dict[str, bytes], tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = member.name.removeprefix("./").lstrip("/")
    folder, _, name = path.rpartition("/")
    if name.startswith(_WHITEOUT):
        removed = f"{folder}/{name.removeprefix(_WHITEOUT)}".lstrip("/")
        for known in [known for known in files if known == removed or known.startswith(f"{removed}/")]:
            del files[known]
        return
    stream = tar.extractfile(member) if member.isreg() and member.size <= FILE_LIMIT and name.endswith(".py") else None
    if stream is not None:
        files[path] = stream.read()


def references_in(files: dict[str, bytes], named: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return path → the symbolic references, as in `OperatorImage`, that files come to, for images of some names.

    Args:
        files: by path.
        named: names of images.
    """
    from edk.domain.operators.linking import link
    from edk.domain.operators.reading import read_python

    found: dict[str, dict[str, None]] = {}
    for image in link({path: read_python(content) for path, content in files.items()}):
        name = image.value.rpartition("/")[2].partition("@")[0].partition(":")[0]
        if image.value and name in named:
            found.setdefault(image.file, {})[image.value] = None
    return {path: tuple(values) for path, values in found.items()}
