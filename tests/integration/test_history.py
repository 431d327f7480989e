"""What real repositories say of the sources, and that nothing of them runs."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edk.adapters.git import GitHistory
from edk.domain.history import blob_name

pytestmark = pytest.mark.integration

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user does, and return what it prints."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments], env=_ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit."""
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a" / "Dockerfile").write_text("FROM x\n")
    (top / "a" / "ü b").write_text("named oddly\n")
    (top / "run.sh").write_text("#!/bin/sh\n")
    (top / "run.sh").chmod(0o755)
    (top / "link").symlink_to("run.sh")
    git(tmp_path, "init", "-q", "-b", "main", "top")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "one")
    return top


@pytest.fixture
def history() -> GitHistory:
    """What reads repositories, without the settings of this machine."""
    return GitHistory(_ENVIRONMENT)


def test_the_commit_and_all_that_it_holds(repository: Path, history: GitHistory) -> None:
    """From any folder in the work tree; contents by the names that git itself gives them."""
    found = history.revision(str(repository / "a"))

    assert found is not None
    assert (str(repository), git(repository, "rev-parse", "HEAD"), "") == (found.top, found.commit, found.source)
    assert ["a/Dockerfile", "a/ü b", "link", "run.sh"] == list(found.paths)
    assert ("100755", git(repository, "hash-object", "run.sh")) == found.files["run.sh"]
    assert ("120000", blob_name("sha1", 6, [b"run.sh"])) == found.files["link"]


def test_a_new_commit_is_seen(repository: Path, history: GitHistory) -> None:
    """Also where refs are packed, and where the branch changed."""
    seen = {_commit(history, repository)}
    for after in (("pack-refs", "--all"), ("checkout", "-q", "-b", "other"), ("checkout", "-q", "--detach")):
        git(repository, *after)
        git(repository, "commit", "-q", "--allow-empty", "-m", "next")
        assert git(repository, "rev-parse", "HEAD") == _commit(history, repository)
        seen.add(_commit(history, repository))
    git(repository, "checkout", "-q", "main")

    assert git(repository, "rev-parse", "HEAD") == _commit(history, repository)
    assert 4 == len(seen)


def test_linked_work_trees_and_submodules_are_repositories_of_their_own(
    repository: Path, history: GitHistory, tmp_path: Path
) -> None:
    """Their ``.git`` is a file."""
    git(repository, "worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    assert git(repository, "rev-parse", "HEAD") == _commit(history, tmp_path / "linked")
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "next")
    assert git(tmp_path / "linked", "rev-parse", "HEAD") == _commit(history, tmp_path / "linked")

    whole = tmp_path / "whole"
    git(tmp_path, "init", "-q", "whole")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "inner")
    git(whole, "commit", "-q", "-m", "one")
    assert git(repository, "rev-parse", "main") == _commit(history, whole / "inner" / "a")


def test_what_is_no_sound_repository_has_no_history(history: GitHistory, tmp_path: Path, repository: Path) -> None:
    """No repository, none above a broken one, a bare one, one without a commit, one that lost its objects."""
    assert history.revision(str(tmp_path)) is None

    broken = repository / "broken"
    (broken / ".git").mkdir(parents=True)
    assert history.revision(str(broken)) is None
    (broken / ".git").rmdir()
    (broken / ".git").write_text("gitdir: /nowhere\n")
    assert history.revision(str(broken)) is None

    git(tmp_path, "init", "-q", "--bare", "bare")
    assert history.revision(str(tmp_path / "bare")) is None

    git(tmp_path, "init", "-q", "unborn")
    assert history.revision(str(tmp_path / "unborn")) is None
    git(tmp_path / "unborn", "commit", "-q", "--allow-empty", "-m", "one")
    assert history.revision(str(tmp_path / "unborn")) is not None


def test_without_a_git_program_there_is_no_history(repository: Path, tmp_path: Path) -> None:
    """And nothing fails."""
    assert GitHistory({"PATH": str(tmp_path)}).revision(str(repository)) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:s3cret@h.example.org/x.git", "https://h.example.org/x.git"),
        ("https://s3cret@h.example.org/x.git", "https://h.example.org/x.git"),
        ("git@h.example.org:x/y.git", "git@h.example.org:x/y.git"),
        ("ssh://git@h.example.org/x.git", "ssh://git@h.example.org/x.git"),
        ("/srv/git/x.git", ""),
        ("../x.git", ""),
        ("file:///srv/git/x.git", ""),
    ],
)
def test_the_source_is_an_address_without_a_password(
    repository: Path, history: GitHistory, url: str, expected: str
) -> None:
    """A folder of this machine is no address to anybody else."""
    git(repository, "remote", "add", "origin", url)
    git(repository, "remote", "add", "fork", "https://h.example.org/fork.git")
    found = history.revision(str(repository))

    assert expected == (found.source if found else None)


def test_nothing_of_a_repository_runs(repository: Path, history: GitHistory, tmp_path: Path) -> None:
    """Neither hooks, nor its monitor, nor filters, nor diff programs, nor what would fetch a missing object."""
    trap = tmp_path / "trap"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    programs = "core.fsmonitor filter.x.clean filter.x.smudge filter.x.process diff.external core.sshCommand core.pager"
    for name in (*programs.split(), "core.alternateRefsCommand", "alias.ls-tree", "credential.helper"):
        git(repository, "config", name, str(script))
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (repository / ".git" / "hooks" / hook).write_text(script.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    git(repository, "config", "remote.origin.url", "ext::" + str(script))
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "extensions.partialClone", "origin")
    trap.unlink(missing_ok=True)
    (repository / "run.sh").write_text("changed\n")

    assert history.revision(str(repository)) is not None
    for each in (repository / ".git" / "objects").glob("??/*"):
        each.unlink()
    assert GitHistory(_ENVIRONMENT).revision(str(repository)) is None
    assert not trap.exists()


def test_many_threads_ask_at_once(repository: Path, history: GitHistory) -> None:
    """All get the same, and git runs for one of them."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: history.revision(str(repository / "a")), range(40)))

    assert 1 == len({id(each) for each in found})
    assert found[0] is not None


def _commit(history: GitHistory, folder: Path) -> str:
    found = history.revision(str(folder))
    return found.commit if found else ""
