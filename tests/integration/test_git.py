"""`edk init` on real repositories: clones, bundles, local changes, interruptions, hooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edk.adapters.git import GitClones, without_password
from edk.adapters.locks import FileLocks
from edk.adapters.placing import PlacedFolders
from edk.domain.errors import InfrastructureError, SourceError, UsageError
from edk.domain.events import Event, Noticed
from edk.orchestrator.init import EXAMPLE_IN_REPOSITORY, initialise
from edk.orchestrator.init_model import InitRequest, InitResult, Tools

pytestmark = pytest.mark.integration

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user does, and return what it prints."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments], env=_ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class World:
    """An upstream repository with two commits, and a place for a clone of it."""

    base: Path
    upstream: Path
    path: Path
    first: str
    second: str
    told: list[str]

    def init(self, version: str = "0.6.0", branch: str = "develop", source: str = "") -> InitResult:
        """Run `edk init` on it."""
        source = source or os.fspath(self.upstream)
        request = InitRequest(
            source,
            without_password(source),
            os.fspath(self.path),
            version,
            branch,
            f"{self.path}/extensions",
            os.fspath(self.base / "own-example"),
        )
        return initialise(request, self.tools())

    def tools(self) -> Tools:
        """The real tools, whose notices are kept."""
        locks = FileLocks(os.fspath(self.base / "state"), "edk init")
        return Tools(GitClones(_ENVIRONMENT), PlacedFolders(), locks, self.hear)

    def hear(self, event: Event) -> None:
        """Keep a notice."""
        assert isinstance(event, Noticed)
        self.told.append(event.message)

    def described(self) -> str:
        """The second commit as `git describe` names it."""
        return f"0.6.0-1-g{self.second[:9]}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An upstream whose tag 0.6.0 is its first commit and whose branch develop is at its second."""
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    git(upstream, "init", "-q", "-b", "develop")
    (upstream / "a.txt").write_text("one\n")
    (upstream / "tool.sh").write_text("#!/bin/sh\n")
    (upstream / "tool.sh").chmod(0o755)
    (upstream / "link").symlink_to("a.txt")
    git(upstream, "add", "-A")
    git(upstream, "commit", "-qm", "one")
    git(upstream, "tag", "-a", "0.6.0", "-m", "release")
    first = git(upstream, "rev-parse", "HEAD")
    (upstream / "a.txt").write_text("two\n")
    (upstream / "lib").mkdir()
    (upstream / "lib" / "b.txt").write_text("b\n")
    example = upstream / EXAMPLE_IN_REPOSITORY
    example.mkdir(parents=True)
    (example / "README.md").write_text("theirs\n")
    git(upstream, "add", "-A")
    git(upstream, "commit", "-qm", "two")
    own = tmp_path / "own-example"
    own.mkdir()
    (own / "README.md").write_text("ours\n")
    return World(tmp_path, upstream, tmp_path / "app" / "kaapana", first, git(upstream, "rev-parse", "HEAD"), [])


def status(world: World) -> str:
    """What `git status` says of the clone beside the extensions folder."""
    return git(world.path, "status", "--porcelain", "--", ".", ":!extensions")


def test_clones_at_the_tag_and_copies_our_example(world: World) -> None:
    """A first run gives a clean clone at the platform's version; without theirs, our example is copied."""
    result = world.init()

    assert (world.first, True, True) == (result.commit, result.cloned, result.example_copied)
    assert world.first == git(world.path, "rev-parse", "HEAD")
    assert "" == status(world)
    assert os.access(world.path / "tool.sh", os.X_OK)
    assert "a.txt" == os.fspath((world.path / "link").readlink())
    assert "ours\n" == (world.path / "extensions/otsus-method/README.md").read_text()
    assert ["kaapana"] == [entry.name for entry in world.path.parent.iterdir()]


def test_a_described_version_means_its_commit(world: World) -> None:
    """The part after -g is the commit; the repository's own example wins over ours."""
    result = world.init(world.described())

    assert world.second == result.commit
    assert "theirs\n" == (world.path / "extensions/otsus-method/README.md").read_text()


def test_a_second_run_changes_nothing(world: World) -> None:
    """What is in place stays untouched, down to times, and the example is not copied again."""
    world.init(world.described())
    (world.path / "extensions/otsus-method/README.md").write_text("mine\n")
    before = (world.path / "a.txt").stat().st_mtime_ns

    again = world.init(world.described())

    assert (False, False, False) == (again.cloned, again.moved, again.example_copied)
    assert before == (world.path / "a.txt").stat().st_mtime_ns
    assert "mine\n" == (world.path / "extensions/otsus-method/README.md").read_text()


