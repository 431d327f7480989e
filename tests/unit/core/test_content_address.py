"""An image under a path that holds its digest, over a registry in memory."""

from __future__ import annotations

import json

import pytest

from edk.domain.errors import DigestMismatchError
from edk.orchestrator.content_address import address
from tests.fakes.registry import MANIFEST, FakeRegistry, config_of, digest_of

INDEX = "application/vnd.oci.image.index.v1+json"


def test_the_same_manifest_stands_under_every_tag() -> None:
    """No blob is sent: the registry mounts what it has."""
    registry = FakeRegistry()
    digest = registry.put("dag-x", "0.6.0", {"a": "b"})

    repository = address(registry, "dag-x", digest, ("0.6.0", "0.0.0"))

    assert f"edk/{digest[7:23]}/dag-x" == repository
    assert ("0.0.0", "0.6.0") == registry.tags(repository)
    assert {digest} == {info.digest for tag in ("0.0.0", "0.6.0") if (info := registry.head(repository, tag))}
    assert "upload" not in {call[0] for call in registry.calls}


def test_what_stands_there_costs_a_request_for_each_tag() -> None:
    """A second time nothing is written."""
    registry = FakeRegistry()
    digest = registry.put("dag-x", "0.6.0", {})
    address(registry, "dag-x", digest, ("0.6.0",))
    registry.calls.clear()

    address(registry, "dag-x", digest, ("0.6.0",))

    assert ["head"] == [call[0] for call in registry.calls]


def test_a_registry_that_does_not_mount_is_sent_the_blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some know no mounting, and begin an upload instead."""
    registry = FakeRegistry()
    digest = registry.put("dag-x", "0.6.0", {"a": "b"})
    monkeypatch.setattr(registry, "mount", lambda *_: False)

    repository = address(registry, "dag-x", digest, ("0.6.0",))

    assert {"a": "b"} == registry.labels(repository, "0.6.0")


def test_every_platform_of_an_index_comes_along() -> None:
    """With the manifests that the index names."""
    registry = FakeRegistry()
    inner = registry.put("dag-x", "amd64", {"a": "b"})
    child = registry.manifest("dag-x", inner)
    assert child is not None
    described = {"mediaType": MANIFEST, "digest": inner, "size": len(child[1])}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}).encode()
    registry.put_manifest("dag-x", "0.6.0", INDEX, index)

    repository = address(registry, "dag-x", digest_of(index), ("0.6.0",))

    assert registry.head(repository, inner) is not None
    assert registry.has_blob(repository, digest_of(config_of({"a": "b"})))


def test_an_image_that_is_gone_is_an_error() -> None:
    """Somebody removed it since it was built."""
    with pytest.raises(DigestMismatchError, match="not in the registry any more"):
        address(FakeRegistry(), "dag-x", "sha256:" + "0" * 64, ("0.6.0",))
