"""The chart in a real cluster: installed, built in, its pods killed, upgraded, uninstalled, installed again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster.conftest import TAG
from tests.support.kubernetes.cluster import Cluster, eventually
from tests.support.kubernetes.release import EDITOR_POD, REGISTRY_POD, Release

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
NAMESPACE = "edk-chart"
BASE = "edk-upstream/debian-python:bookworm"
EXTENSIONS = "/kaapana/app/kaapana/extensions"
SAVED = f"{EXTENSIONS}/otsus-method/processing-containers/otsus-method/files/saved.txt"
IMAGE = "localhost:32000/otsus-method:0.6.0"
WITHOUT_HUB = {"base_overrides": {"debian:bookworm-slim": f"localhost:32000/{BASE}"}}
KEPT = {"edk-extensions", "edk-state", "edk-registry"}


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace(NAMESPACE) as name:
        yield name


@pytest.fixture(scope="module")
def release(
    cluster: Cluster,
    namespace: str,
    edk_image: str,
    builder_image: str,
    registry_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Release]:
    """The chart with a builder of its own, with a base in its registry, and the example being watched."""
    made = Release(cluster, namespace, TAG, tmp_path_factory.mktemp("release"))
    made.put(config=WITHOUT_HUB)
    made.bring_base(BASE)
    made.shell(f"cp -r /opt/edk/examples/otsus-method {EXTENSIONS}/").expect()
    yield made
    made.helm("uninstall", "edk", "--wait")


def saved(release: Release) -> str:
    """Save a new text, wait until the watcher has pushed an image, and return the text."""
    text = f"saved {uuid.uuid4().hex}"
    before = release.digest("otsus-method", "0.6.0")
    release.write(SAVED, text)
    eventually(lambda: release.digest("otsus-method", "0.6.0") not in ("", before), "an image of the save", 180)
    return text


def on_node(release: Release) -> str:
    """Return what the node finds in the image that it pulls."""
    return release.run_on_node(f"runs-{uuid.uuid4().hex[:8]}", IMAGE, "cat", "/kaapana/app/saved.txt")


def claims(cluster: Cluster) -> dict[str, str]:
    listed = cluster.get("pvc", "-n", NAMESPACE)["items"]
    return {claim["metadata"]["name"]: claim["metadata"]["uid"] for claim in listed}


def test_doctor_finds_nothing_that_a_build_would_fail_on(release: Release) -> None:
    found = release.shell("edk doctor").expect().out
    assert "FAILURE" not in found
    assert f"local-registry.{NAMESPACE}.svc.cluster.local:5000 takes uploads" in found
    assert "localhost:32000 answers at this pod's node, " in found
    assert "and localhost:32000 are one registry" in found
    assert "scripts/setup.sh" not in found, f"no advice for a machine of one's own:\n{found}"


def test_the_example_is_built_by_the_original_entry_point_and_runs_on_the_node(release: Release) -> None:
    built = release.shell("./build_extension.sh --dir /opt/edk/examples/otsus-method").expect()
    assert "1 reference to the local registry, all there" in built.out
    printed = release.run_on_node("runs-example", IMAGE, "python3", "-c", "import otsu; print('the example runs')")
    assert printed == "the example runs\n"


def test_a_save_is_built_by_the_watcher_and_pulled_by_the_node(release: Release) -> None:
    first = saved(release)
    assert on_node(release) == first
    second = saved(release)
    assert on_node(release) == second
    # The same watcher tells in the editor's terminal where its images stand.
    assert "otsus-method" in release.shell(f"edk status --dir {EXTENSIONS}").expect().out


def test_a_watcher_that_is_stopped_is_started_again(cluster: Cluster, release: Release) -> None:
    """So new settings come into force from the editor's terminal."""
    stopped = release.shell(f"edk stop --dir {EXTENSIONS}").expect()
    assert "in another container" in stopped.out + stopped.err
    eventually(lambda: _restarts(cluster, release, "watcher") == 1, "a watcher that was started again")
    cluster.rollout("deployment/edk", NAMESPACE)
    assert saved(release) == on_node(release)


def _restarts(cluster: Cluster, release: Release, container: str) -> int:
    return int(_status(cluster, release, container)["restartCount"])


def test_what_runs_has_no_privilege_no_path_of_the_node_and_no_token(cluster: Cluster, release: Release) -> None:
    for selector in (EDITOR_POD, REGISTRY_POD):
        pod = cluster.get("pod", release.pod(selector), "-n", NAMESPACE)
        spec: dict[str, Any] = pod["spec"]
        assert not any("hostPath" in volume for volume in spec["volumes"])
        assert not any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"))
        for container in spec["containers"]:
            assert not container["securityContext"].get("privileged")
            where = {"container": container["name"], "namespace": NAMESPACE}
            token = cluster.exec(pod["metadata"]["name"], "test", "-e", "/var/run/secrets/kubernetes.io", **where)
            assert token.code == 1, f"{container['name']}: {token}"
            uid = cluster.exec(pod["metadata"]["name"], "id", "-u", **where).expect().out.strip()
            assert uid == "1000", container["name"]


def test_the_builder_is_reached_by_the_pair_only_and_by_no_other_pod(cluster: Cluster, release: Release) -> None:
    address = cluster.get("pod", release.pod(), "-n", NAMESPACE)["status"]["podIP"]
    asked = "buildctl --timeout 5 --addr tcp://{} --tlscacert {certs}/ca.pem debug workers"
    without = release.shell(asked.format("127.0.0.1:1234", certs="/certs/client"))
    assert without.code != 0, "the builder took somebody without a certificate"
    outside = release.shell(asked.format(f"{address}:1234", certs="/certs/client"))
    assert "refused" in outside.err, outside
    pair = "--tlscert /certs/client/cert.pem --tlskey /certs/client/key.pem"
    release.shell(asked.format("127.0.0.1:1234", certs="/certs/client").replace("debug", f"{pair} debug")).expect()


