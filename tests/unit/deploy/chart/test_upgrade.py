"""An upgrade from the first version on keeps claims, names, selectors, ports and where data lies."""

from __future__ import annotations

import copy

import pytest

from tests.support.chart.lasting import lasting, sizes
from tests.support.chart.needs import need_helm
from tests.support.chart.rendering import FIRST, Document, documents, of_kind, render, render_set

need_helm()
STORED = {path.stem: path for path in sorted(FIRST.glob("*.yaml"))}


def test_something_is_stored() -> None:
    """A plain cluster, the platform, and one where all is chosen."""
    assert {"default", "kaapana", "placed"} == set(STORED)


@pytest.mark.parametrize("name", STORED)
def test_what_must_last_lasts(name: str) -> None:
    """More may come; nothing may go or change."""
    before, after = lasting(documents(STORED[name].read_text())), lasting(render_set(name))

    assert before == {key: after.get(key) for key in before}


@pytest.mark.parametrize("name", STORED)
def test_claims_never_shrink(name: str) -> None:
    """Kubernetes refuses that; helm would stop halfway."""
    before, after = sizes(documents(STORED[name].read_text())), sizes(render_set(name))

    assert before
    assert all(int(after[claim].removesuffix("Gi")) >= int(size.removesuffix("Gi")) for claim, size in before.items())


@pytest.mark.parametrize("name", ["default", "kaapana", "kaapana-minio"])
def test_claims_stay_by_default(name: str) -> None:
    """One that is still going would be taken over by the next release, whose pod waits for it for ever."""
    claims = of_kind(render_set(name), "PersistentVolumeClaim")

    assert {"keep"} == {one["metadata"]["annotations"]["helm.sh/resource-policy"] for one in claims.values()}


def changed(rendered: tuple[Document, ...], what: str) -> tuple[Document, ...]:
    """Return a rendering with a fault."""
    broken = copy.deepcopy(rendered)
    deployment = of_kind(broken, "Deployment")["edk"]
    if what == "selector":
        deployment["spec"]["selector"]["matchLabels"]["helm.sh/chart"] = "edk-0.2.0"
    elif what == "sub-path":
        mounts = deployment["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
        next(mount for mount in mounts if mount.get("subPath") == "home")["subPath"] = "user"
    elif what == "claim":
        of_kind(broken, "PersistentVolumeClaim")["edk-state"]["metadata"]["name"] = "edk-data"
    elif what == "class":
        of_kind(broken, "PersistentVolumeClaim")["edk-state"]["spec"]["storageClassName"] = "fast"
    elif what == "keep":
        del of_kind(broken, "PersistentVolumeClaim")["edk-registry"]["metadata"]["annotations"]
    else:
        of_kind(broken, "Service")["local-registry"]["spec"]["ports"][0]["nodePort"] = 32001
    return broken


@pytest.mark.parametrize("what", ["selector", "sub-path", "claim", "class", "keep", "port"])
def test_a_change_is_seen(what: str) -> None:
    """So that the tests above mean something."""
    before, after = lasting(render()), lasting(changed(render(), what))

    assert before != {key: after.get(key) for key in before}


def test_pods_start_anew_for_a_new_configuration_of_the_builder() -> None:
    """Which it reads once; not for a new version of the chart alone."""
    pods = [
        of_kind(render(*sets), "Deployment")["edk"]["spec"]["template"]
        for sets in ((), ("--set", "builder.buildkit.maxParallelism=9"), ("--set", "commonLabels.a=b"))
    ]

    assert pods[0]["metadata"]["annotations"] != pods[1]["metadata"]["annotations"]
    assert pods[0]["spec"] == pods[1]["spec"]
    assert not any("version" in key or "chart" in key for pod in pods for key in pod["metadata"]["labels"])
