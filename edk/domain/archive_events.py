"""What happened to archives of images, and to what was read back; a part of `edk.domain.events`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["missing", "corrupt", "outdated"]
Status = Literal["ok", "missing", "corrupt", "outdated"]


class TransferMoved(Struct, frozen=True):
    """Bytes were written, taken in or read back; `total` is what they will be."""

    what: Literal["export", "import", "verify"]
    current: int
    total: int


class ImagePacked(Struct, frozen=True):
    """An image is going to be in an archive, under these names."""

    image: str
    names: tuple[str, ...]
    digest: str
    layers: int
    bytes: int


class ArchiveWritten(Struct, frozen=True):
    """An archive stands, whole."""

    archive: str
    images: int
    blobs: int
    bytes: int
    seconds: float


class ImageImported(Struct, frozen=True):
    """All of an image of an archive stands in the registry under these refs, its tags set last."""

    image: str
    refs: tuple[str, ...]
    digest: str


class ArchiveImported(Struct, frozen=True):
    """An archive was taken in; `blobs` were sent, and `present` were there already."""

    archive: str
    registry: str
    images: int
    blobs: int
    present: int
    bytes: int
    seconds: float


class Fault(Struct, frozen=True):
    """One thing that is wrong with an image in the registry.

    Args:
        kind: ``missing``: something is not there; ``corrupt``: it is something else than its digest says, or can't be
            read; ``outdated``: it is sound, and made of other inputs than the tree has.
        what: the part, e.g. ``layer 2 of 5`` or ``tag latest``.
        digest: of the part; empty if not known.
        size: of the part in bytes; 0 if not known.
        problem: what is wrong with it.
        remedy: what to do, step by step; steps that are commands can be pasted.
    """

    kind: Kind
    what: str
    digest: str
    size: int
    problem: str
    remedy: tuple[str, ...]


class VerifyStarted(Struct, frozen=True):
    """Images are going to be read back, called so."""

    images: tuple[str, ...]


class ImageVerified(Struct, frozen=True):
    """An image was read back."""

    image: str
    status: Status
    refs: tuple[str, ...]
    digests: tuple[str, ...]
    blobs: int
    bytes: int
    faults: tuple[Fault, ...] = ()


class VerifyFinished(Struct, frozen=True):
    """Everything was read back; counts are of images, `blobs` and `bytes` of what was read, each once."""

    exit_code: int
    ok: int
    missing: int
    corrupt: int
    outdated: int
    blobs: int
    bytes: int
    seconds: float


ArchiveEvent = (
    TransferMoved
    | ImagePacked
    | ArchiveWritten
    | ImageImported
    | ArchiveImported
    | VerifyStarted
    | ImageVerified
    | VerifyFinished
)
