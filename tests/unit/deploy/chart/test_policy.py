"""That the look at what containers may do sees each thing that they may not; and random values of all kinds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.chart.api import wrong_documents
from tests.support.chart.fitting import misfits
from tests.support.chart.needs import need_helm
from tests.support.chart.policy import violations
from tests.support.chart.rendering import containers, of_kind, render

need_helm()


def _pod(rendered: Any) -> Any:
    return of_kind(rendered, "Deployment")["edk"]["spec"]["template"]["spec"]


def _one(rendered: Any, name: str = "editor") -> Any:
    return containers(of_kind(rendered, "Deployment")["edk"])[name]


FAULTS: dict[str, Callable[[Any], Any]] = {
    "host network": lambda r: _pod(r).update(hostNetwork=True),
    "host processes": lambda r: _pod(r).update(hostPID=True),
    "shared processes": lambda r: _pod(r).update(shareProcessNamespace=True),
    "token": lambda r: _pod(r).pop("automountServiceAccountToken"),
    "links": lambda r: _pod(r).pop("enableServiceLinks"),
    "filter": lambda r: _pod(r)["securityContext"].pop("seccompProfile"),
    "root of the pod": lambda r: _pod(r)["securityContext"].pop("runAsNonRoot"),
    "host path": lambda r: _pod(r)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "token as a volume": lambda r: _pod(r)["volumes"].append(
        {"name": "x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    ),
    "privileged": lambda r: _one(r, "builder")["securityContext"].update(privileged=True),
    "root": lambda r: _one(r)["securityContext"].pop("runAsNonRoot"),
    "root by number": lambda r: _one(r)["securityContext"].update(runAsUser=0),
    "gains": lambda r: _one(r)["securityContext"].update(allowPrivilegeEscalation=True),
    "capabilities": lambda r: _one(r)["securityContext"].pop("capabilities"),
    "one more": lambda r: _one(r, "builder")["securityContext"]["capabilities"]["add"].append("SYS_ADMIN"),
    "filter of one": lambda r: _one(r)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "proc": lambda r: _one(r)["securityContext"].update(procMount="Unmasked"),
    "writable": lambda r: _one(r, "page")["securityContext"].pop("readOnlyRootFilesystem"),
    "no limit": lambda r: _one(r)["resources"].pop("limits"),
    "no request": lambda r: _one(r, "certificates")["resources"].pop("requests"),
    "no probe": lambda r: _one(r, "watcher").pop("livenessProbe"),
    "no context": lambda r: _one(r).pop("securityContext"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(name: str) -> None:
    """Each one alone, in what is else right."""
    rendered = copy.deepcopy(render())
    assert [] == violations(rendered, engine=False, access=False)
    FAULTS[name](rendered)

    assert 1 == len({text.split(":")[0] for text in violations(rendered, engine=False, access=False)})


@pytest.mark.parametrize("rule", [("", "secrets", "list"), ("", "pods", "watch"), ("apps", "pods", "list")])
def test_a_right_too_many_is_seen(rule: tuple[str, str, str]) -> None:
    """By group, resource and verb."""
    rendered = copy.deepcopy(render("--set", "kubernetes.access=true"))
    (role,) = of_kind(rendered, "ClusterRole").values()
    assert [] == violations(rendered, engine=False, access=True)
    role["rules"].append({"apiGroups": [rule[0]], "resources": [rule[1]], "verbs": [rule[2]]})

    assert 1 == len(violations(rendered, engine=False, access=True))


def test_the_builder_sees_no_token() -> None:
    """Its steps are other people's."""
    rendered = copy.deepcopy(render("--set", "kubernetes.access=true"))
    _one(rendered, "builder")["volumeMounts"].append({"name": "account", "mountPath": "/x"})

    assert ["Deployment edk: builder: it has a token"] == violations(rendered, engine=False, access=True)


BOOLEANS = [
    "watcher.enabled", "page.enabled", "registry.insecure", "registry.collectGarbage", "registry.hosting",
    "serviceAccount.create", "kubernetes.access", "networkPolicy.enabled",
    *(f"storage.{v}.{k}" for v in ("extensions", "state", "builder", "registry", "minio") for k in ("enabled", "keep")),
]  # fmt: skip
CHOICES: dict[str, list[Any]] = {
    "builder.kind": ["buildkit", "docker", "external"],
    "builder.external.kind": ["buildkit", "docker"],
    "builder.external.address": ["tcp://one:1234", "tcp://one:1,tcp://two:2"],
    "builder.external.tlsSecret": ["", "certificates"],
    "ingress.kind": ["auto", "traefik", "plain", "none"],
    "ingress.host": ["", "edk.example.org"],
    "ingress.editorPath": ["", "/", "/a/b/"],
    "ingress.className": ["", "nginx"],
    "ingress.tlsSecret": ["", "tls"],
    "platform": ["auto", "plain", "kaapana"],
    "global.services_namespace": ["", "services"],
    "global.admin_namespace": ["", "admin"],
    "global.registry_url": ["", "registry.example.org/x"],
    "global.edk_builder": ["", "-", "docker"],
    "global.http_proxy": ["", "http://proxy:3128"],
    "image.registry": ["", "registry.example.org:5000/edk"],
    "images.edk.digest": ["", f"sha256:{'a' * 64}"],
    "editor.password.existingSecret": ["", "password"],
    "editor.service.type": ["ClusterIP", "NodePort", "LoadBalancer"],
    "editor.service.nodePort": [0, 32080],
    "registry.nodeAddress": ["", "localhost:5000", "registry.example.org"],
    "registry.podAddress": ["", "registry:5000"],
    "storage.builder.existingClaim": ["", "my-claim"],
    "storage.registry.storageClass": ["", "-", "fast"],
    "fullnameOverride": ["", "x", "a-name-of-more-than-the-forty-five-characters-that-fit"],
    "commonLabels": [{}, {"team": "imaging"}],
    "tolerations": [[], [{"operator": "Exists"}]],
}
VALUES = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.booleans() for name in BOOLEANS},
        **{name: st.sampled_from(found) for name, found in CHOICES.items()},
    },
)


def render_values(values: dict[str, Any]) -> Any:
    """Return what helm makes of values by their paths."""
    sets = [f"{name}={json.dumps(value)}" for name, value in values.items()]
    return render(*(part for one in sets for part in ("--set-json", one)))


@given(values=VALUES)
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
def test_any_right_values_make_a_right_rendering(values: dict[str, Any]) -> None:
    """Whatever is chosen together: the parts fit, Kubernetes takes it, and nobody may more than was asked for."""
    values = {"builder.external.address": "tcp://one:1234", **values}
    rendered = render_values(values)
    platform = {"auto": bool(values.get("global.services_namespace")), "kaapana": True, "plain": False}
    answered = values.get("global.edk_builder", "") if platform[values.get("platform", "auto")] else ""
    kind = answered if answered not in ("", "-") else values.get("builder.kind", "buildkit")

    assert [] == misfits(rendered)
    assert [] == wrong_documents(rendered, "1.37.0")
    assert [] == violations(rendered, kind == "docker", values.get("kubernetes.access", False))
