"""What kube-helm writes for its lists and states, as JSON: the shapes of the platform's own service."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.fakes.helm_world import MULTI, Chart, HelmWorld, Release


def status_document(release: Release) -> dict[str, Any]:
    """Return what ``helm status`` prints, read as YAML."""
    return {
        "NAME": release.name,
        "LAST DEPLOYED": time.asctime(time.gmtime(release.deployed)),
        "NAMESPACE": "default",
        "STATUS": release.status,
        "REVISION": 1,
        "TEST SUITE": "None",
    }


def extensions_document(world: HelmWorld) -> list[Any]:
    """Return the list of extensions: one entry for a chart, and one more for each release of one for several."""
    entries: dict[str, dict[str, Any]] = {}
    listed = world.listed()
    for chart, releases in listed:
        entry = entries.setdefault(chart.name, _entry(chart))
        entry["available_versions"][chart.version] = {"deployments": [_deployment(world, r) for r in releases]}
        entry["versions"] = sorted(entry["available_versions"], reverse=True)
        entry["version"] = entry["latest_version"] = entry["versions"][0]
        if releases and entry["multiinstallable"] == "no":
            entry["installed"], entry["helmStatus"] = "yes", releases[-1].status.capitalize()
    single = [_single(world, entries[chart.name], chart, release) for chart, of in listed for release in of]
    return [*(e for e in single if e), *entries.values()]


def _entry(chart: Chart) -> dict[str, Any]:
    return {
        "latest_version": None,
        "chart_name": chart.name,
        "name": chart.name,
        "links": [],
        "available_versions": {},
        "description": "x",
        "keywords": list(chart.keywords),
        "experimental": "no",
        "multiinstallable": "yes" if MULTI in chart.keywords else "no",
        "kind": "dag" if "kaapanaworkflow" in chart.keywords else "application",
        "resourceRequirement": "cpu",
        "extension_params": chart.parameters or None,
        "annotations": None,
        "display_name": "",
        "installed": "no",
        "helmStatus": None,
        "kubeStatus": None,
        "releaseName": chart.name,
    }


def _deployment(world: HelmWorld, release: Release) -> dict[str, Any]:
    pods: Sequence[str] = world.pods_of(release)
    updated = time.strftime("%Y-%m-%d %H:%M:%S.123456789 +0000 UTC", time.gmtime(release.deployed))
    states = {"age": ["1s"] * len(pods), "name": ["x"] * len(pods), "status": list(pods)}
    return {
        "deployment_id": release.name,
        "helm_status": release.status,
        "helm_info": {
            "name": release.name,
            "namespace": "default",
            "revision": "1",
            "updated": updated,
            "status": release.status,
            "chart": f"{release.chart.name}-{release.chart.version}",
            "app_version": "",
        },
        "kube_status": list(pods) if release.status == "deployed" else "unknown",
        "kube_info": states if release.status == "deployed" else None,
        "ready": world.is_ready(release),
        "links": [],
    }


def _single(world: HelmWorld, entry: dict[str, Any], chart: Chart, release: Release) -> dict[str, Any] | None:
    if MULTI not in chart.keywords:
        return None
    shown = {"installed": "yes", "releaseName": release.name, "successful": "yes", "version": chart.version}
    return {**entry, **shown, "versions": [chart.version], "helmStatus": release.status.capitalize()}
