"""A real cluster for the tests of this folder, which run where EDK_E2E_CLUSTER=1: `scripts/cluster_test.sh`."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk import __version__
from tests.support.kubernetes.cluster import Cluster, environment, loaded, script
from tests.support.kubernetes.workers import NAMESPACE, REGISTRY, start_registry, start_workers

HERE = "localhost:32000"
TAG = os.environ.get("EDK_POD_TAG", __version__)
_DOCKER, _OCI = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image"
_ACCEPT = {"Accept": f"{_DOCKER}, {_OCI}.manifest.v1+json, {_OCI}.index.v1+json"}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster that runs; if it did not before, it is ended afterwards."""
    if os.environ.get("EDK_E2E_CLUSTER") != "1":
        pytest.skip("EDK_E2E_CLUSTER is not 1: a real cluster is started by scripts/cluster_test.sh")
    ran = script("status").code == 0
    started = script("up").expect()
    try:
        yield Cluster(environment(started.out, os.environ))
    finally:
        if not ran:
            script("down").expect()


def image(name: str) -> str:
    """Return the name on the node of an image of the pod, brought there from the local registry."""
    ref = f"{HERE}/{name}:{TAG}"
    manifest = urllib.request.Request(f"http://{HERE}/v2/{name}/manifests/{TAG}", headers=_ACCEPT, method="HEAD")
    try:
        with urllib.request.urlopen(manifest, timeout=5):
            pass
    except urllib.error.URLError as error:
        pytest.fail(f"{ref} is not there ({error}): scripts/build_pod_images.sh", pytrace=False)
    return loaded([ref])[ref]


@pytest.fixture(scope="session")
def builder_image(cluster: Cluster) -> str:
    """The image of the rootless worker."""
    return image("edk-builder")


@pytest.fixture(scope="session")
def registry_image(cluster: Cluster) -> str:
    """The image of the registry."""
    return image("edk-registry")


@pytest.fixture(scope="session")
def edk_image(cluster: Cluster) -> str:
    """The image of the editor and the watcher."""
    return image("edk")


@pytest.fixture(scope="module")
def services(cluster: Cluster) -> Iterator[str]:
    """The namespace of the workers."""
    with cluster.namespace(NAMESPACE) as name:
        yield name


@pytest.fixture(scope="module")
def registry(cluster: Cluster, services: str, registry_image: str) -> str:
    """The cluster's own registry, by its name for pods; nodes know it as localhost:32000."""
    start_registry(cluster, services, registry_image)
    return REGISTRY


@pytest.fixture(scope="module")
def certificates(cluster: Cluster, services: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client's pair; the Secrets are in the cluster."""
    folder = tmp_path_factory.mktemp("certs") / "certs"
    cluster.run("deploy/buildkit/certs.sh", "--dir", str(folder), "--namespace", services, "--apply").expect()
    return folder / "client"


@pytest.fixture(scope="module")
def workers(
    cluster: Cluster, services: str, certificates: Path, builder_image: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The StatefulSet of deploy/buildkit, with two workers."""
    start_workers(cluster, services, builder_image, tmp_path_factory.mktemp("overlay"))
    return "buildkitd"
