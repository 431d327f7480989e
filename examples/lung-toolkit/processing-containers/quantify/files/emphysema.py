"""Gives the share of emphysema in every chest CT of a batch: <name>.emphysema.json."""

import json
import sys

from lungkit import batch, nifti, regions

LIMIT_HU = -950


def images(folder):
    """List the images in a folder, sorted by name."""
    return sorted(path for path in folder.glob("*") if nifti.is_nifti(path))


def share(hounsfield):
    """Give the share of the lung's voxels below the limit, 0 to 1."""
    lungs = regions.lungs(hounsfield)
    return float((hounsfield[lungs] < LIMIT_HU).mean())


def quantify_file(path, target):
    """Quantify one image, and say the share."""
    percent = 100 * share(nifti.read_nifti(path).voxels)
    (target / f"{nifti.stem(path)}.emphysema.json").write_text(
        json.dumps({"emphysema (%)": round(percent, 2)})
    )
    return f"{path.name}: emphysema {percent:.2f} %"


if __name__ == "__main__":
    sys.exit(batch.run(quantify_file, images))
