"""Makes up EXAMPLES cases of one small NIfTI image each: <CASES_DIR>/example-<n>/image.nii.gz."""

import gzip
import os
import struct
import sys
from pathlib import Path

SIZE = (16, 12, 8)
VOXEL_MM = (1.0, 1.0, 2.5)


def image(number):
    """Return a NIfTI-1 image of bytes, a slope of grey values that begins at `number`."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(SIZE), *SIZE, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 2, 8)  # unsigned bytes of 8 bits
    struct.pack_into("<8f", header, 76, 1, *VOXEL_MM, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)  # where the voxels begin
    header[344:348] = b"n+1\0"
    voxels = SIZE[0] * SIZE[1] * SIZE[2]
    return bytes(header) + bytes((number + place) % 256 for place in range(voxels))


def main():
    """Make them, and return the exit code."""
    cases = Path(os.environ.get("CASES_DIR", "/home/kaapana/cases"))
    for number in range(int(os.environ.get("EXAMPLES", "2"))):
        folder = cases / f"example-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "image.nii.gz").write_bytes(gzip.compress(image(number)))
        print(f"{folder}/image.nii.gz", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
