"""Overrides and mirrors of upstream references."""

from __future__ import annotations

import pytest

from edk.domain.upstream import replace_upstream

DIGEST = "sha256:" + "0" * 64
MIRRORS = {"docker.io": "mirror.lan:5000/hub", "docker.io/nvidia": "nvidia.lan", "ghcr.io/": "mirror.lan:5000/ghcr/"}


@pytest.mark.parametrize("written", ["ubuntu:24.04", "docker.io/library/ubuntu:24.04", "library/ubuntu:24.04"])
@pytest.mark.parametrize("key", ["ubuntu:24.04", "docker.io/library/ubuntu:24.04", "docker.io/ubuntu:24.04"])
def test_an_override_knows_all_spellings_of_one_image(key: str, written: str) -> None:
    """What the engine would add makes no difference."""
    assert "localhost:32000/debian:root" == replace_upstream(written, {key: "localhost:32000/debian:root"}, {})


@pytest.mark.parametrize(
    "ref", ["ubuntu:22.04", "ubuntu", f"ubuntu@{DIGEST}", "example.org/ubuntu:24.04", "other/ubuntu:24.04", "Not A Ref"]
)
def test_an_override_is_for_that_reference_alone(ref: str) -> None:
    """Another tag, digest, registry or path stays as it is."""
    assert ref == replace_upstream(ref, {"ubuntu:24.04": "x"}, {})


def test_no_tag_means_latest() -> None:
    """A reference without a tag is the one with the tag latest."""
    assert "x" == replace_upstream("ubuntu", {"ubuntu:latest": "x"}, {})


@pytest.mark.parametrize(
    ("ref", "mirrored"),
    [
        ("ubuntu:24.04", "mirror.lan:5000/hub/library/ubuntu:24.04"),
        ("group/x", "mirror.lan:5000/hub/group/x:latest"),
        ("nvidia/cuda:12", "nvidia.lan/cuda:12"),
        (f"ubuntu@{DIGEST}", f"mirror.lan:5000/hub/library/ubuntu@{DIGEST}"),
        ("ghcr.io/a/b:1", "mirror.lan:5000/ghcr/a/b:1"),
        ("ghcr.iox/a/b:1", "ghcr.iox/a/b:1"),
        ("quay.io/a/b:1", "quay.io/a/b:1"),
    ],
)
def test_mirrors_replace_registries_the_longest_first(ref: str, mirrored: str) -> None:
    """A registry, or a path in it, is replaced as a whole; others stay."""
    assert mirrored == replace_upstream(ref, {}, MIRRORS)


def test_an_override_goes_before_a_mirror() -> None:
    """What is mapped by name is not sent to a mirror."""
    assert "x" == replace_upstream("ubuntu:24.04", {"ubuntu:24.04": "x"}, MIRRORS)
