"""Describes every NIfTI image of each case: <image>.json with its size and that of a voxel.

`process_file` is the work, to be replaced by your own. The rest is what the platform expects of a task: its
channels are folders, mounted where processing-container.json says, with a folder for each case,

    /home/kaapana/cases/<case>      what the task before has written
    /home/kaapana/results/<case>    what this one writes

and the exit code tells whether all went well: anything but 0 ends the workflow.
"""

import gzip
import json
import os
import struct
import sys
import zlib
from pathlib import Path

CASES = Path(os.environ.get("CASES_DIR", "/home/kaapana/cases"))
RESULTS = Path(os.environ.get("RESULTS_DIR", "/home/kaapana/results"))
SUFFIXES = (".nii", ".nii.gz")


def process_file(path, target):
    """Work on one file, write into the folder `target`, and return a line for the log.

    Raises ValueError or OSError if it can't; the other files are done all the same.
    """
    found = describe(read_header(path))
    result = target / f"{path.name.removesuffix('.gz').removesuffix('.nii')}.json"
    result.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return f"{path.name}: {' × '.join(map(str, found['size']))} voxels"


def read_header(path):
    """Return the first 348 bytes of a NIfTI-1 file, its header."""
    try:
        with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as file:
            return file.read(348)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path}: {error}") from error


def describe(header):
    """Return the image's size in voxels and a voxel's size in millimetres, as the header tells them."""
    order = next((o for o in "<>" if header[:4] == struct.pack(f"{o}i", 348)), "")
    if not order or len(header) < 348:
        raise ValueError("no NIfTI-1 header")
    axes, *size = struct.unpack_from(f"{order}8h", header, 40)
    if not 1 <= axes <= 7:
        raise ValueError(f"an image of {axes} axes")
    voxel = struct.unpack_from(f"{order}8f", header, 76)[1:]
    return {"size": size[:axes], "voxel_mm": [round(edge, 6) for edge in voxel[:axes]]}


def main():
    """Work on every file of every case, and return the exit code: 0 if there were files, and all went well."""
    done = failed = 0
    for case in sorted(path for path in CASES.glob("*") if path.is_dir()):
        files = sorted(path for path in case.rglob("*") if path.name.endswith(SUFFIXES))
        if not files:
            print(f"error: no {' or '.join(SUFFIXES)} in {case}", file=sys.stderr)
            failed += 1
        for path in files:
            target = RESULTS / path.parent.relative_to(CASES)
            try:
                target.mkdir(parents=True, exist_ok=True)
                print(f"{case.name}: {process_file(path, target)}", flush=True)
                done += 1
            except (ValueError, OSError) as error:
                print(f"error: {case.name}: {path.name}: {error}", file=sys.stderr)
                failed += 1
    print(f"{done} done, {failed} failed", flush=True)
    return 0 if done and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
