"""The chart with a Docker Engine in the pod, for sites that choose it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pod.installed import EXTENSIONS, Images, installed, until

pytestmark = pytest.mark.e2e


def test_docker_engine_builds(folder: Path, pod_images: Images, busybox: str) -> None:
    """The one privileged container; what it builds is pushed, and it goes on after everything was killed."""
    with installed(folder, pod_images, pod_images.ref("edk"), **{"builder.kind": "docker"}) as pods:
        pods.up()
        pods.push_base()
        name = pods.image("engine", body="COPY data.txt /data.txt\nRUN id -u >/who\n")

        until(lambda: pods.holds(name, "one\n"), f"not built: {pods.edk('status')}", 180)

        pods.run("sh", "-c", "! test -e /var/run/docker.sock")
        assert "0\n" == pods.registry.text(name, "0.0.0", "who")
        pods.cluster.kill()
        pods.cluster.resume()
        pods.cluster.wait(180)
        pods.write(f"{name}/processing/data.txt", "two\n")
        until(lambda: pods.holds(name, "two\n"), f"not built: {pods.edk('status')}", 180)
        assert "unchanged" in pods.edk("build", "--dir", f"{EXTENSIONS}/{name}", "--no-import")
