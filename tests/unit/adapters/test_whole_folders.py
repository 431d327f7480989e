"""Folders are written whole or not at all."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.whole_folders import write_whole_folder
from edk.domain.errors import UsageError

FILES = {"README.md": b"text\n", "a/b/c.txt": b"", "a/.hidden": "ä".encode()}
_KILLED = """
import os, signal, sys
from edk.adapters.whole_folders import write_whole_folder
class Files(dict):
    def items(self):
        yield "first", b"1"
        os.kill(os.getpid(), signal.SIGKILL)
write_whole_folder(sys.argv[1], Files())
"""


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


class Interrupted(dict[str, bytes]):
    """Files whose second one is never reached."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(FILES)
        self._error = error

    def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]
        """Yield one file, and raise."""
        yield "first", b"1"
        raise self._error


def test_a_folder_appears_with_all_its_files(tmp_path: Path) -> None:
    """Where nothing is; folders in it are made as needed, and modes are those of the user's umask."""
    write_whole_folder(str(tmp_path / "new"), FILES)

    assert FILES == contents(tmp_path / "new")
    assert ["new"] == names(tmp_path)
    (tmp_path / "usual").mkdir()
    assert (tmp_path / "usual").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_an_empty_folder_gives_way(tmp_path: Path) -> None:
    """Nothing is lost with it."""
    (tmp_path / "new").mkdir()
    write_whole_folder(str(tmp_path / "new"), FILES)

    assert FILES == contents(tmp_path / "new")


@pytest.mark.parametrize("kind", ["full folder", "file", "link"])
def test_what_is_there_stays(tmp_path: Path, kind: str) -> None:
    """Be it a folder with something in it, a file, or a link to an empty folder."""
    place = tmp_path / "new"
    if kind == "full folder":
        place.mkdir()
        (place / "mine").write_text("mine")
    elif kind == "file":
        place.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to("elsewhere")
    before = names(tmp_path), contents(tmp_path)

    with pytest.raises(UsageError, match="can't be written") as raised:
        write_whole_folder(str(place), FILES)

    assert "another name" in raised.value.hint
    assert before == (names(tmp_path), contents(tmp_path))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a fault")])
def test_an_interruption_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """What was begun is removed, and what happened is not swallowed."""
    with pytest.raises(type(error)):
        write_whole_folder(str(tmp_path / "new"), Interrupted(error))

    assert [] == names(tmp_path)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A file may not become as large as it should; the error says what to do."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        with pytest.raises(UsageError, match="File too large") as raised:
            write_whole_folder(str(tmp_path / "new"), {**FILES, "z": b"x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    assert "free space" in raised.value.hint
    assert [] == names(tmp_path)


def test_a_killed_process_leaves_nothing_that_lasts(tmp_path: Path) -> None:
    """Nothing at the place itself; what is left beside it is hidden, and the next one removes it."""
    place = tmp_path / "new"
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(place)], check=False, timeout=60)

    assert -signal.SIGKILL == killed.returncode
    assert not place.exists()
    assert [".new.edk-partial"] == names(tmp_path)

    write_whole_folder(str(place), FILES)

    assert ["new"] == names(tmp_path)
    assert FILES == contents(place)


def test_a_folder_above_that_is_gone_is_not_made(tmp_path: Path) -> None:
    """It may be a mount that is missing."""
    with pytest.raises(UsageError, match="can't be written"):
        write_whole_folder(str(tmp_path / "gone/new"), FILES)

    assert [] == names(tmp_path)
