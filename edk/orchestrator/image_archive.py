"""An image of the local registry as an archive that containerd and Docker import.

It is an OCI image layout (``oci-layout``, ``index.json``, ``blobs/``; OCI image specification, "Image Layout") which
also holds the ``manifest.json`` of ``docker save``, so that engines older than the layout load it too.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from edk.domain.errors import BuildError, DigestMismatchError
from edk.domain.requests import ManifestInfo
from edk.ports import Registry

LAYOUT = b'{"imageLayoutVersion": "1.0.0"}'


def write_archive(registry: Registry, repository: str, tag: str, name: str, path: str) -> str:
    """Write one image as an archive, whole or not at all, and return its digest.

    Args:
        registry: the local registry.
        repository: of the image.
        tag: of the image.
        name: the ref that the image gets where it is imported.
        path: of the archive; what was there is replaced.

    Raises:
        BuildError: the image is not there, or has several platforms, or the archive can't be written.
        DigestMismatchError: a blob in the registry is not what its digest says.
    """
    found = registry.manifest(repository, tag)
    if found is None:
        raise BuildError(f"{repository}:{tag} is not in the registry", "build it first")
    info, content = found
    manifest = json.loads(content)
    if "layers" not in manifest:
        raise BuildError(f"{repository}:{tag} holds several platforms", "build it with one --platform")
    try:
        with _replaced(path) as tar:
            _write(tar, registry, repository, name, info, content, manifest)
    except OSError as error:
        raise BuildError(f"{path} can't be written: {error.strerror}", "free space, or set VOLUME_PATH") from error
    return info.digest


@contextmanager
def _replaced(path: str) -> Iterator[tarfile.TarFile]:
    """Give an archive to write to, which takes the place of the one before when it is whole."""
    folder = os.path.dirname(path)  # noqa: PTH120
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    handle, partial = tempfile.mkstemp(prefix=".edk-", suffix=".partial", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
            tar.copybufsize = 1 << 20  # type: ignore[attr-defined]  # the stubs lack it
            yield tar
        os.chmod(partial, 0o644)  # noqa: PTH101
        os.replace(partial, path)  # noqa: PTH105
    except BaseException:
        os.unlink(partial)  # noqa: PTH108
        raise


def _write(
    tar: tarfile.TarFile,
    registry: Registry,
    repository: str,
    name: str,
    info: ManifestInfo,
    content: bytes,
    manifest: dict[str, Any],
) -> None:
    _add(tar, "oci-layout", LAYOUT)
    _add(tar, "index.json", json.dumps(_index(info, name)).encode())
    _add(tar, "manifest.json", json.dumps([_docker_entry(manifest, name)]).encode())
    _add(tar, _blob(info.digest), content)
    written: set[str] = set()
    for descriptor in (manifest["config"], *manifest["layers"]):
        if descriptor["digest"] not in written:
            written.add(descriptor["digest"])
            blob = registry.blob(repository, descriptor["digest"])
            _add_stream(tar, _blob(descriptor["digest"]), descriptor["size"], blob)


def _index(info: ManifestInfo, name: str) -> dict[str, Any]:
    """Return the layout's index; containerd takes the name from the first annotation, others from the second."""
    annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    descriptor = {
        "mediaType": info.media_type,
        "digest": info.digest,
        "size": info.size,
        "annotations": annotations,
    }
    return {"schemaVersion": 2, "manifests": [descriptor]}


def _docker_entry(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "Config": _blob(manifest["config"]["digest"]),
        "RepoTags": [name],
        "Layers": [_blob(layer["digest"]) for layer in manifest["layers"]],
    }


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    _add_stream(tar, name, len(content), (content,))


def _add_stream(tar: tarfile.TarFile, name: str, size: int, pieces: Iterable[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, _Pieces(name, size, pieces))


class _Pieces(io.RawIOBase):
    """Pieces as the file that tarfile wants; exactly `size` bytes, or an error."""

    def __init__(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        self._name = name
        self._left = size
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, count: int = -1) -> bytes:
        """Return up to `count` bytes; checks the blob's end when the last one is taken."""
        while len(self._rest) < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        taken, self._rest = self._rest[:count], self._rest[count:]
        self._left -= len(taken)
        # Asking for more also has the blob's digest compared.
        if self._left == 0 and (self._rest or any(self._pieces)):
            raise DigestMismatchError(f"{self._name} in the registry is longer than its manifest says")
        if len(taken) < count and self._left > 0:
            raise DigestMismatchError(f"{self._name} in the registry is shorter than its manifest says")
        return taken
