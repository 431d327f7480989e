"""Measures every mask of a batch: <name>.volume.json with the volume of each label in millilitres."""

import json
import sys

import numpy as np
from lungkit import batch, nifti


def masks(folder):
    """List the masks in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def measure_file(path, target):
    """Measure one mask, and say what came out."""
    image = nifti.read_nifti(path)
    numbers, counts = np.unique(image.voxels[image.voxels > 0], return_counts=True)
    volumes = {
        f"label {int(number)} (ml)": round(count * image.voxel_ml, 3)
        for number, count in zip(numbers, counts)
    }
    (target / f"{nifti.stem(path)}.volume.json").write_text(json.dumps(volumes))
    return f"{path.name}: {volumes}"


if __name__ == "__main__":
    sys.exit(batch.run(measure_file, masks))
