"""Images are read once: two requests for each, none when the state knows it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.fingerprint import LABEL
from edk.domain.held import Held
from edk.domain.oci import OCI_INDEX
from edk.domain.redaction import Redactor
from edk.orchestrator.image_reading import KIND, ImageReader
from edk.orchestrator.inventory import take_inventory
from tests.fakes.cache import FakeCache
from tests.fakes.registry import MANIFEST, FakeRegistry, digest_of
from tests.support.images import documents


def reader(registry: FakeRegistry, cache: FakeCache | None = None, *secrets: str) -> ImageReader:
    """A reader."""
    return ImageReader(registry, cache or FakeCache(), Redactor(secrets))


def held(*digests: str) -> list[Held]:
    """Images of the repository ``x``."""
    return [Held("x", digest) for digest in digests]


def test_two_requests_for_each_and_none_again() -> None:
    """In another process too: the state knows."""
    registry, cache = FakeRegistry(), FakeCache()
    digests = [registry.put("x", str(n), {"n": str(n)}) for n in range(5)]

    first = reader(registry, cache).describe(held(*digests))
    asked, registry.calls = Counter(call[0] for call in registry.calls), []
    again = reader(registry, cache).describe(held(*digests))

    assert {"manifest": 5, "blob": 5} == dict(asked)
    assert [] == registry.calls
    assert first == again
    assert ["0", "1", "2", "3", "4"] == [first[digest].label("n") for digest in digests]


def test_three_hundred_images_cost_what_they_must() -> None:
    """The first time four requests an image, from then on two: its tags and where they point."""
    registry, cache = FakeRegistry(), FakeCache()
    for n in range(300):
        registry.put(f"image-{n}", "1.0", {LABEL: f"sha256:{n:064}"})
    images = reader(registry, cache)

    inventory = take_inventory(registry, images, (), None)
    images.describe(inventory.held)
    first, registry.calls = len(registry.calls), []
    images.describe(take_inventory(registry, images, (), None).held)

    assert 300 == len(inventory.held)
    assert 2 + 4 * 300 == first
    assert 2 + 2 * 300 == len(registry.calls)


def test_names_that_no_registry_may_give_are_not_asked_for() -> None:
    """A registry that lies about its names has no way into addresses by them."""
    registry = FakeRegistry()
    registry.put("x", "1", {})
    registry.put("../../v2/_catalog?x=", "1", {})
    registry.put("y\ud800\r\nHost: z", "1", {})
    registry.calls.clear()

    inventory = take_inventory(registry, reader(registry), (), None)

    assert ["x"] == [image.repository for image in inventory.held]
    assert {"../../v2/_catalog?x=", "y\ud800\r\nHost: z"} == set(inventory.unreadable)
    assert {"", "x"} == {repository for _, repository, _ in registry.calls}


def test_an_index_has_the_labels_of_its_usual_platform() -> None:
    """So that an index of ours is known as ours."""
    registry = FakeRegistry()
    registry.put("x", "amd", {LABEL: "print"})
    registry.put("x", "arm", {LABEL: "other"})
    entries = []
    for tag, arch in (("arm", "arm64"), ("amd", "amd64")):
        found = registry.manifest("x", tag)
        assert found is not None
        platform = {"os": "linux", "architecture": arch}
        entries.append({"digest": found[0].digest, "size": 1, "mediaType": MANIFEST, "platform": platform})
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    digest = registry.put_manifest("x", "1", OCI_INDEX, index)

    read = reader(registry).read("x", digest)

    assert ("print", 2) == (read.contents.fingerprint, len(read.description.platforms))


def test_secrets_are_masked_before_they_are_remembered() -> None:
    """In labels, and in what the history tells."""
    registry, cache = FakeRegistry(), FakeCache()
    digest = registry.put("x", "1", {"url": "https://u:hunter2@host"})

    told = reader(registry, cache, "hunter2").describe(held(digest))[digest]

    assert "https://u:•••@host" == told.label("url")
    assert not any(b"hunter2" in value for value in cache.stored.values())


def test_what_is_not_whole_is_left_out() -> None:
    """And everything else is read."""
    registry = FakeRegistry()
    lost, damaged, sound = (registry.put("x", tag, {"t": tag}) for tag in "abc")
    registry.lose_config("x", lost)
    registry.damage("x", damaged)

    assert {sound} == set(reader(registry).describe(held(lost, damaged, sound, digest_of(b"nowhere"))))
    for digest in (lost, damaged):
        with pytest.raises((DigestMismatchError, RegistryUnreachableError)):
            reader(registry).read("x", digest)


def test_a_registry_that_went_away_is_no_damaged_image() -> None:
    """It is told, and nothing is left out in silence."""
    registry = FakeRegistry()
    digest = registry.put("x", "1", {})
    registry.fail("manifest", RegistryUnreachableError("gone"))
    registry.fail("ping", RegistryUnreachableError("gone"))

    with pytest.raises(RegistryUnreachableError):
        reader(registry).describe(held(digest))


@pytest.mark.parametrize("config", [b"no json", b"[]", b"7", b"{" * 50_000])
def test_a_configuration_that_is_none_tells_nothing(config: bytes) -> None:
    """As of other artifacts that a registry may hold."""
    registry = FakeRegistry()
    manifest = json.loads(documents([])[1])
    manifest["config"] |= {"digest": digest_of(config), "size": len(config)}
    registry.upload("x", digest_of(config), len(config), [config])
    digest = registry.put_manifest("x", "1", MANIFEST, json.dumps(manifest).encode())

    assert () == reader(registry).read("x", digest).description.labels


def test_a_memory_of_another_version_is_read_anew() -> None:
    """State may be anything."""
    registry, cache = FakeRegistry(), FakeCache()
    digest = registry.put("x", "1", {"a": "b"})
    cache.store_readings(KIND, {digest: b"\xc1 nonsense"})

    assert "b" == reader(registry, cache).read("x", digest).description.label("a")
