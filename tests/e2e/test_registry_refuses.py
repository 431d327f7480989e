"""A registry that answers and takes nothing: its disk is full, or it is read-only; and what the user is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.registry.http import HttpRegistry
from edk.domain.errors import RegistryRefusesError
from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.outages import OwnRegistry

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("docker-registry") is None, reason="docker-registry is not installed"),
]
# A disk that nobody else sees, and goes with the registry; a file on it leaves no room for another one.
DISK = 'mount -t tmpfs -o {options} none "$0" && {fill} exec "$@"'


def on_a_disk(folder: Path, options: str, fill: str = "") -> tuple[str, ...]:
    """Return the command that starts a registry with its data on a disk of its own."""
    data = folder / "data"
    data.mkdir(parents=True)
    return ("unshare", "--mount", "sh", "-c", DISK.format(options=options, fill=fill), str(data))


@pytest.fixture
def full(tmp_path: Path) -> Iterator[OwnRegistry]:
    """One whose disk is full."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    folder = tmp_path / "registry"
    fill = '{ head -c 9999999 /dev/zero >"$0/file" 2>/dev/null || :; } &&'
    prefix = on_a_disk(folder / "x", "size=1m", fill)
    registry = OwnRegistry(folder / "y", prefix)
    shutil.rmtree(folder / "y/data", ignore_errors=True)
    (folder / "y/data").symlink_to(folder / "x/data")
    with registry:
        yield registry


def test_a_full_disk_is_called_so(full: OwnRegistry, edk: Command) -> None:
    """By what is asked when a push failed, and by the doctor; with what frees space, here and in the cluster."""
    with pytest.raises(RegistryRefusesError, match="can't keep anything: its disk is full") as raised:
        HttpRegistry(full.host, insecure=(full.host,)).try_writing("x")
    assert "storage.registry.size" in raised.value.hint

    doctor = edk.with_environ(EDK_REGISTRY=full.host)("doctor").expect(4)
    assert f"Registry {full.host} can't keep anything: its disk is full" in doctor.out


def test_a_build_for_a_read_only_registry(edk: Command, light: Extension, tmp_path: Path) -> None:
    """The registry's own reason is told, and not the number that the engine passes on."""
    with OwnRegistry(tmp_path / "registry", read_only=True) as registry:
        run = edk.with_environ(EDK_REGISTRY=registry.host, EDK_RETRIES="1")("build", "--dir", str(light.path))
        run.expect(4)
        told = f"can't be pushed: Registry {registry.host} takes no uploads: it is read-only"
        assert told in run.out
        assert "REGISTRY_STORAGE_MAINTENANCE_READONLY" in run.out


def test_one_that_takes_everything(edk: Command, registry_host: str) -> None:
    """Nothing stays of the try."""
    registry = HttpRegistry(registry_host, insecure=(registry_host,))
    registry.try_writing("edk-tests-try-writing")

    assert () == registry.tags("edk-tests-try-writing")
