"""Slices as PNG files, written with the standard library."""

import struct
import zlib

import numpy as np

WINDOW = (-1000.0, 400.0)


def png(grey):
    """Write a two-dimensional array of 8-bit grey values (rows, columns) as a PNG file's bytes."""
    rows, columns = grey.shape
    scanlines = np.hstack([np.zeros((rows, 1), np.uint8), grey.astype(np.uint8)]).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">2I5B", columns, rows, 8, 0, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(scanlines))
        + _chunk(b"IEND", b"")
    )


def axial_slice(hounsfield, level, mask=None):
    """Show one axial slice in the lung window; voxels of the mask are brightened."""
    low, high = WINDOW
    grey = np.clip((hounsfield[:, :, level] - low) / (high - low), 0, 1) * 200
    if mask is not None:
        grey = grey + 55 * (mask[:, :, level] > 0)
    return grey.T.astype(np.uint8)


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
