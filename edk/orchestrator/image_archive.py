"""Images of the local registry as one archive that containerd and Docker import; see `edk.domain.layout`.

Blobs go from the registry into the archive in pieces, each blob once, hashed on the way; nothing is kept in memory or
elsewhere on disk. The same images under the same names give the same bytes.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from edk.domain import layout
from edk.domain.errors import BuildError, DigestMismatchError
from edk.domain.oci import Index, MalformedManifestError, read_manifest
from edk.domain.tarheaders import BLOCK

if TYPE_CHECKING:
    from edk.domain.shipping import Shipment
    from edk.ports import Registry

# Archives end in two empty blocks, and are filled up to this by custom.
_RECORD = 20 * BLOCK


def packed(registry: Registry, shipment: Shipment) -> layout.PackedImage:
    """Read an image's manifest.

    Raises:
        BuildError: the image is not there, has several platforms or attestations, or its manifest is none.
        DigestMismatchError: the manifest in the registry is not what its digest says.
    """
    where = f"{shipment.repository}{'@' if shipment.reference.startswith('sha256:') else ':'}{shipment.reference}"
    found = registry.manifest(shipment.repository, shipment.reference)
    if found is None:
        raise BuildError(f"{where} is not in the registry", "build it first")
    info, content = found
    try:
        manifest = read_manifest(content, info.media_type)
    except MalformedManifestError as error:
        raise BuildError(f"the manifest of {where} can't be used: {error}", "build it with --force") from error
    if isinstance(manifest, Index):
        images = [one for one in manifest.manifests if one.platform != "unknown/unknown"]
        if len(images) == 1 < len(manifest.manifests):
            raise BuildError(
                f"{where} is an image with attestations, which archives do not hold", "build it without --attestation"
            )
        raise BuildError(f"{where} holds several platforms", "build it with one --platform")
    kind = manifest.media_type
    return layout.PackedImage(
        shipment.label, shipment.repository, shipment.names, info.digest, kind, content, manifest
    )


def size_of(images: Sequence[layout.PackedImage]) -> int:
    """Return the bytes of all blobs that an archive of these images holds."""
    return sum(blob.size for _, blob in layout.blobs(images))


def write_archive(
    registry: Registry,
    images: Sequence[layout.PackedImage],
    path: str,
    moved: Callable[[int], None] | None = None,
) -> None:
    """Write images as one archive, whole or not at all.

    Args:
        registry: that holds their blobs.
        images: in the order in which the archive names them.
        path: of the archive; what was there is replaced.
        moved: told of bytes of blobs that were written.

    Raises:
        BuildError: the archive can't be written.
        DigestMismatchError: a blob in the registry is not what its digest says.
    """
    try:
        with _replaced(path) as stream:
            for name, content in layout.documents(images):
                _add(stream, name, len(content), (content,))
            for repository, blob in layout.blobs(images):
                pieces = registry.blob(repository, blob.digest)
                told = _told(pieces, moved) if moved else pieces
                _add(stream, layout.blob_path(blob.digest), blob.size, told)
            _end(stream)
    except OSError as error:
        raise BuildError(
            f"{path} can't be written: {error.strerror}", "free space, or name another place (-o, or VOLUME_PATH)"
        ) from error


@contextmanager
def _replaced(path: str) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of the one before when it is whole."""
    folder = os.path.dirname(path)  # noqa: PTH120
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    handle, partial = tempfile.mkstemp(prefix=".edk-", suffix=".partial", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(partial, 0o644)  # noqa: PTH101
        os.replace(partial, path)  # noqa: PTH105
    except BaseException:
        os.unlink(partial)  # noqa: PTH108
        raise


def _told(pieces: Iterable[bytes], moved: Callable[[int], None]) -> Iterator[bytes]:
    for piece in pieces:
        moved(len(piece))
        yield piece


def _add(stream: BinaryIO, name: str, size: int, pieces: Iterable[bytes]) -> None:
    """Write one member of exactly `size` bytes; the last of `pieces` is only there once its digest was compared."""
    header = tarfile.TarInfo(name)
    header.size = size
    # In GNU's format a header is one block, however large the file is.
    stream.write(header.tobuf(tarfile.GNU_FORMAT))
    left = size
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise DigestMismatchError(f"{name} in the registry is longer than its manifest says")
        stream.write(piece)
    if left:
        raise DigestMismatchError(f"{name} in the registry is shorter than its manifest says")
    stream.write(b"\0" * (-size % BLOCK))


def _end(stream: BinaryIO) -> None:
    end = stream.tell() + 2 * BLOCK
    stream.write(b"\0" * (2 * BLOCK + -end % _RECORD))
