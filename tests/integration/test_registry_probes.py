"""Trying a real registry out leaves nothing there."""

from __future__ import annotations

import pytest

from edk.adapters.registry import HttpRegistry, HttpRegistryProbes

pytestmark = pytest.mark.integration


def test_a_real_registry_takes_uploads_and_is_itself(registry_host: str) -> None:
    """It is writable, one registry under two names, and no repository stays."""
    probes = HttpRegistryProbes((), {})
    other = registry_host.replace("localhost", "127.0.0.1")

    probes.try_writing(registry_host)

    assert probes.is_same(registry_host, other)
    assert isinstance(probes.deletes(registry_host), bool)
    assert () == HttpRegistry(registry_host, environ={}).tags("edk-doctor")


def test_two_registries_are_told_apart(registry_host: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second registry beside the first does not know its uploads."""
    import shutil
    import socket
    import subprocess
    import time

    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("no docker-registry program")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("registry")
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    second = f"127.0.0.1:{port}"
    with subprocess.Popen([program, "serve", config], stdout=-3, stderr=-3) as child:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            probes = HttpRegistryProbes((), {})

            assert not probes.is_same(registry_host, second)
            assert probes.deletes(second) is False
        finally:
            child.terminate()
