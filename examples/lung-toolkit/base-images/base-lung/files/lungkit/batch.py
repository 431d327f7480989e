"""The platform's contract with a processing container, as far as these programs use it.

A workflow's data lie in /<WORKFLOW_DIR>/<BATCH_NAME>/<element>/; an operator reads each element's folder
OPERATOR_IN_DIR and writes to its folder OPERATOR_OUT_DIR.
"""

import os
import sys
from pathlib import Path


class NothingToDoError(Exception):
    """The environment or the batch gives an operator nothing to work on."""


def elements():
    """List (name, input folder, output folder) of every batch element, sorted by name.

    Raises NothingToDoError if a variable is missing or the batch is empty.
    """
    workflow, batch, source, target = (
        _variable(name) for name in ("WORKFLOW_DIR", "BATCH_NAME", "OPERATOR_IN_DIR", "OPERATOR_OUT_DIR")
    )
    root = Path("/", workflow, batch)
    folders = sorted(path for path in root.glob("*") if path.is_dir())
    if not folders:
        raise NothingToDoError(f"no batch elements in {root}")
    return [(folder.name, folder / source, folder / target) for folder in folders]


def run(work, inputs):
    """Do the work for each input of each element, and give the exit code: 0 only if all went well.

    inputs(folder) lists the files to work on; work(file, output folder) returns a line to print. A file that
    fails with ValueError or OSError is told and counted, and the others are still done.
    """
    done, failed = 0, 0
    try:
        batch = elements()
    except NothingToDoError as error:
        return _tell(f"error: {error}")
    for name, source, target in batch:
        files = inputs(source)
        if not files:
            _tell(f"error: {name}: no input in {source}")
            failed += 1
        for file in files:
            try:
                target.mkdir(parents=True, exist_ok=True)
                print(f"{name}: {work(file, target)}", flush=True)
                done += 1
            except (ValueError, OSError) as error:
                failed += 1
                _tell(f"error: {name}: {error}")
    print(f"{done} done, {failed} failed", flush=True)
    return 0 if done and not failed else 1


def _variable(name):
    value = os.environ.get(name, "")
    if not value:
        raise NothingToDoError(f"the environment variable {name} is not set")
    return value


def _tell(message):
    print(message, file=sys.stderr, flush=True)
    return 1
