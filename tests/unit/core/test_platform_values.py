"""What is read of kube-helm's answers, of every shape that they come in."""

from __future__ import annotations

import pytest

from edk.domain.platform import Deployment, Extension, ReleaseStatus, extensions_in, release_in, same_moment


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, ()),
        ({"detail": "Failed to get extensions"}, ()),
        ([None, "demo-workflow", {}, {"name": 7.5, "available_versions": 3}], (Extension("7.5"),)),
        ([{"name": "a", "version": "1"}], (Extension("a", ("1",)),)),
        (
            [{"chart_name": "a", "version": "2", "versions": ["2", "1"], "available_versions": {"1": None, "2": {}}}],
            (Extension("a", ("2", "1")),),
        ),
        (
            # An older service: no deployments, the entry itself tells.
            [{"name": "a", "version": "1", "installed": "yes", "helmStatus": "Deployed", "kubeStatus": ["Running"],
              "successful": "yes", "releaseName": "a"}],
            (Extension("a", ("1",), True, deployments=(Deployment("a", "1", "deployed", ("running",), True),)),),
        ),
        (
            [{"chart_name": "a", "installed": "yes", "available_versions": {"1": {"deployments": [
                {"deployment_id": "a", "helm_status": "uninstalling", "kube_status": "unknown", "ready": False},
                {"no": "id"}, None]}}}],
            (Extension("a", ("1",), True, deployments=(Deployment("a", "1", "uninstalling"),)),),
        ),
        (
            [{"chart_name": "m", "version": "1", "multiinstallable": "yes", "installed": "yes", "releaseName": "m-x",
              "helmStatus": "Deployed", "kubeStatus": "Pending"},
             {"chart_name": "m", "version": "1", "multiinstallable": "yes", "installed": "no",
              "extension_params": {"project": {}}}],
            (Extension("m", ("1",), False, True, ("project",),
                       (Deployment("m-x", "1", "deployed", ("pending",)),)),),
        ),
    ],
)  # fmt: skip
def test_extensions(document: object, expected: tuple[Extension, ...]) -> None:
    """Charts are found in what is there; the rest is passed over."""
    assert expected == extensions_in(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"NAME": "a", "LAST DEPLOYED": "Mon Jan  1 10:00:00 2024", "STATUS": "deployed", "REVISION": 1},
            ReleaseStatus("a", "deployed", "Mon Jan  1 10:00:00 2024"),
        ),
        ({"status": "Failed", "description": "timed out"}, ReleaseStatus("a", "failed", "", "timed out")),
        ([], ReleaseStatus("a", "")),
        (None, ReleaseStatus("a", "")),
        ({"STATUS": ["deployed"]}, ReleaseStatus("a", "")),
    ],
)
def test_releases(document: object, expected: ReleaseStatus) -> None:
    """A status that is not told is empty, never guessed."""
    assert expected == release_in("a", document)


@pytest.mark.parametrize(
    ("deployed", "updated", "expected"),
    [
        ("Mon Jan  1 10:00:00 2024", "2024-01-01 10:00:00.123456789 +0000 UTC", True),
        ("Sun Dec 31 23:59:59 2023", "2023-12-31 23:59:59 +0100 CET", True),
        ("Mon Jan  1 10:00:01 2024", "2024-01-01 10:00:00.9 +0000 UTC", False),
        ("Mon Feb  1 10:00:00 2024", "2024-01-01 10:00:00 +0000 UTC", False),
        ("", "2024-01-01 10:00:00 +0000 UTC", True),
        ("2024-01-01", "x", True),
        ("Mon Jan  1 10:00:00 2024", "", True),
    ],
)
def test_moments(deployed: str, updated: str, expected: bool) -> None:
    """Helm's two ways to write a time are compared to the second."""
    assert expected == same_moment(deployed, updated)


@pytest.mark.parametrize(
    ("pods", "trouble"),
    [
        (("running", "completed", "pending", "containercreating", "init:0/1", "podinitializing", "terminating"), ()),
        (("imagepullbackoff", "running"), ("imagepullbackoff",)),
        (("init:crashloopbackoff",), ("init:crashloopbackoff",)),
        (("error", "completed"), ("error",)),
    ],
)
def test_pods_in_trouble(pods: tuple[str, ...], trouble: tuple[str, ...]) -> None:
    """What passes by waiting is told from what does not."""
    assert trouble == Deployment("a", "1", "deployed", pods).trouble
