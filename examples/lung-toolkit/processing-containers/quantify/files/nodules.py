"""Finds dense spots enclosed by the lung in every chest CT of a batch: <name>.nodules.json."""

import json
import sys

import numpy as np
from lungkit import batch, nifti, regions

SMALLEST_VOXELS = 4


def images(folder):
    """List the images in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def nodules(hounsfield):
    """List (centre voxel, number of voxels) of the enclosed spots, the largest first."""
    lungs = regions.lungs(hounsfield)
    labels, sizes = regions.label(regions.fill_holes(lungs) & ~lungs)
    return [
        (tuple(int(round(at)) for at in np.argwhere(labels == number).mean(axis=0)), int(size))
        for number, size in enumerate(sizes, start=1)
        if size >= SMALLEST_VOXELS
    ]


def find_file(path, target):
    """Search one image, and say how many spots there are."""
    image = nifti.read_nifti(path)
    found = nodules(image.voxels)
    listed = {f"nodule at {centre} (ml)": round(size * image.voxel_ml, 3) for centre, size in found}
    (target / f"{nifti.stem(path)}.nodules.json").write_text(json.dumps({"nodules": len(found), **listed}))
    return f"{path.name}: {len(found)} nodules"


if __name__ == "__main__":
    sys.exit(batch.run(find_file, images))
