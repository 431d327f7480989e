"""`edk init` by the command line: a clone, an example and bases, from a repository or a bundle, again and again."""

from __future__ import annotations

import random
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension, snapshot
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

EXAMPLE = "templates_and_examples/examples/processing-pipelines/otsus-method"


@dataclass(frozen=True)
class PlatformSource:
    """A small platform repository: two local bases, and the example, which needs one of them."""

    path: Path
    suffix: str

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=develop"]
        done = subprocess.run(
            ["git", "-C", str(self.path), *who, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything, and return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def platform(tmp_path: Path, busybox: str) -> PlatformSource:
    """A platform repository with one commit."""
    tree = Extension(tmp_path / "platform", busybox, uuid.uuid4().hex[:10])
    for short in ("base-one", "base-two"):
        tree.write(
            f"data-processing/base-images/{short}/Dockerfile",
            f'FROM {busybox}\nLABEL IMAGE="{tree.name(short)}"\nLABEL REGISTRY="local-only"\nCOPY data.txt /base.txt\n',
        )
        tree.write(f"data-processing/base-images/{short}/data.txt", f"{short} 1\n")
    example = f'FROM local-only/{tree.name("base-one")}:latest\nLABEL IMAGE="{tree.name("seg")}"\nCOPY x /\n'
    tree.write(f"{EXAMPLE}/processing-containers/seg/Dockerfile", example)
    tree.write(f"{EXAMPLE}/processing-containers/seg/x", "x\n")
    source = PlatformSource(tree.path, tree.suffix)
    source.git("init", "-q")
    source.commit("first")
    return source


def clone_of(edk: Command) -> Path:
    """Return where the platform is cloned to."""
    return Path(edk.environ["KAAPANA_REPO_PATH"])


def test_first_run(edk: Command, platform: PlatformSource, registry: RegistryReader) -> None:
    """A clone stands, the example is copied, the base that it needs is built, and the next command works."""
    run = edk("init", "--from", str(platform.path)).expect(0)

    example = Path(edk.environ["EDK_EXTENSIONS_DIR"]) / "otsus-method"
    assert platform.git("rev-parse", "HEAD")[:12] in run.out
    assert (clone_of(edk) / EXAMPLE).is_dir()
    assert (example / "processing-containers/seg/x").is_file()
    assert registry.has(f"e2e-base-one-{platform.suffix}", "latest")
    assert not registry.has(f"e2e-base-two-{platform.suffix}", "latest")
    assert f"./build_extension.sh --dir {example}" in run.out
    edk("build", "--dir", str(example)).expect(0)
    assert registry.has(f"e2e-seg-{platform.suffix}", "1.2.3")


def test_from_a_bundle(edk: Command, platform: PlatformSource, tmp_path: Path, registry: RegistryReader) -> None:
    """A bundle, carried to a machine without a network, does the same."""
    bundle = tmp_path / "kaapana.bundle"
    platform.git("bundle", "create", str(bundle), "--all")

    edk("init", "--from", str(bundle), "--all-bases").expect(0)

    for short in ("base-one", "base-two"):
        assert registry.has(f"e2e-{short}-{platform.suffix}", "latest")


def test_second_run_keeps_everything_of_the_user(edk: Command, platform: PlatformSource) -> None:
    """Local changes, new files and extensions stay, while the clone moves on to a newer commit."""
    edk("init", "--from", str(platform.path), "--no-bases").expect(0)
    clone, extensions = clone_of(edk), Path(edk.environ["EDK_EXTENSIONS_DIR"])
    (clone / "data-processing/base-images/base-one/data.txt").write_text("mine\n")
    (clone / "notes.txt").write_text("mine\n")
    (extensions / "otsus-method/processing-containers/seg/x").write_text("mine\n")
    before = snapshot(extensions)
    (platform.path / "data-processing/base-images/base-two/data.txt").write_text("base-two 2\n")
    newer = platform.commit("second")

    run = edk("init", "--from", str(platform.path), "--no-bases").expect(0)

    assert newer[:12] in run.out
    assert "base-two 2\n" == (clone / "data-processing/base-images/base-two/data.txt").read_text()
    assert "mine\n" == (clone / "data-processing/base-images/base-one/data.txt").read_text()
    assert "mine\n" == (clone / "notes.txt").read_text()
    assert before == snapshot(extensions)


def test_change_in_the_way_is_never_overwritten(edk: Command, platform: PlatformSource) -> None:
    """A local change that the newer commit would overwrite ends with 3, names the file, and stays."""
    edk("init", "--from", str(platform.path), "--no-bases").expect(0)
    file = clone_of(edk) / "data-processing/base-images/base-one/data.txt"
    file.write_text("mine\n")
    (platform.path / "data-processing/base-images/base-one/data.txt").write_text("theirs\n")
    platform.commit("second")

    run = edk("init", "--from", str(platform.path), "--no-bases").expect(3)

    assert "data-processing/base-images/base-one/data.txt" in run.err
    assert "mine\n" == file.read_text()


def test_commit_of_the_platform(edk: Command, platform: PlatformSource) -> None:
    """The commit in KAAPANA_BUILD_VERSION is checked out, not the newest."""
    first = platform.git("rev-parse", "HEAD")
    (platform.path / "more").write_text("x\n")
    platform.commit("second")
    at = edk.with_environ(KAAPANA_BUILD_VERSION=f"0.6.0-12-g{first[:9]}")

    run = at("init", "--from", str(platform.path), "--no-bases").expect(0)

    assert first[:12] in run.out
    assert not (clone_of(edk) / "more").exists()


def test_killed_and_run_again(edk: Command, platform: PlatformSource) -> None:
    """Killed at several instants, the next run brings everything, and leaves no half clone beside it."""
    chance = random.Random(3)
    for _ in range(5):
        process = edk.start("init", "--from", str(platform.path), "--no-bases", stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, 0.5))
        process.kill()
        process.communicate()

    edk("init", "--from", str(platform.path), "--no-bases").expect(0)

    clone = clone_of(edk)
    assert (clone / EXAMPLE).is_dir()
    changed = subprocess.run(
        ["git", "-C", str(clone), "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert "" == changed.stdout
    assert {"kaapana", "extensions", "state"} == {path.name for path in clone.parent.iterdir()}


def test_source_out_of_reach(edk: Command) -> None:
    """A repository that can't be reached ends with 4 and says what to do without a network."""
    run = edk("init", "--from", "http://127.0.0.1:9/kaapana.git", "--no-bases").expect(4)

    assert "127.0.0.1:9" in run.err
    assert "bundle" in run.err
    assert not clone_of(edk).exists()


def test_source_that_is_no_repository(edk: Command, tmp_path: Path) -> None:
    """A folder without a repository is named, and nothing is left."""
    (tmp_path / "plain").mkdir()

    run = edk("init", "--from", str(tmp_path / "plain"), "--no-bases")

    assert run.code in (2, 4)
    assert "Traceback" not in run.err
    assert str(tmp_path / "plain") in run.err
    assert not clone_of(edk).exists()