def test_pods_that_are_killed_come_back_with_everything(cluster: Cluster, release: Release) -> None:
    text = saved(release)
    release.shell("echo mine > ~/of-mine.txt").expect()
    before = release.digest("otsus-method", "0.6.0")
    for selector in (EDITOR_POD, REGISTRY_POD):
        cluster.kubectl("-n", NAMESPACE, "delete", "pod", release.pod(selector), "--force", "--grace-period=0")
    for name in ("edk", "edk-registry"):
        cluster.rollout(f"deployment/{name}", NAMESPACE)

    assert release.shell(f"cat {SAVED}").expect().out == text
    assert release.shell("cat ~/of-mine.txt").expect().out == "mine\n"
    assert release.digest("otsus-method", "0.6.0") == before
    # Its state is there as well: nothing is built anew.
    again = release.shell(f"edk build --dir {EXTENSIONS}/otsus-method").expect()
    assert "4 unchanged, 1 chart" in again.out, again.out
    assert on_node(release) == text


def test_while_the_registry_is_away_the_editor_is_there_and_the_watcher_says_what_is_missing(
    cluster: Cluster, release: Release
) -> None:
    cluster.kubectl("-n", NAMESPACE, "scale", "deployment/edk-registry", "--replicas=0")
    try:
        eventually(lambda: not _is_ready(cluster, release, "watcher"), "a watcher that is not ready", 180)
        with cluster.forwarded("svc/edk", 8080, NAMESPACE):
            pass
        found = release.shell("edk doctor")
        assert found.code == 4
        assert "FAILURE" in found.out
    finally:
        cluster.kubectl("-n", NAMESPACE, "scale", "deployment/edk-registry", "--replicas=1")
    cluster.rollout("deployment/edk-registry", NAMESPACE)
    cluster.rollout("deployment/edk", NAMESPACE)
    assert saved(release) == on_node(release)


def _is_ready(cluster: Cluster, release: Release, container: str) -> bool:
    return bool(_status(cluster, release, container)["ready"])


def _status(cluster: Cluster, release: Release, container: str) -> Any:
    statuses = cluster.get("pod", release.pod(), "-n", NAMESPACE)["status"]["containerStatuses"]
    return next(status for status in statuses if status["name"] == container)


def test_an_upgrade_keeps_extensions_state_and_images(cluster: Cluster, release: Release) -> None:
    text, before = saved(release), claims(cluster)
    digest = release.digest("otsus-method", "0.6.0")
    release.put(release.newer_chart("99.0.0"), commonLabels={"upgraded": "yes"})
    assert "99.0.0" in release.helm("list", "--output", "json").expect().out
    assert claims(cluster) == before
    assert release.shell(f"cat {SAVED}").expect().out == text
    assert release.digest("otsus-method", "0.6.0") == digest
    assert on_node(release) == text


def test_access_to_the_cluster_is_a_token_for_those_who_ask_and_not_for_builds(
    cluster: Cluster, release: Release
) -> None:
    release.put(kubernetes={"access": True})
    asked = (
        "from edk.adapters.kubernetes import KubernetesCluster as K; k = K(); "
        "print([i.pod for i in k.running() if i.container == 'watcher'], len(k.images()) > 0)"
    )
    answer = release.shell(f'cd /opt/edk && .venv/bin/python -c "{asked}"').expect().out
    assert answer == f"['{release.pod()}'] True\n"
    for container in ("builder", "page"):
        where = {"container": container, "namespace": NAMESPACE}
        assert cluster.exec(release.pod(), "test", "-e", "/var/run/secrets/kubernetes.io", **where).code == 1
    may = ["auth", "can-i", "--as", f"system:serviceaccount:{NAMESPACE}:edk"]
    for verb, what in (("get", "secrets"), ("create", "pods"), ("get", "pods"), ("watch", "nodes")):
        assert cluster.run("kubectl", *may, verb, what, "-n", NAMESPACE).out.strip() == "no", (verb, what)
    release.put(kubernetes={"access": False})
    assert cluster.run("kubectl", *may, "list", "nodes").out.strip() == "no"


def test_the_cluster_is_told_of_the_registry(cluster: Cluster, release: Release) -> None:
    told = cluster.get("configmap/local-registry-hosting", "-n", "kube-public")["data"]
    assert 'host: "localhost:32000"' in told["localRegistryHosting.v1"]


def test_uninstalled_it_leaves_what_is_the_users_and_finds_it_again(cluster: Cluster, release: Release) -> None:
    text, before = saved(release), claims(cluster)
    release.remove()
    eventually(lambda: set(claims(cluster)) == KEPT, f"no claims but {KEPT}", 90)
    left = cluster.get("all,configmap,serviceaccount", "-n", NAMESPACE)["items"]
    names = {item["metadata"]["name"] for item in left} - {"kube-root-ca.crt", "default"}
    assert names == set(), "the uninstall left more than the claims"

    release.put()
    assert {name: uid for name, uid in claims(cluster).items() if name in KEPT} == {
        name: uid for name, uid in before.items() if name in KEPT
    }
    assert release.shell(f"cat {SAVED}").expect().out == text
    assert on_node(release) == text
