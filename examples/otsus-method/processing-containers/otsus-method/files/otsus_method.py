"""Segments every image of a batch by Otsu's threshold.

Reads .nii, .nii.gz and .npy. For each image writes <name>.nii.gz, a mask of 0 and 1 with the geometry of
the image, and <name>.otsu.json with the threshold and the histogram for the report.
"""

import json
import sys
from pathlib import Path

import numpy as np

import batch
import nifti
import otsu


def images(folder):
    """List the images in an input folder, sorted by name."""
    return sorted(
        path
        for path in folder.glob("*")
        if path.is_file() and (nifti.is_nifti(path) or path.suffix.lower() == ".npy")
    )


def read_image(path):
    """Read an image; a .npy array gets voxels of 1 mm at the scanner's origin."""
    if path.suffix.lower() != ".npy":
        return nifti.read_nifti(path)
    voxels = np.load(path, allow_pickle=False)
    if voxels.dtype.kind not in "iuf" or not 1 <= voxels.ndim <= 7:
        raise ValueError(f"{path}: an array of {voxels.dtype} with {voxels.ndim} axes is no image")
    return nifti.from_array(voxels.astype(np.float32) if voxels.dtype == np.float16 else voxels)


def segment_file(path, target):
    """Segment one image into a folder, and say what came out."""
    path, target = Path(path), Path(target)
    image = read_image(path)
    try:
        histogram = otsu.histogram_of(image.voxels)
    except otsu.NoThresholdError as error:
        raise ValueError(f"{path}: cannot be segmented: {error}") from error
    threshold = otsu.otsu_threshold(histogram)
    mask = nifti.with_voxels(image, otsu.segment(image.voxels, threshold))
    name = nifti.stem(path)
    nifti.write_nifti(target / f"{name}.nii.gz", mask)
    found = findings(name, image, mask, threshold, histogram)
    (target / f"{name}.otsu.json").write_text(json.dumps(found), encoding="utf-8")
    return (
        f"{path.name}: threshold {threshold:g}, {found['object_voxels']} of {found['voxels']} voxels, "
        f"{found['object_ml']:.2f} ml"
    )


def findings(name, image, mask, threshold, histogram):
    """Gather what the report needs, as plain values; volumes in millilitres."""
    marked = int(mask.voxels.sum(dtype=np.int64))
    return {
        "image": name,
        "shape": list(image.voxels.shape),
        "spacing_mm": [round(float(edge), 6) for edge in image.spacing],
        "threshold": threshold,
        "voxels": int(image.voxels.size),
        "object_voxels": marked,
        "object_ml": marked * image.voxel_ml,
        "histogram": _coarse(histogram),
    }


def _coarse(histogram, most=256):
    """Merge neighbouring bins until at most so many are left: enough to draw, small to store."""
    step = -(-len(histogram.counts) // most)
    starts = np.arange(0, len(histogram.counts), step)
    edges = np.append(histogram.edges[starts], histogram.edges[-1])
    return {"counts": np.add.reduceat(histogram.counts, starts).tolist(), "edges": edges.tolist()}


if __name__ == "__main__":
    sys.exit(batch.run(segment_file, images))
