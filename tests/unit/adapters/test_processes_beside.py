"""A process that looks at folders beside a plan, and what is done where it can't."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edk.adapters import marking
from edk.adapters.marks import mark_of_folder


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have two cores, whatever it has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Return folders with a file each, of which one is not there, and one has a name that is no UTF-8."""
    paths = [os.fsencode(tmp_path / f"folder {number}") for number in range(40)]
    paths.append(os.fsencode(tmp_path) + b"/\xff")
    for path in paths:
        Path(os.fsdecode(path)).mkdir()
        (Path(os.fsdecode(path)) / "file.py").write_bytes(path)
    return [os.fsdecode(path) for path in paths] + [str(tmp_path / "gone")]


def test_another_process_takes_the_same_marks(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many folders most are looked at by it."""
    monkeypatch.setattr(marking, "WORTH", 1)
    looked_at: list[str] = []
    expected = [mark_of_folder(folder) for folder in folders]
    monkeypatch.setattr(marking, "mark_of_folder", lambda folder: looked_at.append(folder) or mark_of_folder(folder))

    assert expected == marking.start_marking(folders)()
    assert len(folders) // 2 > len(looked_at)


@pytest.mark.parametrize("executable", ["/bin/false", "/nowhere/python"])
def test_without_another_process_this_one_takes_all(
    folders: list[str], monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    """One that can't be started, or fails, is no obstacle."""
    monkeypatch.setattr(marking, "WORTH", 1)
    monkeypatch.setattr(sys, "executable", executable)

    assert [mark_of_folder(folder) for folder in folders] == marking.start_marking(folders)()
