"""Reading of rendered manifests: what is known, and that nothing else passes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.support.pod.errors import NotKnownError, PodError
from tests.support.pod.rendered import read
from tests.support.pod.spec import File, Mount, Rendered, Source

CONTAINER: dict[str, Any] = {
    "name": "one",
    "image": "registry.example/one:1",
    "ports": [{"name": "http", "containerPort": 80}],
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}},
    },
}
CLAIM = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
    "spec": {"resources": {"requests": {"storage": "2Gi"}}},
}  # fmt: skip


def with_pod(*others: dict[str, Any], container: dict[str, Any] | None = None, **pod: Any) -> Rendered:
    """Return the reading of a Deployment with changes of its pod and of its container."""
    document = copy.deepcopy(DEPLOYMENT)
    document["spec"]["template"]["spec"] |= pod
    document["spec"]["template"]["spec"]["containers"][0] |= container or {}
    return read(yaml.safe_dump_all([document, *others]), "ns")


def test_defaults_are_those_of_kubernetes() -> None:
    """No profile of system calls, a grace of 30 s, links of services, images pulled when they lack."""
    pod = with_pod().pods[0]

    assert ("Deployment/web", "ns", 30, True) == (pod.owner, pod.namespace, pod.grace, pod.service_links)
    one = pod.containers[0]
    assert ("Unconfined", True, "IfNotPresent") == (one.security.seccomp, one.security.escalation, one.pull)


@pytest.mark.parametrize(
    ("image", "policy"),
    [("a", "Always"), ("h:1/a:latest", "Always"), ("h:1/a", "Always"), ("a@sha256:0", "IfNotPresent")],
)
def test_policy_follows_the_tag(image: str, policy: str) -> None:
    """An image without tag, or of the tag latest, is pulled each time."""
    assert policy == with_pod(container={"image": image}).pods[0].containers[0].pull


@pytest.mark.parametrize(
    ("pod", "container", "field"),
    [
        ({"hostNetwork": True}, {}, "hostNetwork"),
        ({"shareProcessNamespace": True}, {}, "shareProcessNamespace"),
        ({"dnsConfig": {"options": []}}, {}, "dnsConfig"),
        ({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}, {}, "hostPath"),
        ({"volumes": [{"name": "x", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}, {}, "Token"),
        ({}, {"tty": True}, "tty"),
        ({}, {"resources": {"limits": {"nvidia.com/gpu": 1}}}, "gpu"),
        ({}, {"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "x"}}}, "Localhost"),
        ({}, {"livenessProbe": {"grpc": {"port": 1}}}, "grpc"),
        ({}, {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x"}}}]}, "resourceFieldRef"),
        ({}, {"volumeMounts": [{"name": "x", "mountPath": "/x", "subPathExpr": "$(A)"}]}, "subPathExpr"),
        ({}, {"restartPolicy": "Always"}, "restartPolicy"),
    ],
)
def test_unknown_field_is_an_error(pod: dict[str, Any], container: dict[str, Any], field: str) -> None:
    """It is named, with the place where it stands."""
    with pytest.raises(PodError, match=f"Deployment/web.*{field}"):
        with_pod(container=container, **pod)


@pytest.mark.parametrize("kind", ["Job", "DaemonSet", "CronJob", "Whatever"])
def test_unknown_kind_is_an_error(kind: str) -> None:
    """An object that would run something is not left out."""
    with pytest.raises(NotKnownError, match=kind):
        read(yaml.safe_dump({"kind": kind, "apiVersion": "v1", "metadata": {"name": "x"}}))


def test_what_has_no_effect_is_noted() -> None:
    """A reader sees what the runner leaves out, and why."""
    account = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "x"}}

    notes = with_pod(account, nodeSelector={"a": "b"}).notes

    assert (
        "Deployment/web.spec.template.spec.nodeSelector: there is one node",
        "ServiceAccount/x: there is no API server",
    ) == notes


def test_what_a_cluster_refuses_is_refused() -> None:
    """Numbers as values of variables, selectors that do not fit, mounts without volume, two at one place."""
    for container in (
        {"env": [{"name": "A", "value": 1}]},
        {"args": [8080]},
        {"volumeMounts": [{"name": "x", "mountPath": "/x"}]},
        {"livenessProbe": {"httpGet": {"port": "nothing"}}},
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
    ):
        with pytest.raises(PodError):
            with_pod(container=container)
    wrong = copy.deepcopy(DEPLOYMENT)
    wrong["spec"]["selector"]["matchLabels"] = {"app": "other"}
    with pytest.raises(PodError, match="selector"):
        read(yaml.safe_dump(wrong))


def test_volumes() -> None:
    """Claims, folders, memory, keys of objects with their modes, fields of the pod; subPath and readOnly of mounts."""
    mounts = [
        {"name": "data", "mountPath": "/d/", "subPath": "in"},
        {"name": "keys", "mountPath": "/k", "readOnly": True},
    ]
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "keys", "secret": {"secretName": "s", "defaultMode": 0o400, "items": [{"key": "k", "path": "a/k"}]}},
        {"name": "all", "projected": {"sources": [{"configMap": {"name": "c"}}, {"downwardAPI": {"items": [
            {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
    ]  # fmt: skip

    found = with_pod(CLAIM, container={"volumeMounts": mounts}, volumes=volumes)

    pod = found.pods[0]
    assert {("ns", "data"): 2 << 30} == found.claims
    assert (Mount("data", "/d", "in"), Mount("keys", "/k", "", True)) == pod.containers[0].mounts
    assert ("memory", 1 << 20) == (pod.volumes["mem"].kind, pod.volumes["mem"].size)
    assert (File("a/k", Source("secret", "s", "k"), 0o400),) == pod.volumes["keys"].files
    assert (
        File("/", Source("configMap", "c"), 0o644),
        File("name", Source("field", "metadata.name"), 0o644),
    ) == pod.volumes["all"].files


def test_claim_has_to_be_rendered() -> None:
    """A pod whose claim nobody makes would wait for ever."""
    with pytest.raises(PodError, match="no PersistentVolumeClaim named data"):
        with_pod(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])


def test_stateful_set_makes_its_claim() -> None:
    """Under the name that Kubernetes gives it, for the first pod."""
    document = copy.deepcopy(DEPLOYMENT) | {"kind": "StatefulSet"}
    document["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": CLAIM["spec"]}]
    mounted = {**CONTAINER, "volumeMounts": [{"name": "data", "mountPath": "/d"}]}
    document["spec"]["template"]["spec"]["containers"] = [mounted]

    found = read(yaml.safe_dump(document), "ns")

    assert {("ns", "data-web-0"): 2 << 30} == found.claims
    assert "data-web-0" == found.pods[0].volumes["data"].claim


def test_hurry_leaves_the_start_alone() -> None:
    """Probes of a running container are asked more often, and never wait for less than two seconds."""
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 20, "timeoutSeconds": 10}
    document = copy.deepcopy(DEPLOYMENT)
    document["spec"]["template"]["spec"]["containers"][0] |= {"startupProbe": probe, "livenessProbe": probe}

    one = read(yaml.safe_dump(document), hurry=10).pods[0].containers[0]

    asked = [(probe.period, probe.timeout) for probe in (one.startup, one.liveness) if probe is not None]
    assert [(20, 10), (2, 2)] == asked
