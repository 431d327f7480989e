"""Which level of a namespace (PodSecurity) admits which pod of the chart: asked of the real admission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.cluster.conftest import TAG
from tests.support.kubernetes.cluster import Cluster, Done
from tests.support.kubernetes.release import Release

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
LEVELS = ("baseline", "restricted")
EXTERNAL = {"kind": "external", "external": {"address": "tcp://buildkitd:1234", "tlsSecret": "pair"}}


@pytest.fixture(scope="module")
def namespaces(cluster: Cluster) -> Iterator[dict[str, str]]:
    """A namespace of each level that forbids anything, by its level."""
    enforce = "pod-security.kubernetes.io/enforce"
    with (
        cluster.namespace("edk-baseline", **{enforce: "baseline"}) as baseline,
        cluster.namespace("edk-restricted", **{enforce: "restricted"}) as restricted,
    ):
        yield {"baseline": baseline, "restricted": restricted}


def admitted(cluster: Cluster, namespace: str, folder: Path, deployment: str, **values: Any) -> Done:
    """Have the API server say whether it admits the pod of a Deployment."""
    text = Release(cluster, namespace, TAG, folder).rendered(**values)
    found = [one for one in yaml.safe_load_all(text) if one and one["kind"] == "Deployment"]
    (template,) = [one["spec"]["template"] for one in found if one["metadata"]["name"] == deployment]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**pod["metadata"], "name": "asked", "namespace": namespace}
    # Admission of accounts looks for the one that the chart would bring.
    pod["spec"] = {**pod["spec"], "serviceAccountName": "default"}
    return cluster.run("kubectl", "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


@pytest.mark.parametrize("level", LEVELS)
def test_the_registry_is_admitted_everywhere(
    cluster: Cluster, namespaces: dict[str, str], tmp_path: Path, level: str
) -> None:
    admitted(cluster, namespaces[level], tmp_path, "edk-registry").expect()


@pytest.mark.parametrize("level", LEVELS)
def test_with_an_external_builder_so_is_the_editors_pod(
    cluster: Cluster, namespaces: dict[str, str], tmp_path: Path, level: str
) -> None:
    admitted(cluster, namespaces[level], tmp_path, "edk", builder=EXTERNAL).expect()


def test_a_rootless_builder_lacks_two_profiles_for_baseline_and_nothing_else(
    cluster: Cluster, namespaces: dict[str, str], tmp_path: Path
) -> None:
    refused = admitted(cluster, namespaces["baseline"], tmp_path, "edk").expect(1).err
    assert "forbidden AppArmor profile" in refused
    assert "seccompProfile" in refused
    assert refused.count('container "builder"') == 2, refused
    assert '"editor"' not in refused
    assert '"watcher"' not in refused


def test_a_docker_engine_is_privileged(cluster: Cluster, namespaces: dict[str, str], tmp_path: Path) -> None:
    refused = admitted(cluster, namespaces["baseline"], tmp_path, "edk", builder={"kind": "docker"}).expect(1).err
    assert 'privileged (container "builder" must not set securityContext.privileged=true)' in refused
