"""A copy of the scripts with a Python that only tells what it was asked, and a registry that answers."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

FAKE_PYTHON = """#!/bin/sh
printf '%s\\n' "DOCKER_HOST=${DOCKER_HOST:-}" "EDK_STATE_DIR=$EDK_STATE_DIR" "$@"
exit "${FAKE_EXIT:-0}"
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose set-up is complete, in a folder with a blank in its name."""
    root = tmp_path / "the project"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("init.sh", "build_extension.sh"):
        shutil.copy(ROOT / name, root / name)
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").write_text(FAKE_PYTHON)
    (root / ".venv/bin/python").chmod(0o755)
    (root / ".venv/edk-root").write_text(f"{root}\n")
    for place in (root, root / ".venv"):
        (place / "requirements.lock").write_text("pinned\n")
    return root


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder, not made yet."""
    return tmp_path / "the state"


@pytest.fixture
def run(tmp_path: Path, state: Path) -> Run:
    """Run a script elsewhere, with a bare environment, in the cluster unless told otherwise."""

    def call(script: Path | tuple[str, ...], *arguments: str | Path, cluster: bool = True, **variables: str) -> object:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "EDK_STATE_DIR": str(state)} | variables
        if cluster:
            environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        return subprocess.run(
            [*(script if isinstance(script, tuple) else (script,)), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of something that answers as a registry does."""

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v2/" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
