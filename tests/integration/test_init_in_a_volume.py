"""`edk init` where the clone's place is a volume: a mount point of another owner, with what it holds already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts"),
]

# The top of the volume belongs to somebody else, as a pod's volume belongs to root; `lost+found` is there.
MOUNTED = """
set -eu
mount -t tmpfs none "$CLONE"
mkdir -m 700 "$CLONE/lost+found"
mkdir -p "$CLONE/extensions/mine"
echo mine >"$CLONE/extensions/mine/file"
chown 12345:1000 "$CLONE" "$CLONE/lost+found"
chmod 2775 "$CLONE"
"""


def inside(script: str, clone: Path, home: Path, *, code: int = 0) -> str:
    """Run a script with a volume at `clone` that nobody else sees, and return what it printed."""
    clone.mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "EDK_STATE_DIR": str(home / "state"),
        "KAAPANA_REPO_PATH": str(clone),
        "EDK_EXTENSIONS_DIR": str(clone / "extensions"),
        "CLONE": str(clone),
    }
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNTED + script], env=environ, capture_output=True, text=True, check=False
    )
    if "unshare failed" in done.stderr or "mount: " in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert code == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A bundle of a small platform."""
    folder = tmp_path / "source"
    folder.joinpath("data-processing").mkdir(parents=True)
    folder.joinpath("data-processing/file").write_text("from the platform\n")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q", "-b", "develop"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run([*git, "bundle", "create", "-q", str(tmp_path / "kaapana.bundle"), "--all", "HEAD"], check=True)
    return tmp_path / "kaapana.bundle"


def test_clones_into_a_volume(source: Path, tmp_path: Path) -> None:
    """Without a network; what is there stays, a second time too; and nothing lies beside the volume."""
    clone = tmp_path / "app/kaapana"
    told = inside(
        f"""
        for i in 1 2; do python -P -m edk init --from {source} --no-bases; done
        ls -A "$CLONE"; ls -A "$CLONE/.."
        cat "$CLONE/data-processing/file" "$CLONE/extensions/mine/file" "$CLONE/extensions/otsus-method/README.md"
        """,
        clone,
        tmp_path / "home",
    )

    assert f"{clone}: cloned" in told
    assert f"{clone}: up to date" in told
    assert ".git\ndata-processing\nextensions\nlost+found\nkaapana\nfrom the platform\nmine\n" in told


def test_goes_on_after_an_interruption(source: Path, tmp_path: Path) -> None:
    """A clone that was killed in the middle, before or while its files were put in place, is made again."""
    clone = tmp_path / "app/kaapana"
    told = inside(
        f"""
        mkdir -p "$CLONE/.edk-partial-clone/.git" "$CLONE/data-processing"
        echo half >"$CLONE/.edk-partial-clone/file"
        echo "from the platform" >"$CLONE/data-processing/file"
        python -P -m edk init --from {source} --no-bases
        ls -A "$CLONE"
        git -c safe.directory='*' -C "$CLONE" status --short data-processing
        """,
        clone,
        tmp_path / "home",
    )

    assert f"{clone}: cloned" in told
    assert told.endswith(".git\ndata-processing\nextensions\nlost+found\n")


def test_trusts_nobody_elses_repository(source: Path, tmp_path: Path) -> None:
    """A folder of somebody else around a repository of ours is no harm; a repository of somebody else may be."""
    told = inside(
        f"""
        python -P -m edk init --from {source} --no-bases >/dev/null
        chown -R 12345 "$CLONE/.git"
        git -C "$CLONE" remote set-url origin /nowhere 2>/dev/null || :
        python -P -m edk init --from {source} --no-bases
        """,
        tmp_path / "app/kaapana",
        tmp_path / "home",
        code=2,
    )

    assert "dubious ownership" in told
    assert f"--add safe.directory {tmp_path}/app/kaapana" in told
