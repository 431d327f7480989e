"""Processes that look at folders and read files for another one, and what is done where they can't."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edk.adapters import marking
from edk.adapters.files import FileTree
from edk.adapters.forerunners import ProcessForerunners
from edk.adapters.marks import mark_of_folder
from edk.orchestrator import ahead


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


@pytest.fixture
def forerunners() -> Iterator[ProcessForerunners]:
    """Return real processes, ended behind the test."""
    made = ProcessForerunners()
    yield made
    made.close()


def requests(folders: list[str]) -> Iterator[bytes]:
    """Yield what asks for the one file of each folder."""
    return (
        msgspec.msgpack.encode(ahead.Asked(ahead.PYTHON, [f"{folder}/file.py"], [], ""))
        for folder in folders
        if "\udcff" not in folder
    )


def test_processes_answer_as_this_one_does(folders: list[str], forerunners: ProcessForerunners) -> None:
    """Each question is answered once, in any order."""
    for folder in folders[:-1]:
        os.utime(f"{folder}/file.py", ns=(0, 0))
    time.sleep(2.1)  # what was written to a moment ago is not told of

    answers = list(forerunners.run(requests(folders)))

    assert sorted(ahead.answer(request, FileTree()) for request in requests(folders)) == sorted(answers)
    assert 40 == sum(b"file.py" in answer for answer in answers)


def test_processes_that_fail_end_the_answers(folders: list[str]) -> None:
    """Nothing is raised, and they are not asked again."""
    forerunners = ProcessForerunners(("-c", "raise SystemExit(1)"))

    assert [] == list(forerunners.run(requests(folders)))
    assert [] == list(forerunners.run(requests(folders)))


def test_a_single_core_has_no_forerunners(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take the time from the one that waits for them."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})

    assert [] == list(ProcessForerunners().run(requests(folders)))
