"""The manifests of workers in a cluster: that they fit together."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from edk.domain.buildkitd import CacheBounds, DaemonConfig, render

FOLDER = Path(__file__).parents[3] / "deploy/buildkit"
_UNITS = {"Gi": 1 << 30, "Mi": 1 << 20}


def _load(name: str) -> Any:
    documents = list(yaml.safe_load_all((FOLDER / name).read_text()))
    assert 1 == len(documents)
    return documents[0]


KUSTOMIZATION = _load("kustomization.yaml")
OBJECTS = {(found := _load(name))["kind"]: found for name in KUSTOMIZATION["resources"]}
TOML = tomllib.loads((FOLDER / "buildkitd.toml").read_text())
SET = OBJECTS["StatefulSet"]["spec"]
POD = SET["template"]["spec"]
(CONTAINER,) = POD["containers"]
LABELS = SET["template"]["metadata"]["labels"]


def _bytes(amount: str) -> int:
    return int(amount[:-2]) * _UNITS[amount[-2:]]


def test_every_file_is_used() -> None:
    """None is forgotten in the kustomization, and none is named that is not there."""
    there = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml", "certs.sh"}
    (generated,) = KUSTOMIZATION["configMapGenerator"]

    assert there == {*KUSTOMIZATION["resources"], *generated["files"]}
    assert {"StatefulSet", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"} == set(OBJECTS)


@pytest.mark.parametrize(
    "selector",
    [
        SET["selector"]["matchLabels"],
        OBJECTS["Service"]["spec"]["selector"],
        OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        POD["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ],
)
def test_every_selector_finds_the_workers(selector: dict[str, str]) -> None:
    """A selector without a match does nothing, and nobody is told."""
    assert selector
    assert selector.items() <= LABELS.items()


def test_the_service_is_theirs_and_yields_each_that_is_ready() -> None:
    """A headless one, whose name the set knows."""
    service = OBJECTS["Service"]

    assert "None" == service["spec"]["clusterIP"]
    assert not service["spec"]["publishNotReadyAddresses"]
    assert SET["serviceName"] == service["metadata"]["name"]


def test_all_ports_are_one() -> None:
    """That which buildkitd listens at, by its name in the pod."""
    (port,) = CONTAINER["ports"]
    (service,) = OBJECTS["Service"]["spec"]["ports"]
    ((allowed,),) = (rule["ports"] for rule in OBJECTS["NetworkPolicy"]["spec"]["ingress"])

    assert f"tcp://0.0.0.0:{port['containerPort']}" in TOML["grpc"]["address"]
    assert (port["name"], port["containerPort"]) == (service["targetPort"], service["port"])
    assert port["name"] == allowed["port"]


def test_only_code_server_reaches_them() -> None:
    """One rule, with the pods of our chart and the platform's; a rule without `from` would let everybody in."""
    ((rule,),) = (OBJECTS["NetworkPolicy"]["spec"]["ingress"],)

    assert ["Ingress"] == OBJECTS["NetworkPolicy"]["spec"]["policyTypes"]
    labels = ({"app.kubernetes.io/name": "edk"}, {"app-name": "edk-chart"})
    assert [{"podSelector": {"matchLabels": wanted}} for wanted in labels] == rule["from"]


def test_every_volume_is_mounted_and_there() -> None:
    """The configuration where the arguments look for it, the certificates where the configuration does."""
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    claims = {claim["metadata"]["name"] for claim in SET["volumeClaimTemplates"]}
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    (generated,) = KUSTOMIZATION["configMapGenerator"]

    assert set(mounts) == claims | set(volumes)
    assert TOML["root"] == mounts["cache"]
    assert generated["name"] == volumes["config"]["configMap"]["name"]
    assert ["--config", f"{mounts['config']}/{generated['files'][0]}"] == CONTAINER["args"][:2]
    assert {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"} == {
        name: path.removeprefix(f"{mounts['certs']}/") for name, path in TOML["grpc"]["tls"].items()
    }


