"""`edk code-server setup`: which files are written, and which are not."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from edk.cli import main
from edk.commands.code_server import command_line, set_up
from edk.domain.code_server import USER_SETTINGS
from edk.domain.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of extensions."""
    made = tmp_path / "extensions"
    made.mkdir()
    return made


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_what_is_missing_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three files in the folder; the user's settings are only told."""
    assert 0 == main(["code-server", "setup", "--dir", str(folder)])
    shown = capsys.readouterr().out

    assert [".vscode/extensions.json", ".vscode/settings.json", ".vscode/tasks.json"] == sorted(files(folder))
    assert f"{folder}/.vscode/tasks.json: written: task “EDK: follow the watcher” added" in shown
    assert '"security.workspace.trust.enabled": false' in shown
    assert "--user-settings FILE" in shown


def test_a_second_run_changes_nothing(folder: Path) -> None:
    """And says so."""
    settings = folder / "User/settings.json"
    set_up(str(folder), str(settings))
    before = files(folder)

    told = set_up(str(folder), str(settings))

    assert before == files(folder)
    assert ["nothing to do"] * 4 == [line.rpartition(": ")[2] for line in told]


def test_a_dry_run_prints_and_writes_nothing(folder: Path) -> None:
    """What is added, as a difference."""
    told = set_up(str(folder), str(folder / "settings.json"), dry_run=True)

    assert {} == files(folder)
    assert f"{folder}/settings.json: would be written" in told
    assert '+    "task.allowAutomaticTasks": "on"' in told


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            ".vscode/tasks.json",
            b'{"tasks": [}',
            ".vscode/tasks.json:1:12: expected a value, not '}'; nothing was changed",
        ),
        (".vscode/extensions.json", b"\xff", ".vscode/extensions.json is no UTF-8; nothing was changed"),
        ("settings.json", b"[1]", "settings.json:1:1: expected an object in braces; nothing was changed"),
    ],
)
def test_a_file_that_can_not_be_read_stops_everything(folder: Path, name: str, content: bytes, message: str) -> None:
    """No file is written, whichever one it is."""
    (folder / ".vscode").mkdir()
    (folder / name).write_bytes(content)

    with pytest.raises(UsageError) as raised:
        set_up(str(folder), str(folder / "settings.json"))

    assert f"{folder}/{message}" == raised.value.message
    assert {name: content} == files(folder)


def test_a_folder_in_place_of_the_settings(folder: Path) -> None:
    """The hint names the file that is usual."""
    with pytest.raises(UsageError) as raised:
        set_up(str(folder), str(folder))

    assert (f"{folder} is a folder", True) == (raised.value.message, "User/settings.json" in raised.value.hint)
    assert {} == files(folder)


def test_a_link_and_a_mode_stay(folder: Path) -> None:
    """The file behind the link is written, and nobody may read it who might not before."""
    real = folder / "dotfiles.json"
    real.write_text('{\n  "token": "secret"\n}\n')
    real.chmod(0o600)
    link = folder / "settings.json"
    link.symlink_to(real)

    set_up(str(folder), str(link))

    assert link.is_symlink()
    assert 0o600 == stat.S_IMODE(real.stat().st_mode)
    assert {"token": "secret", **USER_SETTINGS} == json.loads(real.read_text())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is made for it."""
    with pytest.raises(UsageError):
        set_up(str(tmp_path / "gone"))

    assert [] == list(tmp_path.iterdir())


def test_tasks_run_this_very_edk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script beside this Python, else the module; what else is on PATH does not count."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert (str(tmp_path / "python"), "-P", "-m", "edk") == command_line()

    (tmp_path / "edk").write_text("#!/bin/sh\n")
    (tmp_path / "edk").chmod(0o755)
    assert (str(tmp_path / "edk"),) == command_line()
    assert os.access(command_line()[0], os.X_OK)
