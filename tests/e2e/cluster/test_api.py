"""The way to the cluster's API (`edk.adapters.kubernetes`), asked of a real API server with real rights."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edk.adapters.kubernetes import KubernetesCluster
from edk.domain.errors import ClusterUnreachableError
from tests.support.kubernetes.cluster import Cluster, eventually
from tests.support.kubernetes.workers import start_registry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
NAMESPACE = "edk-api"
MAY_LOOK = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "edk-api-test"},
    "rules": [{"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]}],
}


@pytest.fixture(scope="module")
def running(cluster: Cluster, registry_image: str) -> Iterator[str]:
    """A pod that runs, by the name of its image."""
    with cluster.namespace(NAMESPACE) as name:
        start_registry(cluster, name, registry_image)
        # The kubelet tells of its images every half minute.
        way = KubernetesCluster(cluster.environ)
        eventually(
            lambda: any(registry_image in image.names for image in way.images()), "the image in the node's list", 120
        )  # fmt: skip
        yield registry_image


@pytest.fixture
def account(cluster: Cluster, running: str, tmp_path: Path) -> Path:
    """A service account's folder as a pod has it, with a token of the real API server; it may do nothing yet."""
    cluster.kubectl("-n", NAMESPACE, "create", "serviceaccount", tmp_path.name.replace("_", "-"))
    token = cluster.kubectl("-n", NAMESPACE, "create", "token", tmp_path.name.replace("_", "-"))
    (tmp_path / "token").write_text(token.strip())
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(_config(cluster)["certificate-authority-data"]))
    return tmp_path


def _config(cluster: Cluster) -> Any:
    view = json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json"))
    return view["clusters"][0]["cluster"]


def as_account(cluster: Cluster, account: Path) -> KubernetesCluster:
    """Return the way that a pod takes; outside of pods the API server's address is another one."""
    server = urlsplit(_config(cluster)["server"])
    where = {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
    return KubernetesCluster(where, str(account))


def test_kubectl_tells_what_nodes_have_and_pods_run(cluster: Cluster, running: str) -> None:
    way = KubernetesCluster(cluster.environ)
    assert [image.node for image in way.images() if running in image.names] == ["edk"]
    seen = [found for found in way.running() if found.namespace == NAMESPACE]
    assert [(found.pod, found.image) for found in seen] == [("local-registry", running)]


def test_a_service_account_that_may_look_sees_the_same(cluster: Cluster, running: str, account: Path) -> None:
    name = account.name.replace("_", "-")
    cluster.apply(MAY_LOOK)
    bound = f"--serviceaccount={NAMESPACE}:{name}"
    cluster.kubectl("create", "clusterrolebinding", name, "--clusterrole=edk-api-test", bound)
    try:
        seen = as_account(cluster, account)
        assert seen.running() == KubernetesCluster(cluster.environ).running()
        assert {running} <= {name for image in seen.images() for name in image.names}
    finally:
        cluster.kubectl("delete", "clusterrolebinding", name)
        cluster.kubectl("delete", "clusterrole", "edk-api-test")


def test_one_that_may_not_is_told_by_the_servers_own_words(cluster: Cluster, running: str, account: Path) -> None:
    with pytest.raises(ClusterUnreachableError) as refused:
        as_account(cluster, account).running()
    assert "answers 403" in refused.value.message
    assert "cannot list resource" in refused.value.message


def test_a_token_that_the_server_did_not_give_is_refused(cluster: Cluster, running: str, account: Path) -> None:
    token = (account / "token").read_text()
    (account / "token").write_text(token[:-8] + "AAAAAAAA")
    with pytest.raises(ClusterUnreachableError) as refused:
        as_account(cluster, account).running()
    assert "answers 401" in refused.value.message
    assert token[:40] not in refused.value.message


def test_an_authority_that_did_not_sign_the_server_is_no_authority(
    cluster: Cluster, running: str, account: Path
) -> None:
    other = account / "other"
    cluster.run("deploy/buildkit/certs.sh", "--dir", str(other)).expect()
    (account / "ca.crt").write_bytes((other / "ca.pem").read_bytes())
    with pytest.raises(ClusterUnreachableError) as refused:
        as_account(cluster, account).running()
    assert "certificate" in refused.value.message.lower()
