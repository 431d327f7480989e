"""The cluster's API, asked over real connections of this machine."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.kubernetes import KubernetesCluster
from edk.domain.cluster import NodeImage, RunningImage
from edk.domain.errors import ClusterUnreachableError
from tests.fakes.kubernetes_api import TOKEN, FakeKubernetesApi, certificate, node, pod

DIGEST = "sha256:" + "a" * 64
TAGGED = ("localhost:32000/seg:1.2.3", f"localhost:32000/seg@{DIGEST}")
NODES = [node("one", TAGGED, ("docker.io/library/busybox:latest",)), node("two"), node("three", TAGGED)]
PODS = [
    pod("services", "a", ("main", "localhost:32000/seg:1.2.3", f"localhost:32000/seg@{DIGEST}")),
    pod("jobs", "b", ("init", "x:1", ""), ("main", "y:1", f"docker-pullable://y@{DIGEST}")),
    pod("jobs", "c"),
]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key."""
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def account(tmp_path: Path, pem: Path) -> Path:
    """The files of a service account."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(f"{TOKEN}\n")
    (folder / "ca.crt").write_bytes((pem.parent / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def api(pem: Path) -> Iterator[FakeKubernetesApi]:
    """A cluster of three nodes and three pods, that hands out two at a time."""
    with FakeKubernetesApi(NODES, PODS, pem=pem) as served:
        yield served


def in_pod(served: FakeKubernetesApi, account: Path) -> KubernetesCluster:
    """Return the adapter as it stands in a pod, where a proxy is set that leads nowhere."""
    environ = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": served.port,
        "https_proxy": "http://127.0.0.1:9",
    }
    return KubernetesCluster(environ, str(account))


def test_images_of_every_node(api: FakeKubernetesApi, account: Path) -> None:
    """All names are told, over every page of the list."""
    images = in_pod(api, account).images()

    assert (
        NodeImage("one", TAGGED, 7),
        NodeImage("one", ("docker.io/library/busybox:latest",), 7),
        NodeImage("three", TAGGED, 7),
    ) == images
    assert (DIGEST,) == images[0].digests
    assert () == images[1].digests
    assert ["/api/v1/nodes?limit=250", "/api/v1/nodes?limit=250&continue=2"] == api.requests


def test_images_of_every_container(api: FakeKubernetesApi, account: Path) -> None:
    """What was asked for and what runs are told; what does not run yet has no id."""
    running = in_pod(api, account).running()

    assert (
        RunningImage("services", "a", "main", "localhost:32000/seg:1.2.3", f"localhost:32000/seg@{DIGEST}"),
        RunningImage("jobs", "b", "init", "x:1", ""),
        RunningImage("jobs", "b", "main", "y:1", f"docker-pullable://y@{DIGEST}"),
    ) == running
    assert [DIGEST, "", DIGEST] == [image.digest for image in running]


def test_a_certificate_of_somebody_else_is_not_trusted(api: FakeKubernetesApi, account: Path, tmp_path: Path) -> None:
    """The token is not shown to who can't prove to be the cluster."""
    other = tmp_path / "other"
    other.mkdir()
    (account / "ca.crt").write_bytes((certificate(other).parent / "cert.pem").read_bytes())

    with pytest.raises(ClusterUnreachableError, match=r"(?i)certificate"):
        in_pod(api, account).images()
    assert [] == api.requests


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, b'{"message": "nodes is forbidden: User \\"x\\" cannot list"}'), "403.*nodes is forbidden"),
        ((500, b"<html>oops"), "500.*oops"),
        ((200, b"<html>a proxy's page"), "no JSON"),
        ((200, b"[" * 100_000), "no JSON"),
        ((200, b"x" * (33 << 20)), "too much"),
        ((200, b'{"metadata": {"continue": "for ever"}, "items": []}'), "too much or too slowly"),
    ],
)
def test_an_answer_that_is_none(pem: Path, account: Path, answer: tuple[int, bytes], words: str) -> None:
    """Whatever answers, there is a reason in words, without the token."""
    with (
        FakeKubernetesApi(pem=pem, answer=answer) as served,
        pytest.raises(ClusterUnreachableError, match=words) as caught,
    ):
        in_pod(served, account).images()
    assert TOKEN not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("body", [b"null", b"[]", b'{"items": null}', b'{"items": [1, {"status": {"images": {}}}]}'])
def test_unexpected_lists_are_passed_over(pem: Path, account: Path, body: bytes) -> None:
    """JSON of another shape holds no image."""
    with FakeKubernetesApi(pem=pem, answer=(200, body)) as served:
        assert () == in_pod(served, account).images()
        assert () == in_pod(served, account).running()


def test_a_cluster_that_hangs(pem: Path, account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for some seconds only."""
    monkeypatch.setattr("edk.adapters.kubernetes.SECONDS", 0.3)
    with FakeKubernetesApi(pem=pem, pause=1.5) as served:
        began = time.monotonic()
        with pytest.raises(ClusterUnreachableError, match="timed out"):
            in_pod(served, account).images()
        assert 1.2 > time.monotonic() - began


@pytest.mark.parametrize("content", [b"two\nlines", b"\xff\x00", b""])
def test_a_token_that_is_none_is_not_told(api: FakeKubernetesApi, account: Path, content: bytes) -> None:
    """A broken file of the token is named, its content is not."""
    (account / "token").write_bytes(content)

    with pytest.raises(ClusterUnreachableError, match=r"token holds no token$"):
        in_pod(api, account).images()


def test_no_cluster_is_a_normal_answer(tmp_path: Path) -> None:
    """Without a service account and without kubectl, or a configuration for it, the reason is told."""
    with pytest.raises(ClusterUnreachableError, match=r"no service account, and kubectl is not installed"):
        KubernetesCluster({"PATH": str(tmp_path)}, str(tmp_path)).images()
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\nexit 1\n")
    kubectl.chmod(0o755)
    with pytest.raises(ClusterUnreachableError, match=r"no service account, and KUBECONFIG is not set"):
        KubernetesCluster({"PATH": str(tmp_path)}, str(tmp_path)).images()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_is_asked_outside_of_a_cluster(tmp_path: Path) -> None:
    """The real kubectl lists the same, over every page."""
    with FakeKubernetesApi(NODES, PODS, token="") as served:
        config = tmp_path / "config"
        config.write_text(
            f"apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{name: c, cluster: {{server: "
            f"'http://127.0.0.1:{served.port}'}}}}]\ncontexts: [{{name: x, context: {{cluster: c}}}}]\n"
        )
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(config)}
        cluster = KubernetesCluster(environ, str(tmp_path))

        assert ["one", "one", "three"] == [image.node for image in cluster.images()]
        assert ["a", "b", "b"] == [image.pod for image in cluster.running()]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'E1 noise' >&2; echo 'The connection was refused' >&2; exit 1", "cluster: The connection was refused"),
        ("echo not json", "no JSON"),
        ("sleep 30 & sleep 30", "does not answer within 0.5 s"),
    ],
)
def test_a_kubectl_that_fails(tmp_path: Path, script: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line is the reason; one that hangs is ended with what it started."""
    monkeypatch.setattr("edk.adapters.kubernetes.SECONDS", 0.5)
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\n{script}\n")
    kubectl.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "KUBECONFIG": "/somewhere"}

    with pytest.raises(ClusterUnreachableError, match=words):
        KubernetesCluster(environ, str(tmp_path)).running()
