"""What every Registry does: the one over HTTP on a real registry, and the one in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from edk.adapters.registry import HttpRegistry
from edk.domain.artifacts import Document
from edk.domain.errors import DigestMismatchError
from edk.orchestrator.attesting import attach, attached
from edk.ports import Registry
from tests.fakes.registry import MANIFEST, FakeRegistry, config_of, digest_of, manifest_of

Put = Callable[[str, str, Mapping[str, str]], str]


@dataclass(frozen=True)
class World:
    """A registry, a repository of its own for the test, and a way to put images there."""

    registry: Registry
    repository: str
    put: Put


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.integration), "memory"])
def world(request: pytest.FixtureRequest) -> World:
    """A registry of either kind with an empty repository."""
    repository = f"registry-contract/{uuid.uuid4().hex}"
    if request.param == "memory":
        fake = FakeRegistry()
        return World(fake, repository, fake.put)
    host = request.getfixturevalue("registry_host")
    return World(HttpRegistry(host, environ={}), repository, _uploader(host))


def _uploader(host: str) -> Put:
    import urllib3

    def put(repository: str, tag: str, labels: Mapping[str, str]) -> str:
        base = f"http://{host}/v2/{repository}"
        config = config_of(labels)
        manifest = manifest_of(config)
        with urllib3.PoolManager() as http:
            location = http.request("POST", f"{base}/blobs/uploads/").headers["Location"]
            mark = "&" if "?" in location else "?"
            url = f"{location}{mark}digest={digest_of(config)}"
            assert 201 == http.request("PUT", url, body=config).status
            stored = http.request("PUT", f"{base}/manifests/{tag}", body=manifest, headers={"Content-Type": MANIFEST})
            assert 201 == stored.status
        return digest_of(manifest)

    return put


def test_answers(world: World) -> None:
    """A registry that is there can be pinged."""
    assert world.registry.ping() is None


def test_head_tells_digest_kind_and_size(world: World) -> None:
    """A tag and the digest behind it show the same manifest."""
    digest = world.put(world.repository, "1.0", {"a": "b"})

    by_tag = world.registry.head(world.repository, "1.0")

    assert by_tag is not None
    assert (digest, MANIFEST, len(manifest_of(config_of({"a": "b"})))) == (
        by_tag.digest,
        by_tag.media_type,
        by_tag.size,
    )
    assert by_tag == world.registry.head(world.repository, digest)


def test_nothing_is_none(world: World) -> None:
    """An unknown repository, tag or digest is nothing, not an error."""
    world.put(world.repository, "1.0", {})
    unknown = "sha256:" + "0" * 64

    for repository, reference in ((world.repository, "2.0"), (world.repository, unknown), ("nowhere/x", "1")):
        assert world.registry.head(repository, reference) is None
        assert world.registry.manifest(repository, reference) is None
        assert world.registry.labels(repository, reference) is None


def test_manifest_is_read_back_byte_by_byte(world: World) -> None:
    """A manifest comes with its digest, equal to what HEAD says."""
    world.put(world.repository, "1.0", {"x": "y"})

    found = world.registry.manifest(world.repository, "1.0")

    assert found is not None
    assert manifest_of(config_of({"x": "y"})) == found[1]
    assert world.registry.head(world.repository, "1.0") == found[0]


def test_labels_are_those_of_the_config(world: World) -> None:
    """Labels come back as they were put in, by tag and by digest; an image may have none."""
    labels = {"kaapana.edk.fingerprint": "abc", "empty": "", "ünï": "✓"}
    digest = world.put(world.repository, "1.0", labels)
    world.put(world.repository, "bare", {})

    assert labels == world.registry.labels(world.repository, "1.0")
    assert labels == world.registry.labels(world.repository, digest)
    assert {} == world.registry.labels(world.repository, "bare")


def test_tags_are_sorted_and_none_for_no_repository(world: World) -> None:
    """All tags of a repository are listed in order."""
    for tag in ("b", "a", "1.0"):
        world.put(world.repository, tag, {})

    assert ("1.0", "a", "b") == world.registry.tags(world.repository)
    assert () == world.registry.tags("nowhere/at-all")


def test_retag_points_at_the_same_manifest(world: World) -> None:
    """A second tag gets the digest of the first, and moves when told."""
    first = world.put(world.repository, "1.0", {"n": "1"})
    second = world.put(world.repository, "2.0", {"n": "2"})

    world.registry.retag(world.repository, first, "latest")
    assert {"n": "1"} == world.registry.labels(world.repository, "latest")
    world.registry.retag(world.repository, second, "latest")

    now = world.registry.head(world.repository, "latest")
    assert second == (now and now.digest)


def test_retag_of_what_is_not_there_is_an_error(world: World) -> None:
    """A digest that the repository does not hold can't be tagged."""
    world.put(world.repository, "1.0", {})

    with pytest.raises(DigestMismatchError):
        world.registry.retag(world.repository, "sha256:" + "0" * 64, "latest")
    assert world.registry.head(world.repository, "latest") is None


