"""The chart with `builder.kind: docker`: a Docker Engine in the pod builds, and the node runs it."""

from __future__ import annotations

import pytest

from tests.e2e.cluster.conftest import TAG, image
from tests.support.kubernetes.cluster import Cluster
from tests.support.kubernetes.release import Release

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NAMESPACE = "edk-docker"
BASE = "edk-upstream/debian-python:bookworm"
WITHOUT_HUB = {"base_overrides": {"debian:bookworm-slim": f"localhost:32000/{BASE}"}}


def test_an_engine_in_the_pod_builds_from_and_pushes_to_the_registry_beside_it(
    cluster: Cluster, edk_image: str, registry_image: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image("edk-engine")
    with cluster.namespace(NAMESPACE) as namespace:
        release = Release(cluster, namespace, TAG, tmp_path_factory.mktemp("release"))
        builder = {"kind": "docker", **release.values["builder"]}
        release.put(builder=builder, watcher={"enabled": False}, config=WITHOUT_HUB)
        try:
            release.bring_base(BASE)
            built = release.shell("./build_extension.sh --dir /opt/edk/examples/otsus-method").expect()
            assert "4 built, 1 chart" in built.out, built.out
            command = ("python3", "-c", "import otsu; print('it runs')")
            assert release.run_on_node("runs-docker", "localhost:32000/otsus-method:0.6.0", *command) == "it runs\n"
            # Who builds has the pair, and not the engine's socket.
            assert release.shell("test -S /var/run/docker.sock").code == 1
            assert "Docker Engine" in release.shell("edk doctor").expect().out
        finally:
            release.helm("uninstall", "edk", "--wait")
