"""Draws the middle slice of every image of a batch as <name>.png.

The mask of the same name in the folder MASK_DIR of the batch element, if there is one, is drawn over it.
"""

import os
import sys

from lungkit import batch, nifti, pictures


def images(folder):
    """List the images in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def draw_file(path, target):
    """Draw one image, and say so."""
    image = nifti.read_nifti(path)
    if image.voxels.ndim != 3:
        raise ValueError(f"{path}: a volume has 3 axes, not {image.voxels.ndim}")
    mask = target.parent / os.environ.get("MASK_DIR", "lung-segment") / f"{nifti.stem(path)}.nii.gz"
    drawn = nifti.read_nifti(mask).voxels if mask.is_file() else None
    if drawn is not None and drawn.shape != image.voxels.shape:
        raise ValueError(f"{mask}: shape {drawn.shape} is not that of {path.name}, {image.voxels.shape}")
    picture = pictures.axial_slice(image.voxels, image.voxels.shape[2] // 2, drawn)
    (target / f"{nifti.stem(path)}.png").write_bytes(pictures.png(picture))
    return f"{path.name}: drawn {'with' if drawn is not None else 'without'} its mask"


if __name__ == "__main__":
    sys.exit(batch.run(draw_file, images))
