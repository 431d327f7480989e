"""The command line of ``edk builder``: what it refuses, and what it prints."""

from __future__ import annotations

import shutil

import pytest

from edk.cli import main
from edk.domain.buildkitd import DaemonState, Lowered, Raised
from edk.ui.builder_text import down_lines, state_as_json, state_lines, up_lines

RUNS = DaemonState(
    "unix:///s", 5, answers=True, version="v0.17.3", workers=(("w1", ("linux/amd64",)),), cache_bytes=1_500_000,
    cache_limit=20_000_000_000, jobs=4,
)  # fmt: skip


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of the test's own."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--cache-limit", "lots"], "'lots' is no size"),
        (["up", "--cache-limit", "1MB"], "at least 20MB"),
        (["up", "--jobs", "0"], "--jobs must be 1 or more"),
        (["up", "--jobs", "x"], "invalid int value"),
        (["up", "--data"], "belongs to edk builder down"),
        (["up", "--json"], "belongs to edk builder status"),
        (["down", "--jobs", "2"], "belongs to edk builder up"),
        (["status", "--cache-limit", "1GB"], "belongs to edk builder up"),
        (["restart"], "invalid choice"),
        ([], "required: action"),
    ],
)
def test_refuses_what_makes_no_sense(arguments, said, capsys) -> None:
    """With exit code 2, and nothing is written."""
    assert 2 == main(["builder", *arguments])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "hint"),
    [("buildkitd", "moby/buildkit"), ("buildctl", "moby/buildkit"), ("runc", "apt-get install runc")],
)
def test_says_which_program_is_missing(missing, hint, monkeypatch, capsys, state) -> None:
    """With exit code 4 and what to do; no folder is made."""
    known = {"buildkitd", "buildctl", "runc", "rootlesskit", "newuidmap"} - {missing}
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"/usr/bin/{name}" if name in known else None)

    assert 4 == main(["builder", "up"])

    err = capsys.readouterr().err
    assert f"{missing}" in err.splitlines()[0]
    assert hint in err
    assert not (state / "buildkit").exists()


def test_the_limit_may_come_from_the_environment(monkeypatch, capsys) -> None:
    """As any setting."""
    monkeypatch.setenv("EDK_DAEMON_CACHE_LIMIT", "3MB")

    assert 2 == main(["builder", "up"])
    assert "3000000 bytes is too small" in capsys.readouterr().err


def test_status_without_a_daemon(capsys, state) -> None:
    """Exit code 4, and what starts one; nothing is made."""
    assert 4 == main(["builder", "status"])
    assert "edk builder up starts one" in capsys.readouterr().out
    assert not (state / "buildkit").exists()


def test_the_state_is_told_whole() -> None:
    """Address, version, workers, use against limit."""
    told = ("unix:///s", "v0.17.3", "w1", "linux/amd64", "1.5 MB of 20.0 GB")
    text = "\n".join(state_lines(RUNS))

    assert [] == [word for word in told if word not in text]


def test_one_that_hangs_is_told() -> None:
    """With what ends it."""
    assert "edk builder down" in "\n".join(state_lines(DaemonState("unix:///s", 5)))


def test_the_json_has_every_field() -> None:
    """Whether it runs or not, the same ones."""
    assert list(state_as_json(RUNS)) == list(state_as_json(DaemonState("unix:///s")))
    assert {"id": "w1", "platforms": ["linux/amd64"]} == state_as_json(RUNS)["workers"][0]


def test_what_was_done_is_told() -> None:
    """One line each."""
    assert "ended 1 process that" in up_lines(Raised(RUNS, started=True, cleared=1))[0]
    assert "ran already" in up_lines(Raised(RUNS, started=False))[0]
    assert ["ended process 5", "ended 2 processes that were left of builds", "removed its cache"] == down_lines(
        Lowered(5, 2), data=True
    )
