"""Segments the lungs of every chest CT of a batch: <name>.nii.gz with 1 in the lungs."""

import sys

import numpy as np
from lungkit import batch, nifti, regions


def images(folder):
    """List the images in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def segment_file(path, target):
    """Segment one image into a folder, and say how large the lungs are."""
    image = nifti.read_nifti(path)
    mask = regions.fill_holes(regions.lungs(image.voxels)).astype(np.uint8)
    nifti.write_nifti(target / f"{nifti.stem(path)}.nii.gz", nifti.with_voxels(image, mask))
    return f"{path.name}: lungs of {mask.sum(dtype=np.int64) * image.voxel_ml:.1f} ml"


if __name__ == "__main__":
    sys.exit(batch.run(segment_file, images))
