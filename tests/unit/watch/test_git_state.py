"""Whether git is at work, and what it has checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edk.adapters.git.state import GitState


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def test_a_locked_index_is_seen_in_the_root_above_it_and_right_below(tmp_path: Path) -> None:
    """A checkout is noticed wherever the repository stands that holds what is watched."""
    above = repository(tmp_path / "above")
    (above / "extensions" / "a").mkdir(parents=True)
    below = repository(tmp_path / "other" / "b")
    state = GitState([str(above / "extensions"), str(tmp_path / "other")])
    assert not state.busy()

    for folder in (above, below):
        lock = folder / ".git" / "index.lock"
        lock.touch()
        assert state.busy()
        lock.unlink()

    assert not state.busy()


def test_a_switch_and_a_commit_change_the_head(tmp_path: Path) -> None:
    """What is checked out is a text that changes with it, and with nothing else."""
    folder = repository(tmp_path / "x")
    state = GitState([str(folder)])
    first = state.head()
    (folder / "file").write_text("1")
    assert first == state.head()

    git(folder, "checkout", "-q", "-b", "other")
    second = state.head()
    git(folder, "commit", "-q", "--allow-empty", "-m", "two")

    assert 3 == len({first, second, state.head()})


def test_a_linked_work_tree_and_a_missing_folder(tmp_path: Path) -> None:
    """A work tree whose ``.git`` is a file is followed; a folder that is not there is no obstacle."""
    folder = repository(tmp_path / "x")
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"))
    state = GitState([str(tmp_path / "linked"), str(tmp_path / "gone")])
    before = state.head()

    git(tmp_path / "linked", "checkout", "-q", "--detach")

    assert before != state.head()
    assert not state.busy()