def test_an_existing_clone_moves_and_keeps_what_is_local(world: World) -> None:
    """Another version is checked out beneath local changes, untracked files and extensions."""
    world.init()
    (world.path / "tool.sh").write_text("mine\n")
    (world.path / "notes").write_text("mine\n")

    result = world.init(world.described())

    assert (world.second, False, True) == (result.commit, result.cloned, result.moved)
    assert "two\n" == (world.path / "a.txt").read_text()
    assert ("mine\n", "mine\n") == ((world.path / "tool.sh").read_text(), (world.path / "notes").read_text())


def test_a_new_commit_upstream_is_fetched(world: World) -> None:
    """An existing clone gets what the source got since."""
    world.init(world.described())
    (world.upstream / "a.txt").write_text("three\n")
    git(world.upstream, "commit", "-qam", "three")

    result = world.init("")

    assert git(world.upstream, "rev-parse", "HEAD") == result.commit


@pytest.mark.parametrize("name", ["a.txt", "lib/b.txt"])
def test_changes_in_the_way_are_named_and_kept(world: World, name: str) -> None:
    """A changed or untracked file that the checkout would overwrite stops it; all stays as it was."""
    world.init()
    (world.path / name).parent.mkdir(exist_ok=True)
    (world.path / name).write_text("mine\n")

    with pytest.raises(SourceError, match=name) as caught:
        world.init(world.described())

    assert 3 == caught.value.exit_code
    assert "stash" in caught.value.hint
    assert world.first == git(world.path, "rev-parse", "HEAD")
    assert "mine\n" == (world.path / name).read_text()


def test_an_interrupted_checkout_is_finished(world: World) -> None:
    """Files that a killed checkout already wrote are no local changes."""
    world.init()
    (world.path / "a.txt").write_text("two\n")
    (world.path / "lib").mkdir()
    (world.path / "lib/b.txt").write_text("b\n")

    result = world.init(world.described())

    assert world.second == result.commit
    assert "" == status(world)


def test_own_commits_are_kept(world: World) -> None:
    """A clone with commits of the user on top of the version stays where it is."""
    world.init()
    git(world.path, "checkout", "-qb", "my-work")
    (world.path / "a.txt").write_text("mine\n")
    git(world.path, "commit", "-qam", "mine")
    mine = git(world.path, "rev-parse", "HEAD")

    result = world.init()

    assert (mine, False) == (result.commit, result.moved)
    assert "commits of yours" in world.told[-1]


def test_a_commit_that_no_branch_holds_is_not_left(world: World) -> None:
    """Leaving a detached commit of the user would lose it: told how to name it."""
    world.init(world.described())
    git(world.path, "checkout", "-q", world.first)
    (world.path / "a.txt").write_text("mine\n")
    git(world.path, "commit", "-qam", "mine")

    with pytest.raises(SourceError, match="no branch holds") as caught:
        world.init(world.described())

    assert "branch my-work" in caught.value.hint


def test_an_unfinished_merge_is_left_alone(world: World) -> None:
    """A merge in the middle stops init."""
    world.init()
    (world.path / ".git" / "MERGE_HEAD").write_text(world.second)

    with pytest.raises(SourceError, match="a merge is unfinished"):
        world.init(world.described())


def test_a_folder_that_is_no_clone_becomes_one_around_its_files(world: World) -> None:
    """Extensions and other files that are there stay; what differs from the commit is told."""
    mine = world.path / "extensions" / "mine" / "Dockerfile"
    mine.parent.mkdir(parents=True)
    mine.write_text("FROM x\n")
    (world.path / "a.txt").write_text("mine\n")
    (world.path / "lib").write_text("a file where they have a folder\n")

    result = world.init(world.described())

    assert (world.second, True) == (result.commit, result.cloned)
    assert ("FROM x\n", "mine\n") == (mine.read_text(), (world.path / "a.txt").read_text())
    assert {"M a.txt", "D lib/b.txt", "?? lib"} == {line.strip() for line in status(world).splitlines()}
    assert any("stay as they are" in said and "a.txt" in said for said in world.told)


def test_an_interrupted_copy_of_the_example_is_made_anew(world: World) -> None:
    """Half an example that a killed run left is neither taken for one nor left lying about."""
    half = world.path / "extensions" / ".otsus-method.edk-partial"
    half.mkdir(parents=True)
    (half / "half").write_text("")

    world.init()

    example = world.path / "extensions"
    assert ["otsus-method"] == [entry.name for entry in example.iterdir()]
    assert ["README.md"] == [entry.name for entry in (example / "otsus-method").iterdir()]


def test_from_a_bundle_without_a_network(world: World) -> None:
    """A bundle is a source like any other, for the clone and for later fetches."""
    bundle = world.base / "k.bundle"
    git(world.upstream, "bundle", "create", os.fspath(bundle), "--all")

    result = world.init(world.described(), source=os.fspath(bundle))
    again = world.init("", source=os.fspath(bundle))

    assert (world.second, world.second) == (result.commit, again.commit)


