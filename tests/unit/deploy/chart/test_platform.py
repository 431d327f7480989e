"""On Kaapana: what its chart service does with the chart, from the archive to the Extensions page."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.chart.comments import VALUES_YAML
from tests.support.chart.needs import need_helm
from tests.support.chart.rendering import Document, containers, documents, environment, of_kind, template

need_helm()
VALUES: dict[str, Any] = yaml.safe_load(VALUES_YAML.read_text())
PLATFORM: dict[str, Any] = {
    "services_namespace": "services", "admin_namespace": "admin", "helm_namespace": "admin",
    "registry_url": "registry.example.org/kaapana", "kaapana_build_version": "0.6.0", "hostname": "kaapana.example.org",
    "http_proxy": "", "https_proxy": "", "pull_policy_images": "Always", "storage_class_fast": "fast",
    "storage_node": "main", "credentials_minio_username": "kaapanaminio", "credentials_minio_password": "a,b{c}",
    "gpu_support": True, "internalCidrs": ["10.1.0.0/16", "10.152.183.0/24"], "dev_mode": None,
    "build_timestamp": "x y",
}  # fmt: skip
"""As its own release has them: texts, and other things that helm is handed as Python writes them."""


def as_installed(answers: dict[str, Any]) -> tuple[Document, ...]:
    """Return what comes of an installation: the platform's globals, answers, and the chart's own texts on top."""
    sets: dict[str, Any] = {f"global.{name}": value for name, value in {**PLATFORM, **answers}.items()}
    for name, value in VALUES["global"].items():
        if isinstance(value, str) and value:
            sets[f"global.{name}"] = value
        elif isinstance(value, list):
            sets |= {f"global.{name}[{place}]": one for place, one in enumerate(value)}
    arguments: list[str] = []
    for name, value in sets.items():
        if isinstance(value, str):
            escaped = value.replace(",", r"\,").replace(" ", "").replace("{", r"\{").replace("}", r"\}")
            arguments += ["--set-string", f"{name}={escaped}"]
        elif isinstance(value, list):
            arguments += ["--set", f"{name}={{{','.join(value)}}}"]
        else:
            arguments += ["--set", f"{name}={value}"]
    done = template(*arguments, namespace="admin")
    assert 0 == done.returncode, done.stderr
    return documents(done.stdout)


DEFAULTS = {name: question["default"] for name, question in VALUES["extension_params"].items()}


def test_nothing_lies_in_the_namespace_of_its_admin() -> None:
    """There it would be refused; the release itself is there."""
    rendered = as_installed(DEFAULTS)

    assert {"services", "kube-public"} == {one["metadata"]["namespace"] for one in rendered}


def test_pods_are_found_by_one_label() -> None:
    """By which alone it looks for the pods of each Deployment."""
    deployments = of_kind(as_installed(DEFAULTS), "Deployment")
    names = [one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for one in deployments.values()]

    assert len(set(names)) == len(names) == 2


def test_links_and_paths_are_those_of_the_ingress() -> None:
    """The page shows links of the values, in place of those that it would find itself."""
    ingresses = of_kind(as_installed(DEFAULTS), "Ingress")
    paths = [one["spec"]["rules"][0]["http"]["paths"][0]["path"] for one in ingresses.values()]

    assert sorted(VALUES["global"]["links"]) == sorted(path.rstrip("/") + "/" for path in paths)


def test_it_asks_the_platform() -> None:
    """For images, volumes, the node, and where charts go."""
    rendered = as_installed(DEFAULTS)
    pod = of_kind(rendered, "Deployment")["edk"]["spec"]["template"]["spec"]
    editor = containers(of_kind(rendered, "Deployment")["edk"])["editor"]
    variables = environment(editor)

    assert ("registry.example.org/kaapana/edk:0.1.0", "Always") == (editor["image"], editor["imagePullPolicy"])
    assert [{"name": "registry-secret"}] == pod["imagePullSecrets"]
    assert {"kaapana.io/node": "main"} == pod["nodeSelector"]
    assert {"fast"} == {c["spec"]["storageClassName"] for c in of_kind(rendered, "PersistentVolumeClaim").values()}
    assert "http://kube-helm-service.admin.svc:5000/kube-helm-api" == variables["KUBE_HELM_URL"]
    assert "0.6.0" == variables["KAAPANA_BUILD_VERSION"]
    assert "local-registry.services.svc.cluster.local:5000" == variables["LOCAL_REGISTRY_URL"]
    assert not {"http_proxy", "no_proxy"} & set(variables)


@pytest.mark.parametrize(("box", "mirrors"), [(True, True), (False, False), ("true", True), ("False", False)])
def test_a_box_is_ticked_or_not(box: object, mirrors: bool) -> None:
    """It comes as True or False, which helm takes for a text."""
    rendered = as_installed({**DEFAULTS, "edk_minio": box})
    names = set(containers(of_kind(rendered, "Deployment")["edk"]))

    assert mirrors == ({"minio-output", "minio-input"} <= names)
    if mirrors:
        assert "a,b{c}" == of_kind(rendered, "Secret")["edk-minio"]["stringData"]["password"]


def test_answers_count() -> None:
    """The builder, and where the EDK's own images are."""
    answers = {"edk_builder": "docker", "edk_image_registry": "localhost:32000", "edk_image_tag": "test"}
    found = containers(of_kind(as_installed({**DEFAULTS, **answers}), "Deployment")["edk"])

    assert "localhost:32000/edk-engine:test" == found["builder"]["image"]
    assert found["builder"]["securityContext"]["privileged"]


def test_a_plain_cluster_ignores_globals() -> None:
    """Where somebody says so; and `kaapana` without its namespace takes the release's."""
    done = template("--set", "platform=plain,global.services_namespace=services,global.registry_url=r.example.org")
    rendered = documents(done.stdout)

    assert {"tools", "kube-public"} == {one["metadata"]["namespace"] for one in rendered}
    assert "edk:0.1.0" == containers(of_kind(rendered, "Deployment")["edk"])["editor"]["image"]
