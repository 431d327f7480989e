"""The fixtures of tests that run the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command, base_environ
from tests.support.extension import Extension, workflow
from tests.support.reading_back import RegistryReader
from tests.support.started import StartedRegistry


@pytest.fixture
def edk(engine_endpoint: str, registry_host: str, tmp_path: Path) -> Iterator[Command]:
    """The command line, with a home, a state and a working folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    command = Command(home, dict(base_environ(engine_endpoint, home)))
    yield command
    command.end()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[StartedRegistry]:
    """A registry of the test's own, which the set-up started."""
    with StartedRegistry(tmp_path / "home/state") as registry:
        yield registry


@pytest.fixture
def edk_of_started(engine_endpoint: str, started: StartedRegistry, tmp_path: Path) -> Iterator[Command]:
    """The command line of who has that registry, with a home and a state of its own."""
    home = tmp_path / "home"
    command = Command(home, dict(base_environ(engine_endpoint, home, EDK_REGISTRY=started.host)))
    yield command
    command.end()


@pytest.fixture
def extension(busybox: str, tmp_path: Path) -> Extension:
    """An empty extension."""
    folder = tmp_path / "extension"
    folder.mkdir()
    return Extension(folder, busybox)


@pytest.fixture
def whole(busybox: str, tmp_path: Path) -> Extension:
    """An extension with a base, a DAG image, a processing image, two operators and a chart."""
    return workflow(tmp_path / "workflow", busybox)


@pytest.fixture
def registry(registry_host: str) -> RegistryReader:
    """What reads the registry."""
    return RegistryReader(registry_host)
