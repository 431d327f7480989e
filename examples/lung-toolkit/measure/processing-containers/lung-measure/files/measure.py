"""Measures the lungs in <IMAGES_DIR>/<case>/*.nii.gz: <FIGURES_DIR>/<case>.json."""

import json
import os
import sys
from pathlib import Path

from lungkit import nifti, regions


def figures(path):
    """Give volume in millilitres and mean density in Hounsfield units of the lungs in one image."""
    image = nifti.read_nifti(path)
    lungs = regions.lungs(image.voxels)
    return {
        "volume (ml)": round(float(lungs.sum() * image.voxel_ml), 2),
        "mean density (HU)": round(float(image.voxels[lungs].mean()), 1),
    }


def main():
    """Measure all, and give the exit code: 1 if there is nothing to measure or an image is bad."""
    source = Path(os.environ.get("IMAGES_DIR", "/home/kaapana/images"))
    target = Path(os.environ.get("FIGURES_DIR", "/home/kaapana/figures"))
    paths = sorted(source.glob("*/*.nii.gz"))
    if not paths:
        print(f"error: no */*.nii.gz in {source}", file=sys.stderr)
        return 1
    failed = 0
    target.mkdir(parents=True, exist_ok=True)
    for path in paths:
        try:
            found = figures(path)
        except (ValueError, OSError) as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        (target / f"{path.parent.name}.json").write_text(json.dumps(found))
        print(f"{path.parent.name}: {found}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
