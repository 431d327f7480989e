"""A containerd of one's own, as nodes of the platform have it, asked through its ``ctr``."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from tests.support.watching import until

_CONFIG = """\
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder}/socket"
"""


def missing() -> str:
    """Return why there can be none here, empty if there can."""
    if os.geteuid() != 0:
        return "containerd needs root"
    tools = [tool for tool in ("containerd", "ctr") if shutil.which(tool) is None]
    return f"{' and '.join(tools)} not installed (Debian: containerd)" if tools else ""


class OwnContainerd:
    """A containerd in a process and a folder of its own; the folder's path is short, for sockets have to be."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ctrd-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> OwnContainerd:
        config = self._folder / "config.toml"
        config.write_text(_CONFIG.format(folder=self._folder))
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(("containerd", "--config", str(config)), stdout=log, stderr=log)
        until(lambda: self.ctr("version", check=False).returncode == 0)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def ctr(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``ctr`` and return how it ended."""
        command = ("ctr", "--address", str(self._folder / "socket"), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 or not check, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done
