"""deploy/buildkit as it is, in a real cluster: its workers build, push, and a node runs what they pushed."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.kubernetes.cluster import Cluster, Done, eventually
from tests.support.kubernetes.workers import NAMESPACE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def build(cluster: Cluster, pod: str, certificates: Path, folder: Path, ref: str = "") -> Done:
    if shutil.which("buildctl", path=cluster.environ["PATH"]) is None:
        pytest.fail("buildctl is not on PATH: scripts/test.sh installs it", pytrace=False)
    tls = [f"--tls{of}={certificates}/{file}.pem" for of, file in (("cacert", "ca"), ("cert", "cert"), ("key", "key"))]
    output = ["--output", f"type=image,name={ref},push=true,registry.insecure=true"] if ref else []
    with cluster.forwarded(f"pod/{pod}", 1234, NAMESPACE) as port:
        return cluster.run(
            "buildctl", "--addr", f"tcp://127.0.0.1:{port}", *tls, "build", "--frontend=dockerfile.v0",
            f"--local=context={folder}", f"--local=dockerfile={folder}", *output,
        )  # fmt: skip


@pytest.fixture
def context(tmp_path: Path) -> Path:
    program = shutil.which("busybox")
    if program is None:
        pytest.fail("busybox is not installed (Debian: busybox-static)", pytrace=False)
    shutil.copy(program, tmp_path / "busybox")
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir /made && /bin/busybox chown 1234:55 /made"]\n'
        'CMD ["/bin/busybox", "stat", "-c", "made by %u:%g", "/made"]\n'
    )
    return tmp_path


def test_the_workers_run_without_privilege_and_without_a_token(cluster: Cluster, workers: str) -> None:
    pods = cluster.get("pods", "-n", NAMESPACE, "-l", f"app={workers}")["items"]
    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["privileged"] is False
        name = pod["metadata"]["name"]
        assert "uid=1000" in cluster.exec(name, "id", namespace=NAMESPACE).expect().out
        assert cluster.exec(name, "test", "-e", "/var/run/secrets/kubernetes.io", namespace=NAMESPACE).code == 1


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_a_namespace_of_another_level_than_privileged_takes_no_worker(
    cluster: Cluster, workers: str, level: str
) -> None:
    """For two profiles only at `baseline`, which docs/builders.md names: without them a namespace cannot be made."""
    pod = cluster.get("pod", f"{workers}-0", "-n", NAMESPACE)
    with cluster.namespace(f"level-{level}", **{"pod-security.kubernetes.io/enforce": level}) as name:
        pod["metadata"] = {"name": "worker", "namespace": name, "annotations": pod["metadata"]["annotations"]}
        create = ["kubectl", "create", "--dry-run=server", "-f", "-"]
        refused = cluster.run(*create, stdin=json.dumps(pod)).expect(1)
        assert f'violates PodSecurity "{level}:latest"' in refused.err
        assert "AppArmor" in refused.err
        assert "seccompProfile" in refused.err
        del pod["metadata"]["annotations"]
        _without_profiles(pod["spec"]["containers"][0]["securityContext"])
        assert cluster.run(*create, stdin=json.dumps(pod)).code == (0 if level == "baseline" else 1)


def _without_profiles(context: dict[str, Any]) -> None:
    for name in ("seccompProfile", "appArmorProfile"):
        context.pop(name, None)


def test_a_worker_builds_and_a_node_runs_what_it_pushed(
    cluster: Cluster, workers: str, registry: str, certificates: Path, context: Path
) -> None:
    name = f"made-{uuid.uuid4().hex[:8]}"
    build(cluster, f"{workers}-0", certificates, context, f"{registry}/{name}:1").expect()
    cluster.kubectl("-n", NAMESPACE, "run", name, f"--image=localhost:32000/{name}:1", "--restart=Never")
    eventually(
        lambda: cluster.get(f"pod/{name}", "-n", NAMESPACE)["status"]["phase"] == "Succeeded", "the end of its pod"
    )  # fmt: skip
    assert cluster.kubectl("-n", NAMESPACE, "logs", name) == "made by 1234:55\n"


def test_each_worker_takes_builds_by_its_own_name(
    cluster: Cluster, workers: str, certificates: Path, context: Path
) -> None:
    for number in range(2):
        build(cluster, f"{workers}-{number}", certificates, context).expect()


def test_without_the_clients_pair_nobody_builds(
    cluster: Cluster, workers: str, certificates: Path, context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "certs"
    cluster.run("deploy/buildkit/certs.sh", "--dir", str(other), "--namespace", NAMESPACE).expect()
    shutil.copy(certificates / "ca.pem", other / "client/ca.pem")
    refused = build(cluster, f"{workers}-0", other / "client", context)
    assert refused.code != 0
    assert "tls" in refused.err.lower(), refused.err


def test_a_worker_that_comes_back_finds_its_cache(
    cluster: Cluster, workers: str, certificates: Path, context: Path
) -> None:
    build(cluster, f"{workers}-1", certificates, context).expect()
    cluster.kubectl("-n", NAMESPACE, "delete", "pod", f"{workers}-1")
    cluster.rollout(f"statefulset/{workers}", NAMESPACE)
    again = build(cluster, f"{workers}-1", certificates, context).expect()
    assert "CACHED" in again.err