def test_the_secret_is_the_one_that_the_script_makes() -> None:
    """By its name and its keys."""
    script = (FOLDER / "certs.sh").read_text()
    (secret,) = (v["secret"] for v in POD["volumes"] if "secret" in v)
    (made,) = re.findall(r"name: (buildkit-%s-certs)", script)

    assert made % "server" == secret["secretName"]
    assert all(path.rpartition("/")[2] in script for path in TOML["grpc"]["tls"].values())


def test_the_disk_is_bounded_below_the_volume() -> None:
    """By every rule: limit, floor and free space together leave room for what a minute's builds write."""
    (claim,) = SET["volumeClaimTemplates"]
    volume = _bytes(claim["spec"]["resources"]["requests"]["storage"])
    rules = TOML["worker"]["oci"]["gcpolicy"]

    assert TOML["worker"]["oci"]["gc"]
    for rule in rules:
        limit, free, floor = (int(rule[key]) for key in ("maxUsedSpace", "minFreeSpace", "reservedSpace"))
        assert floor < limit
        assert limit + free < 0.8 * volume
        assert floor + free < volume
    assert rules[-1]["all"]
    assert "filters" not in rules[-1]


def test_the_rules_are_those_of_a_daemon_of_our_own() -> None:
    """One way of bounding a disk, tested on a real one."""
    own = tomllib.loads(render(DaemonConfig("/d", "/r", (), 1, CacheBounds.of(1 << 30), "runc")))

    for ours, theirs in zip(own["worker"]["oci"]["gcpolicy"], TOML["worker"]["oci"]["gcpolicy"], strict=True):
        assert set(ours) == set(theirs)
        assert ours.get("filters") == (theirs["filters"][0:1] if "filters" in theirs else None)
    assert own["history"] == TOML["history"]
    assert own["worker"]["containerd"] == TOML["worker"]["containerd"]


def test_workers_are_not_privileged() -> None:
    """An ordinary user, without the account of the cluster; with what a namespace of its own needs."""
    security = CONTAINER["securityContext"]

    assert CONTAINER["image"].endswith("-rootless")
    assert (False, True, 1000) == (security["privileged"], security["runAsNonRoot"], security["runAsUser"])
    assert not POD["automountServiceAccountToken"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(POD)
    assert not any("hostPath" in volume for volume in POD["volumes"])
    assert "--oci-worker-no-process-sandbox" in CONTAINER["args"]
    assert TOML["worker"]["oci"]["rootless"]
    assert POD["securityContext"]["fsGroup"] == security["runAsUser"]
    assert "insecure-entitlements" not in TOML


def test_nobody_builds_without_a_certificate() -> None:
    """The port has both sides prove who they are: a ca beside the pair makes buildkitd ask."""
    assert {"ca", "cert", "key"} == set(TOML["grpc"]["tls"])


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_ask_the_daemon(probe: str) -> None:
    """By the socket in the pod, which needs no certificate."""
    command = CONTAINER[probe]["exec"]["command"]

    assert ["debug", "workers"] == command[-2:]
    assert command[command.index("--addr") + 1] in TOML["grpc"]["address"]


def test_the_autoscaler_has_the_replicas_to_itself() -> None:
    """It grows fast and shrinks slowly, by what each pod asks for."""
    spec = OBJECTS["HorizontalPodAutoscaler"]["spec"]
    target = spec["scaleTargetRef"]

    assert ("StatefulSet", OBJECTS["StatefulSet"]["metadata"]["name"]) == (target["kind"], target["name"])
    assert "replicas" not in SET
    assert "cpu" in CONTAINER["resources"]["requests"]
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] > 600
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] < 60
    assert [1] == [policy["value"] for policy in spec["behavior"]["scaleDown"]["policies"]]


def test_the_script_names_as_many_workers_as_there_may_be() -> None:
    """Its default is the autoscaler's maximum, its namespace that of the kustomization."""
    script = (FOLDER / "certs.sh").read_text()
    (replicas,) = re.findall(r"\breplicas=(\d+)", script)
    (namespace,) = re.findall(r"^dir=.* namespace=(\S+)", script, re.MULTILINE)

    assert OBJECTS["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == int(replicas)
    assert KUSTOMIZATION["namespace"] == namespace
