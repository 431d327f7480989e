"""What values do: each changes something, and wrong ones are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.support.chart.comments import VALUES_YAML, Key, leaves
from tests.support.chart.needs import need_helm
from tests.support.chart.rendering import documents, render_set, template, value_sets

need_helm()
VALUES: dict[str, Any] = yaml.safe_load(VALUES_YAML.read_text())
NOT_RENDERED = {("global", "links"): "kube-helm reads it, and the Extensions page shows it"}
LEAVES = {
    key: value for key, value in leaves(VALUES) if key[0] != "extension_params" and key not in NOT_RENDERED
}
BY_NAME = {
    "size": "90Gi", "storageClass": "other", "accessMode": "ReadWriteMany", "digest": f"sha256:{'3' * 64}",
    "registry": "other.example.org", "repository": "other", "tag": "9.9", "reserved": "3GB", "maxUsed": "30GB",
    "minFree": "7GB", "resources": {"requests": {"memory": "99Mi"}, "limits": {"memory": "999Mi"}},
}  # fmt: skip
BY_KEY: dict[Key, Any] = {
    ("platform",): "plain", ("image", "pullPolicy"): "Never", ("builder", "kind"): "docker",
    ("builder", "external", "kind"): "docker", ("builder", "external", "address"): "tcp://other:1",
    ("builder", "buildkit", "extraConfig"): "debug = true", ("editor", "service", "type"): "LoadBalancer",
    ("ingress", "kind"): "plain", ("ingress", "editorPath"): "/other/", ("ingress", "pagePath"): "/other",
    ("ingress", "traefik", "apiVersion"): "traefik.io/v1alpha1", ("kaapana", "kubeHelmUrl"): "http://other",
    ("proxy", "http"): "http://other:1", ("proxy", "https"): "http://other:1", ("extraEnv",): [{"name": "OTHER"}],
    ("extraEnvFrom",): [{"secretRef": {"name": "other"}}], ("tolerations",): [{"operator": "Exists"}],
    ("affinity",): {"podAffinity": {}}, ("networkPolicy", "from"): [{"podSelector": {}}],
    ("networkPolicy", "nodes"): [{"ipBlock": {"cidr": "198.51.100.0/24"}}], ("global", "edk_builder"): "docker",
    ("global", "edk_minio"): "True", ("global", "pull_policy_images"): "Never", ("registry", "nodeAddress"): "other:1",
    ("registry", "podAddress"): "other:1", ("registry", "enabled"): True, ("minio", "enabled"): False,
    ("config",): {"retries": 9},
}  # fmt: skip
LIKELY = {
    "ingress": "traefik", "networkPolicy": "network-policy", "global": "kaapana-minio", "minio": "kaapana-helm",
    "builder.external": "external-buildkit", "builder.docker": "docker", "images.engine": "docker",
    "images.minioMirror": "kaapana-helm", "editor.password": "ingress", "editor.service": "placed",
    "registry.enabled": "external-docker", "storage.minio": "placed",
}  # fmt: skip
"""Sets of values that are tried first, by how a key begins; only for speed."""


def other(key: Key, value: Any) -> Any:
    """Return another right value."""
    if key in BY_KEY:
        return BY_KEY[key]
    if key[-1] in BY_NAME:
        return BY_NAME[key[-1]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 or 1
    return {list: ["other"], dict: {"example.org/other": "yes"}, str: "other"}[type(value)]


@pytest.mark.parametrize("key", LEAVES, ids=".".join)
def test_each_value_has_an_effect(key: Key) -> None:
    """With at least one of the sets of values; else somebody sets it, and nothing happens."""
    value = other(key, LEAVES[key])
    likely = [name for begin, name in LIKELY.items() if f"{'.'.join(key)}.".startswith(f"{begin}.")]
    for name in dict.fromkeys([*likely, "default", *value_sets()]):
        done = template("--values", value_sets()[name], "--set-json", f"{'.'.join(key)}={json.dumps(value)}")
        if done.returncode == 0 and documents(done.stdout) != render_set(name):
            return
    pytest.fail(f"{'.'.join(key)}={value!r} changes nothing in any set of values")


REFUSED = [
    ("builder.kind=kaniko", "builder.kind"),
    ("builder.knd=docker", "knd"),
    ("nodeport=32000", "nodeport"),
    ("registry.nodePort=abc", "registry.nodePort"),
    ("registry.nodePort=70000", "registry.nodePort"),
    ("registry.serviceName=Local_Registry", "registry.serviceName"),
    ("image.registry=https://registry.example.org", "image.registry"),
    ("image.pullPolicy=Sometimes", "image.pullPolicy"),
    ("image.tag=v 1", "image.tag"),
    ("images.edk.digest=sha256:12", "images.edk.digest"),
    ("images.edk.repository=EDK", "images.edk.repository"),
    ("storage.state.size=ten", "storage.state.size"),
    ("storage.state.accessMode=ReadOnlyMany", "storage.state.accessMode"),
    ("editor.resources.limits.memory=4GB", "editor.resources.limits.memory"),
    ("editor.resources.limits.gpu=1", "gpu"),
    ("editor.service.type=ExternalName", "editor.service.type"),
    ("ingress.kind=nginx", "ingress.kind"),
    ("ingress.editorPath=edk", "ingress.editorPath"),
    ("ingress.pagePath=/", "ingress.pagePath"),
    ("ingress.host=Kaapana Example", "ingress.host"),
    ("kaapana.kubeHelmUrl=kube-helm", "kaapana.kubeHelmUrl"),
    ("proxy.http=proxy:3128", "proxy.http"),
    ("builder.external.address=unix:///run/buildkit.sock", "builder.external.address"),
    ("builder.buildkit.cache.maxUsed=40 GB", "builder.buildkit.cache.maxUsed"),
    ("builder.buildkit.maxParallelism=0", "builder.buildkit.maxParallelism"),
    ("networkPolicy.nodes[0].podSelector.a=b", "networkPolicy.nodes.0"),
    ("config.base_override.a=b", "base_override"),
    ("config.attest=maybe", "config.attest"),
    ("extraEnv[0].nam=X", "extraEnv.0"),
    ("extraEnv[0].name=A B", "extraEnv.0.name"),
    ("watcher.enabled=yes", "watcher.enabled"),
    ("terminationGracePeriodSeconds=-1", "terminationGracePeriodSeconds"),
    ("global.services_namespace=My Services", "global.services_namespace"),
    ("builder.kind=external", "set builder.external.address to its tcp://HOST:PORT"),
    ("registry.enabled=false", "set registry.podAddress to the HOST:PORT of another one"),
    ("storage.builder.size=20Gi", "storage.builder.size 20Gi is too small for builder.buildkit.cache"),
    ("minio.enabled=true", "minio.enabled needs the platform: set global.services_namespace"),
    ("global.services_namespace=services,minio.enabled=true", "global.credentials_minio_username"),
    ("global.services_namespace=services,global.edk_builder=kaniko", 'global.edk_builder is "kaniko"'),
]


@pytest.mark.parametrize(("values", "said"), REFUSED, ids=[values for values, _ in REFUSED])
def test_wrong_values_are_refused(values: str, said: str) -> None:
    """With the name of the value, or with what to do."""
    done = template("--set", values)

    assert 0 != done.returncode
    # Since helm 3.18 a value is named by slashes.
    assert said in done.stderr.replace("/", ".") or said in done.stderr


