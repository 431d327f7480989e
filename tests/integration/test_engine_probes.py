"""What real engines tell doctor of their rights and build caches."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edk.adapters.buildkit.disk import BuildKitDisk
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkit.probing import BuildKitProbes, _of_socket
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.probing import DockerEngineProbes, unreached
from edk.adapters.engine.wire import EngineWire
from edk.domain.errors import EngineUnreachableError
from tests.support.buildkitd import own_daemon
from tests.support.command import Command
from tests.support.extension import Extension

pytestmark = pytest.mark.integration

GC = '[worker.oci]\ngc = true\n[[worker.oci.gcpolicy]]\nall = true\nmaxUsedSpace = "7000000000"\n'


def test_a_docker_engine(engine_endpoint: str, registry_host: str) -> None:
    """Ours is root, reaches the registry, and tells of its cache."""
    probes = DockerEngineProbes(engine_endpoint)
    (seen,), (cached,) = probes.rights(registry_host), probes.caches(60)
    wire = EngineWire(find_endpoint(engine_endpoint, {}))

    assert "root" == seen.rights.kind
    assert cached.cache.kept
    assert 0 <= cached.cache.reclaimable <= cached.cache.size
    assert "" == unreached(wire, registry_host)
    assert "connection refused" in unreached(wire, "localhost:1")


def test_buildkit_daemons(
    edk: Command, extension: Extension, buildkit_address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each with its own limit and size; one that is away is left out, and all of them are an error."""
    extension.image("x", "RUN head -c 8000000 /dev/urandom > /big\n")
    away = Daemon(f"unix://{tmp_path_factory.mktemp('none')}/b.sock")
    with own_daemon(tmp_path_factory.mktemp("one"), configuration=GC) as one:
        bk = edk.with_environ(EDK_BUILDER="buildkit", BUILDKIT_HOST=one.address)
        bk("build", "--dir", str(extension.path), "--force", "--no-import").expect(0)
        probes = BuildKitProbes([Daemon(one.address), away])
        (seen,), (cached,) = probes.rights("localhost:32000"), probes.caches(10)

        assert ("root", "overlayfs", True) == (seen.rights.kind, seen.rights.snapshotter, seen.rights.sandbox)
        assert 7_000_000_000 == cached.cache.limit
        assert 8_000_000 < cached.cache.reclaimable <= cached.cache.size
        assert cached.cache.size == BuildKitDisk([Daemon(one.address)]).cache_bytes()
        told = {check["name"]: check for check in json.loads(bk("doctor", "--json").expect(0).out)["checks"]}
        assert f"no, {one.address} is root" in told["rootless"]["detail"]
        assert "garbage above 7.0 GB is collected by itself" in told["build cache"]["detail"]
    with pytest.raises(EngineUnreachableError):
        BuildKitProbes([away]).caches(5)


_LISTEN = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""


@pytest.mark.parametrize(
    ("prefix", "kind", "how"),
    [
        ((), "root", ""),
        (("setpriv", "--reuid", "4711", "--clear-groups"), "rootless", "user 4711"),
        (("unshare", "--user", "--map-root-user"), "rootless", "root of a user namespace"),
    ],
)
def test_whose_socket_it_is(prefix: tuple[str, ...], kind: str, how: str) -> None:
    """A process of an ordinary user, or in a namespace of one, is told from root by the kernel."""
    if Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]:
        pytest.skip("only the machine's own root can be told from others")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # where every user gets to
        Path(folder).chmod(0o777)
        path = f"{folder}/s"
        program = [*prefix, "/usr/bin/python3" if prefix else sys.executable, "-c", _LISTEN, path]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                if process.stdout.readline() != b"ready\n":
                    assert process.stderr is not None
                    pytest.skip(f"it can't be started here: {process.stderr.read().decode()}")
                rights = _of_socket(path)
            finally:
                process.kill()

    assert (kind, how) == (rights.kind, rights.how)
