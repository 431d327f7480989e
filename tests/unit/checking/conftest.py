"""An extension on a real disk, and `edk check` of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edk.cli import main
from tests.unit.checking.ground import BASES, SOUND

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sound extension in a folder, with the bases in a clone of the platform."""
    for name in [name for name in os.environ if name.startswith(("EDK_", "KAAPANA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "extensions"))
    monkeypatch.setenv("KAAPANA_REPO_PATH", str(tmp_path / "kaapana"))
    monkeypatch.setenv("DOCKER_HOST", "tcp://nobody.invalid:1")
    (tmp_path / "kaapana" / ".git").mkdir(parents=True)
    folder = tmp_path / "extensions" / "my-flow"
    for path, content in {**SOUND, **BASES}.items():
        file = tmp_path / path.removeprefix("/w/") if path.startswith("/") else folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.replace("/w/kaapana", str(tmp_path / "kaapana")))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(ext: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line; returns its exit code and what it printed."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *(arguments if "--all" in arguments else ("--dir", str(ext), *arguments))])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
