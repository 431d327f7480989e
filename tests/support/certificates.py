"""Certificates of workers, made by ``deploy/buildkit/certs.sh``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.command import ROOT

SCRIPT = ROOT / "deploy/buildkit/certs.sh"


def make_certificates(folder: Path, *options: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script for a folder, and return how it ended."""
    return subprocess.run(
        [SCRIPT, "--dir", folder, *options],
        env={"PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def openssl(*arguments: str | Path) -> str:
    """Run openssl, and return what it printed; fail if it failed."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout
