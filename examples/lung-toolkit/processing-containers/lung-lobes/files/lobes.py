"""Divides every lung mask of a batch into lobes by an atlas: <name>.nii.gz with labels 1 to 5."""

import os
import sys

import numpy as np
from lungkit import batch, nifti

ATLAS = os.environ.get("LUNG_ATLAS", "/opt/lungkit/atlas.npy")


def masks(folder):
    """List the masks in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def by_atlas(mask, atlas):
    """Give each voxel of a mask the atlas's number at its place in the box around the mask."""
    places = np.argwhere(mask)
    if not len(places):
        raise ValueError("the mask is empty")
    low, high = places.min(axis=0), places.max(axis=0)
    cells = ((places - low) * np.array(atlas.shape) // (high - low + 1)).T
    lobes = np.zeros(mask.shape, dtype=np.uint8)
    lobes[tuple(places.T)] = atlas[tuple(cells)]
    return lobes


def divide_file(path, target, divide=by_atlas):
    """Divide one mask into a folder, and say how many voxels each lobe has."""
    image = nifti.read_nifti(path)
    if image.voxels.ndim != 3:
        raise ValueError(f"{path}: a mask has 3 axes, not {image.voxels.ndim}")
    lobes = divide(image.voxels > 0, np.load(ATLAS))
    nifti.write_nifti(target / f"{nifti.stem(path)}.nii.gz", nifti.with_voxels(image, lobes))
    return f"{path.name}: voxels of lobes 1 to 5: {np.bincount(lobes.ravel(), minlength=6)[1:].tolist()}"


if __name__ == "__main__":
    sys.exit(batch.run(divide_file, masks))