def _store(world: World, repository: str, content: bytes) -> str:
    world.registry.upload(repository, digest_of(content), len(content), [content[:3], content[3:]])
    return digest_of(content)


def test_an_uploaded_blob_is_there_and_read_back(world: World) -> None:
    """A blob that comes in pieces is held by its repository, and by no other."""
    digest = _store(world, world.repository, b"some blob")

    assert world.registry.has_blob(world.repository, digest)
    assert not world.registry.has_blob(f"{world.repository}/other", digest)
    assert b"some blob" == b"".join(world.registry.blob(world.repository, digest))


def test_an_upload_of_something_else_is_refused(world: World) -> None:
    """What is not of its digest is not stored under it."""
    wrong = digest_of(b"another")

    with pytest.raises(DigestMismatchError):
        world.registry.upload(world.repository, wrong, 4, [b"blob"])

    assert not world.registry.has_blob(world.repository, wrong)


def test_a_blob_of_another_repository_is_mounted(world: World) -> None:
    """Mounting gives a repository the blob of another one without sending it; what is nowhere can't be mounted."""
    digest = _store(world, world.repository, b"shared blob")
    other = f"{world.repository}/other"

    assert world.registry.mount(other, digest, world.repository)
    assert not world.registry.mount(other, digest_of(b"nowhere"), world.repository)

    assert world.registry.has_blob(other, digest)
    assert not world.registry.has_blob(other, digest_of(b"nowhere"))


def test_a_manifest_that_is_put_stands_under_tag_and_digest(world: World) -> None:
    """What is put is read back byte by byte; a repository with an image is listed."""
    config = config_of({"a": "b"})
    _store(world, world.repository, config)

    digest = world.registry.put_manifest(world.repository, "1.0", MANIFEST, manifest_of(config))

    by_tag = world.registry.manifest(world.repository, "1.0")
    assert digest_of(manifest_of(config)) == digest
    assert by_tag is not None
    assert (digest, manifest_of(config)) == (by_tag[0].digest, by_tag[1])
    assert world.repository in world.registry.repositories()


def test_a_manifest_without_its_blobs_is_refused(world: World) -> None:
    """A registry takes no manifest of which a blob is missing."""
    with pytest.raises(DigestMismatchError):
        world.registry.put_manifest(world.repository, "1.0", MANIFEST, manifest_of(config_of({"not": "there"})))

    assert world.registry.head(world.repository, "1.0") is None


def test_a_deleted_manifest_takes_its_tags_along(world: World) -> None:
    """Deleting removes the manifest and all its tags, and nothing else; a second time it is not there any more."""
    digest = world.put(world.repository, "1.0", {"n": "1"})
    other = world.put(world.repository, "2.0", {"n": "2"})
    world.registry.retag(world.repository, digest, "latest")

    assert world.registry.delete(world.repository, digest)
    assert not world.registry.delete(world.repository, digest)

    assert ("2.0",) == world.registry.tags(world.repository)
    there = world.registry.head(world.repository, "2.0")
    assert other == (there and there.digest)


def test_documents_stand_beside_an_image(world: World) -> None:
    """Each kind once, the newest; another image of the repository has none."""
    image = world.put(world.repository, "1.0", {"n": "1"})
    other = world.put(world.repository, "2.0", {"n": "2"})
    for number, kind in enumerate(("provenance", "sbom", "provenance")):
        document = Document(kind, "application/vnd.in-toto+json", f"{kind} {number}".encode())
        attach(world.registry, world.repository, image, document, f"2026-01-0{number + 1}T00:00:00Z")

    found = [attached(world.registry, world.repository, image, kind) for kind in ("provenance", "sbom", "signature")]
    assert [b"provenance 2", b"sbom 1", None] == found
    assert attached(world.registry, world.repository, other, "provenance") is None


def test_nothing_is_attached_to_an_image_that_is_not_there(world: World) -> None:
    """It would be found by nobody."""
    with pytest.raises(DigestMismatchError):
        attach(world.registry, world.repository, digest_of(b"gone"), Document("sbom", "a/b", b"x"), "")
