"""Fixtures for the programs inside the examples' images: imported by path, run on synthetic volumes."""

import importlib
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def examples():
    """Give the folder of the examples."""
    return EXAMPLES


@pytest.fixture
def program(monkeypatch):
    """Import a program's module as its container does: with its folder on the path, and forget it after."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the folder is what an image is built from

    def load(folder, name):
        monkeypatch.setattr(sys, "path", [str(EXAMPLES / folder), *sys.path])
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(EXAMPLES)):
            del sys.modules[name]


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Set up a batch of one element, case-1, with an empty input folder, and give its folder."""
    for name, value in {
        "WORKFLOW_DIR": str(tmp_path),
        "BATCH_NAME": "batch",
        "OPERATOR_IN_DIR": "in",
        "OPERATOR_OUT_DIR": "out",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "batch/case-1/in").mkdir(parents=True)
    return tmp_path / "batch/case-1"
