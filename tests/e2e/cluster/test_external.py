"""The chart with `builder.kind: external`: the pod builds by the workers of deploy/buildkit, without one of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.e2e.cluster.conftest import TAG
from tests.support.kubernetes.cluster import Cluster
from tests.support.kubernetes.release import Release
from tests.support.kubernetes.workers import NAMESPACE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
BASE = "edk-upstream/debian-python:bookworm"
WITHOUT_HUB = {"base_overrides": {"debian:bookworm-slim": f"localhost:32000/{BASE}"}}
EXTENSION = "/kaapana/app/kaapana/extensions/otsus-method"
EXTERNAL = {
    "kind": "external",
    "external": {
        "kind": "buildkit",
        "address": f"tcp://buildkitd.{NAMESPACE}.svc.cluster.local:1234",
        "tlsSecret": "buildkit-client-certs",
    },
}


@pytest.fixture(scope="module")
def release(
    cluster: Cluster, workers: str, edk_image: str, registry_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """The chart beside the workers, without a watcher, so that a build is the command's own."""
    made = Release(cluster, NAMESPACE, TAG, tmp_path_factory.mktemp("release"))
    made.put(builder=EXTERNAL, watcher={"enabled": False}, config=WITHOUT_HUB)
    made.bring_base(BASE)
    made.shell(f"cp -r /opt/edk/examples/otsus-method {EXTENSION}").expect()
    yield made
    made.helm("uninstall", "edk", "--wait")


def addresses(cluster: Cluster) -> set[str]:
    """Return where the workers are."""
    pods = cluster.get("pods", "-n", NAMESPACE, "-l", "app=buildkitd")["items"]
    return {f"{pod['status']['podIP']}:1234" for pod in pods}


def test_the_pod_has_no_builder_and_finds_both_workers_by_one_name(cluster: Cluster, release: Release) -> None:
    containers = cluster.get("pod", release.pod(), "-n", NAMESPACE)["spec"]["containers"]
    assert "builder" not in {container["name"] for container in containers}
    found = release.shell("edk doctor").expect().out
    assert all(address in found for address in addresses(cluster)), found


def test_the_workers_build_and_the_node_runs_it(cluster: Cluster, release: Release) -> None:
    built = release.shell(f"./build_extension.sh --dir {EXTENSION}").expect()
    assert "4 built, 1 chart" in built.out, built.out
    by = set(re.findall(r" at +(\S+:1234)$", built.out, re.MULTILINE))
    assert by
    assert by <= addresses(cluster)
    ran = release.run_on_node(
        "runs-external", "localhost:32000/otsus-method:0.6.0", "python3", "-c", "import otsu; print('it runs')"
    )  # fmt: skip
    assert ran == "it runs\n"


def test_a_worker_that_is_gone_is_done_without(cluster: Cluster, release: Release) -> None:
    release.write(f"{EXTENSION}/processing-containers/otsus-method/files/saved.txt", "with one worker less")
    cluster.kubectl("-n", NAMESPACE, "delete", "pod", "buildkitd-0", "--wait=false")
    built = release.shell(f"./build_extension.sh --dir {EXTENSION}").expect()
    assert "2 built" in built.out, built.out
    cluster.rollout("statefulset/buildkitd", NAMESPACE)
