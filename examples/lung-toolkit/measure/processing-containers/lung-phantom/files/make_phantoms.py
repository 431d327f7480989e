"""Makes PHANTOMS chests with NODULES nodules each: <IMAGES_DIR>/phantom-<n>/ct.nii.gz."""

import os
import sys
from pathlib import Path

from lungkit import nifti, phantom


def main():
    """Make them, and give the exit code."""
    try:
        count, nodules = int(os.environ.get("PHANTOMS", "2")), int(os.environ.get("NODULES", "2"))
    except ValueError as error:
        print(f"error: PHANTOMS and NODULES are whole numbers: {error}", file=sys.stderr)
        return 1
    for number in range(count):
        folder = Path(os.environ.get("IMAGES_DIR", "/home/kaapana/images"), f"phantom-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        made = phantom.chest(nodules=nodules, seed=number)
        nifti.write_nifti(folder / "ct.nii.gz", nifti.from_array(made.hounsfield, spacing=(7.0, 7.0, 6.0)))
        print(f"{folder}: {nodules} nodules", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
