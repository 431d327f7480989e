"""An engine that is out of reach: told within seconds, by its path; a plan needs none."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension

pytestmark = pytest.mark.e2e


def dead_socket(folder: Path) -> str:
    """Make a socket that nobody listens on, and return its path."""
    path = folder / "dead.sock"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return str(path)


def test_engine_is_gone(edk: Command, extension: Extension, tmp_path: Path) -> None:
    """A build without an engine ends with 4 within seconds and names the socket."""
    extension.image("seg")
    path = dead_socket(tmp_path)

    run = edk.with_environ(DOCKER_HOST=f"unix://{path}")("build", "--dir", str(extension.path)).expect(4)

    assert path in run.err
    assert 5 > run.seconds


def test_engine_is_no_engine(edk: Command, extension: Extension) -> None:
    """Something that takes connections and closes them is told to be no engine."""
    extension.image("seg")

    run = edk.with_environ(DOCKER_HOST="tcp://127.0.0.1:9")("build", "--dir", str(extension.path)).expect(4)

    assert "127.0.0.1:9" in run.err
    assert 5 > run.seconds


def test_endpoint_is_nonsense(edk: Command, extension: Extension) -> None:
    """An address that means nothing is wrong usage, or out of reach, and quoted."""
    extension.image("seg")

    run = edk.with_environ(DOCKER_HOST="gopher://x")("build", "--dir", str(extension.path))

    assert run.code in (2, 4)
    assert "gopher://x" in run.err
    assert "Traceback" not in run.err


def test_plan_needs_neither(edk: Command, extension: Extension, tmp_path: Path) -> None:
    """A plan without engine and registry says what could not be asked."""
    extension.image("seg")
    alone = edk.with_environ(DOCKER_HOST=f"unix://{dead_socket(tmp_path)}", LOCAL_REGISTRY_URL="localhost:1")

    run = alone("plan", "--dir", str(extension.path), "--json").expect(0)

    assert "localhost:1" in run.plan["unasked"][0]
    assert ["build"] == [image["action"] for image in run.plan["images"]]
    assert 5 > run.seconds


def test_nothing_to_do_needs_no_engine(edk: Command, extension: Extension, tmp_path: Path) -> None:
    """Where all is unchanged, nobody asks for the engine."""
    extension.image("seg")
    edk("build", "--dir", str(extension.path)).expect(0)

    run = edk.with_environ(DOCKER_HOST=f"unix://{dead_socket(tmp_path)}")("build", "--dir", str(extension.path))

    run.expect(0)
