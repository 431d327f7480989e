"""What the containers of the pod may not do, seen from the inside."""

from __future__ import annotations

import pytest

from tests.support.pod.installed import Installed

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("container", ["editor", "watcher", "page"])
def test_ordinary_user_without_rights(pods: Installed, container: str) -> None:
    """No root, no capability, none to gain, filtered system calls, nothing of the image to change."""
    status = pods.run("cat", "/proc/1/status", container=container)
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert "1000\t1000\t1000\t1000" == found["Uid"]
    assert {"0" * 16} == {found[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert ("1", "2") == (found["NoNewPrivs"], found["Seccomp"])
    pods.run("sh", "-c", "! touch /opt/edk/x 2>/dev/null && ! touch /usr/bin/x 2>/dev/null", container=container)


def test_builder_is_reached_by_its_certificates_alone(pods: Installed) -> None:
    """Whoever has none is refused; no other container has its key or socket."""
    address = ("--addr", "tcp://127.0.0.1:1234", "--timeout", "5")
    pods.run("buildctl", *address, "debug", "workers", code=1)
    pods.run(
        *("buildctl", *address, "--tlscacert", "/certs/client/ca.pem", "--tlscert", "/certs/client/cert.pem"),
        *("--tlskey", "/certs/client/key.pem", "debug", "workers"),
    )

    for container in ("editor", "watcher"):
        assert "client\n" == pods.run("ls", "/certs", container=container)
        pods.run("test", "!", "-e", "/run/user/1000/buildkit/buildkitd.sock", container=container)
    assert ["ca.pem", "cert.pem", "key.pem"] == sorted(pods.run("ls", "/certs/builder", container="builder").split())
    pods.run("test", "!", "-e", "/certs/client", container="builder")


def test_step_of_a_build_is_nobody_on_the_node(pods: Installed) -> None:
    """Root of a RUN step is the pod's ordinary user or one of its sub-ids, in a namespace of its own."""
    name = pods.image("inside", body="COPY data.txt /data.txt\nRUN cat /proc/self/uid_map >/map; id -u >/who\n")
    pods.edk("build", "--dir", f"/kaapana/app/kaapana/extensions/{name}", "--no-import")

    assert "0\n" == pods.registry.text(name, "0.0.0", "who")
    inner, outer, _ = pods.registry.text(name, "0.0.0", "map").splitlines()[0].split()
    assert ("0", True) == (inner, int(outer) >= 1000)


def test_no_container_has_a_token_or_another_ones_processes(pods: Installed) -> None:
    """No token of the cluster is mounted; process 1 is each container's own."""
    for container in ("editor", "watcher", "page", "builder", "registry"):
        pods.run("test", "!", "-e", "/var/run/secrets/kubernetes.io", container=container)
        assert "code-server" not in pods.run("cat", "/proc/1/cmdline", container="watcher")
