"""What holds for all files of the examples. Their programs are tested in examples/ beside this file."""

import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
OTSUS = EXAMPLES / "otsus-method/processing-containers/otsus-method/files"
LUNGKIT = EXAMPLES / "lung-toolkit/base-images/base-lung/files/lungkit"


@pytest.mark.parametrize("name", ["nifti.py", "batch.py"])
def test_shared_modules_are_the_same(name):
    """Each extension stands alone, so both carry these modules; a fix to one must reach the other."""
    assert (OTSUS / name).read_text() == (LUNGKIT / name).read_text()


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: str(path.relative_to(EXAMPLES))
)
def test_syntax(path):
    """Every Python file of the examples compiles."""
    compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.json")), ids=lambda path: path.parent.name)
def test_json(path):
    """Every JSON file of the examples is one."""
    assert isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
