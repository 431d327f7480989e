"""A registry that the project's own set-up started, with a state folder of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from edk.adapters.registry import HttpRegistry
from tests.support.command import ROOT

_SET_UP = """
set -eu
. "$edk_root/scripts/setup.d/common.sh"
. "$edk_root/scripts/setup.d/registry.sh"
choose_state
registry_ready || locked "$state/lock" registry_make
"""


class StartedRegistry:
    """Brought up by ``scripts/setup.d/registry.sh``, on a free port.

    Args:
        state: the state folder.
    """

    def __init__(self, state: Path) -> None:
        if shutil.which("docker-registry") is None:
            pytest.skip("docker-registry is not installed")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.host = f"localhost:{free.getsockname()[1]}"
        self.state = state
        self.blobs = state / "registry/data/docker/registry/v2/blobs"
        self.repositories = state / "registry/data/docker/registry/v2/repositories"

    @property
    def pid(self) -> int:
        """The process that stands on record."""
        return int((self.state / "started/registry").read_text().split()[0])

    def set_up(self) -> None:
        """Do what the set-up does for a registry."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state),
            "EDK_STATE_DIR": str(self.state),
            "edk_root": str(ROOT),
            "registry": self.host,
        }
        subprocess.run(["sh", "-c", _SET_UP], env=environ, check=True, capture_output=True, timeout=60)

    def stop(self) -> None:
        """Stop it as ``scripts/stop.sh`` does."""
        environ = {"PATH": os.environ["PATH"], "EDK_STATE_DIR": str(self.state), "HOME": str(self.state)}
        subprocess.run([ROOT / "scripts/stop.sh", "registry"], env=environ, check=True, capture_output=True)

    def take(self, ref: str) -> str:
        """Copy an image from another registry, and return its ref here."""
        host, _, rest = ref.partition("/")
        repository, _, tag = rest.rpartition(":")
        source, target = HttpRegistry(host, environ={}), HttpRegistry(self.host, environ={})
        found = source.manifest(repository, tag)
        assert found is not None
        manifest = json.loads(found[1])
        for blob in (manifest["config"], *manifest["layers"]):
            target.upload(repository, blob["digest"], blob["size"], source.blob(repository, blob["digest"]))
        target.put_manifest(repository, tag, found[0].media_type, found[1])
        return f"{self.host}/{rest}"

    def __enter__(self) -> StartedRegistry:
        self.set_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
