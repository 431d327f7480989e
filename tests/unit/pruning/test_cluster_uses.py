"""What a cluster's pods use of the local registry."""

from __future__ import annotations

import pytest

from edk.domain.cluster import RunningImage
from edk.domain.pruning import used_by
from edk.domain.reference import RegistryAliases

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("image", "image_id", "used"),
    [
        ("localhost:32000/seg:0.6.0", f"localhost:32000/seg@{DIGEST}", {"seg:0.6.0", DIGEST}),
        (f"localhost:32000/seg@{OTHER}", "", {OTHER}),
        ("localhost:32000/edk/0123456789abcdef/dag:0.0.0", "", {"edk/0123456789abcdef/dag:0.0.0"}),
        ("localhost:32000/seg", "", {"seg:latest"}),
        ("registry.svc:5000/seg:1", "", {"seg:1"}),
        ("docker.io/library/seg:1", "", set()),
        ("docker.io/library/seg:1", f"docker.io/library/seg@{DIGEST}", {DIGEST}),
    ],
)
def test_what_a_pod_asks_for_and_runs_is_used(image: str, image_id: str, used: set[str]) -> None:
    """By digest and by tag, of the local registry under each of its names; elsewhere what runs alone."""
    running = RunningImage("jobs", "p", "c", image, image_id)

    assert used == used_by([running], RegistryAliases.of("registry.svc:5000"))