def test_branch_falls_back_to_feature_and_default(world: World) -> None:
    """A branch is looked for under its name, below feature/, and else the source's own is taken and said."""
    git(world.upstream, "branch", "feature/new-things", world.first)

    assert world.first == world.init("", "new-things").commit
    assert world.second == world.init("", "no-such").commit
    assert "‘no-such’ is not in" in " ".join(world.told)


def test_an_unknown_version_is_told_and_the_branch_taken(world: World) -> None:
    """A version that the repository does not have is no reason to stop."""
    assert world.second == world.init("9.9.9").commit
    assert any("‘9.9.9’ is not in" in said for said in world.told)


def test_an_offline_clone_that_holds_the_version_is_enough(world: World) -> None:
    """With the source gone, a commit or tag that is there is checked out; the failure is a notice."""
    world.init(world.described())
    gone = "https://localhost:9/kaapana.git"

    assert world.second == world.init(world.described(), source=gone).commit
    assert world.first == world.init("0.6.0", source=gone).commit
    assert any("going on with what" in said for said in world.told)


def test_an_unreachable_source_is_told_with_a_way_out(world: World) -> None:
    """Exit code 4, the way by a bundle, no password anywhere, and nothing left behind."""
    with pytest.raises(InfrastructureError) as caught:
        world.init(source="http://user:s3cret@localhost:9/kaapana.git")

    assert 4 == caught.value.exit_code
    assert "bundle" in caught.value.hint
    assert "s3cret" not in caught.value.message + caught.value.hint + " ".join(world.told)
    assert [] == list(world.path.parent.iterdir())


def test_what_is_no_repository_is_a_usage_error(world: World) -> None:
    """A path that is none is quoted, with exit code 2."""
    with pytest.raises(UsageError, match="no-such"):
        world.init(source=os.fspath(world.base / "no-such"))


def test_hooks_and_monitors_never_run(world: World) -> None:
    """Neither hooks of the user's template nor of the clone, nor a file system monitor run."""
    trap = world.base / "ran"
    world.init()
    hook = world.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    git(world.path, "config", "core.fsmonitor", os.fspath(hook))

    world.init(world.described())

    assert not trap.exists()
    git(world.path, "checkout", "-q", world.first)
    assert trap.exists(), "the trap itself must work"


def test_a_broken_clone_never_leads_to_a_repository_above(world: World) -> None:
    """A folder whose .git is empty is not taken for a part of the repository around it."""
    outer = world.path.parent
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "commit", "-q", "--allow-empty", "-m", "outer")
    before = git(outer, "rev-parse", "HEAD")
    (world.path / ".git").mkdir(parents=True)

    with pytest.raises((SourceError, UsageError)):
        world.init()

    assert before == git(outer, "rev-parse", "HEAD")


def test_killed_at_any_instant_the_next_run_converges(world: World) -> None:
    """After kill -9 at growing delays, one more run gives a clean clone and leaves nothing beside it."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from edk.adapters.git import GitClones; from edk.adapters.placing import PlacedFolders;"
        "from edk.adapters.locks import FileLocks; from edk.orchestrator.init import initialise;"
        "from edk.orchestrator.init_model import InitRequest, Tools;"
        "print('go', flush=True);"
        "initialise(InitRequest(sys.argv[2], '', sys.argv[3], sys.argv[4], '', sys.argv[3] + '/extensions', ''),"
        "Tools(GitClones(), PlacedFolders(), FileLocks(sys.argv[5], 'x'), lambda _: None))"
    )
    for number in range(8):
        path = world.base / f"run{number}" / "kaapana"
        (path / "extensions").mkdir(parents=True)
        arguments = [Path(__file__).parents[2], world.upstream, path, world.described(), world.base / "state"]
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, env=_ENVIRONMENT
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.02 * number)
            child.send_signal(signal.SIGKILL)
        settled = replace(world, path=path)
        _until_unlocked(settled.init, settled.described())

        assert world.second == git(path, "rev-parse", "HEAD")
        assert "" == status(settled)
        assert ["kaapana"] == [entry.name for entry in path.parent.iterdir()]


def _until_unlocked(init: Callable[[str], InitResult], version: str) -> None:
    """Run init; a child that outlived its killed parent by a moment may still hold git's lock or ours."""
    for _ in range(50):
        try:
            init(version)
        except (SourceError, UsageError) as error:
            if ".lock" not in error.message and "already setting up" not in error.message:
                raise
            time.sleep(0.1)
        else:
            return
    pytest.fail("the lock never went away")
