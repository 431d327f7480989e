"""Reads and writes single-file NIfTI-1 images (.nii, .nii.gz) with numpy alone.

The layout is that of the NIfTI-1 standard (nifti1.h): a header of 348 bytes, optional extensions, then the
voxels with the first axis running fastest. The header is kept as bytes, so that a mask made from an image
carries exactly its geometry: axes, spacing, qform and sform.
"""

import gzip
import math
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER_BYTES = 348
VOXEL_OFFSET = 352
SUFFIXES = (".nii", ".nii.gz")
DTYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}


class NiftiError(ValueError):
    """A file is not a NIfTI-1 image that can be read here."""


@dataclass(frozen=True)
class Volume:
    """Voxels in file order of axes (x, y, z, …) and the header that describes where they lie."""

    voxels: np.ndarray
    header: bytes

    @property
    def byte_order(self):
        """Give the header's byte order as struct and numpy write it: "<" or ">"."""
        return _byte_order(self.header)

    @property
    def spacing(self):
        """Give the edge lengths of a voxel in millimetres, x, y, z."""
        return struct.unpack_from(self.byte_order + "3f", self.header, 80)

    @property
    def voxel_ml(self):
        """Give the volume of one voxel in millilitres."""
        return abs(math.prod(self.spacing)) / 1000.0


def is_nifti(path):
    """Tell by its name whether a file is a NIfTI image."""
    return Path(path).name.lower().endswith(SUFFIXES)


def stem(path):
    """Give a file's name without .nii or .nii.gz."""
    name = Path(path).name
    for suffix in (".nii.gz", ".nii"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return Path(path).stem


def read_nifti(path):
    """Read an image; scaling (scl_slope, scl_inter) is applied where the header asks for it.

    Raises NiftiError for anything that is not a whole, single-file NIfTI-1 image of a plain number type.
    """
    content = _content(Path(path))
    if len(content) < VOXEL_OFFSET:
        raise NiftiError(f"{path}: {len(content)} bytes are too few for a NIfTI-1 header")
    header = content[:HEADER_BYTES]
    order = _byte_order(header, path)
    shape = _shape(header, order, path)
    (code,) = struct.unpack_from(order + "h", header, 70)
    if code not in DTYPES:
        raise NiftiError(f"{path}: data type {code} is not a plain number type")
    offset = int(struct.unpack_from(order + "f", header, 108)[0])
    dtype = np.dtype(DTYPES[code]).newbyteorder(order)
    wanted = math.prod(shape) * dtype.itemsize
    if offset < VOXEL_OFFSET or len(content) < offset + wanted:
        raise NiftiError(
            f"{path}: the header promises {wanted} bytes of voxels from byte {offset}, "
            f"the file holds {max(len(content) - offset, 0)}"
        )
    flat = np.frombuffer(content, dtype=dtype, count=math.prod(shape), offset=offset)
    return Volume(_scaled(flat.reshape(shape, order="F"), header, order), header)


def write_nifti(path, volume):
    """Write an image; a name ending in .gz is compressed. The file appears whole or not at all."""
    path = Path(path)
    order = volume.byte_order
    dtype = np.dtype(volume.voxels.dtype).newbyteorder(order)
    body = volume.header + bytes(VOXEL_OFFSET - HEADER_BYTES)
    body += volume.voxels.astype(dtype, copy=False).tobytes(order="F")
    if path.name.lower().endswith(".gz"):
        body = gzip.compress(body, compresslevel=6, mtime=0)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(body)
    os.replace(partial, path)


def with_voxels(volume, voxels):
    """Put other voxels of the same shape into the geometry of an image, unscaled."""
    if voxels.shape != volume.voxels.shape:
        raise NiftiError(f"shape {voxels.shape} does not fit the geometry of {volume.voxels.shape}")
    return Volume(voxels, _described(bytearray(volume.header), volume.byte_order, voxels))


def from_array(voxels, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)):
    """Make an image with axes along the scanner's: spacing and origin in millimetres."""
    header = bytearray(HEADER_BYTES)
    struct.pack_into("<i", header, 0, HEADER_BYTES)
    struct.pack_into("<8h", header, 40, voxels.ndim, *voxels.shape, *([1] * (7 - voxels.ndim)))
    struct.pack_into("<8f", header, 76, 1.0, *spacing, 1.0, 1.0, 1.0, 1.0)
    header[123] = 2  # xyzt_units: millimetres
    struct.pack_into("<2h", header, 252, 0, 1)  # no qform; sform in scanner coordinates
    for axis in range(3):
        row = [0.0, 0.0, 0.0, origin[axis]]
        row[axis] = spacing[axis]
        struct.pack_into("<4f", header, 280 + 16 * axis, *row)
    header[344:348] = b"n+1\0"
    return Volume(voxels, _described(header, "<", voxels))


def _content(path):
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise NiftiError(f"{path}: the compressed file is damaged: {error}") from error


def _byte_order(header, path="header"):
    for order in "<>":
        if struct.unpack_from(order + "i", header, 0)[0] == HEADER_BYTES:
            if header[344:347] == b"n+1":
                return order
            raise NiftiError(f"{path}: not a single-file NIfTI-1 image (magic {bytes(header[344:348])!r})")
    raise NiftiError(f"{path}: not a NIfTI-1 image (no header of {HEADER_BYTES} bytes)")


def _shape(header, order, path):
    count, *lengths = struct.unpack_from(order + "8h", header, 40)
    if not 1 <= count <= 7 or any(length < 1 for length in lengths[:count]):
        raise NiftiError(f"{path}: impossible dimensions {lengths[: max(count, 0)]}")
    return tuple(lengths[:count])


def _scaled(voxels, header, order):
    slope, intercept = struct.unpack_from(order + "2f", header, 112)
    plain = slope == 0 or not math.isfinite(slope) or (slope, intercept) == (1.0, 0.0)
    return voxels if plain else voxels * slope + intercept


def _described(header, order, voxels):
    """Set the fields that say how voxels are stored, and leave those that say where they lie."""
    name = voxels.dtype.str[1:]
    codes = [code for code, dtype in DTYPES.items() if dtype == name]
    if not codes:
        raise NiftiError(f"voxels of type {voxels.dtype} have no NIfTI-1 data type")
    struct.pack_into(order + "2h", header, 70, codes[0], 8 * voxels.dtype.itemsize)
    struct.pack_into(order + "3f", header, 108, VOXEL_OFFSET, 1.0, 0.0)
    struct.pack_into(order + "2f", header, 124, 0.0, 0.0)  # cal_max, cal_min: displayed range, unset
    return bytes(header)
