"""Import: archives of several makers, members in any order."""

from __future__ import annotations

import gzip
import json
import random
import tarfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edk.domain import archive_events as ev
from edk.domain.errors import ArchiveError
from edk.domain.reference import RegistryAliases
from edk.domain.shipping import Shipment
from edk.orchestrator.image_archive import packed, write_archive
from edk.orchestrator.importing import ImportRequest, import_archive
from tests.fakes.registry import FakeRegistry, digest_of
from tests.support.images import (
    blob,
    descriptor,
    documents,
    layout_members,
    put_image,
    saved_members,
    tar_of,
    written,
)
from tests.unit.archive.importing import KINDS, LABELS, LAYERS, NAME, layers_of, tagged, take_in
from tests.unit.core.bench import Bench

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_of_either_kind_is_taken_in(kind: str, compressed: bool, tmp_path: Path) -> None:
    """Its layers are those of the image, and it keeps its labels."""
    bench = take_in(written(tmp_path / "x", tar_of(KINDS[kind](NAME)), compressed=compressed))

    assert list(LAYERS) == layers_of(bench.registry, "seg", "1")
    assert LABELS == bench.registry.labels("seg", "1")
    assert ["seg:1"] == tagged(bench.registry)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_members_may_come_in_any_order(kind: str, compressed: bool, tmp_path: Path) -> None:
    """Documents behind what they name, too."""
    for seed in range(8):
        members = list(KINDS[kind](NAME).items())
        random.Random(seed).shuffle(members)

        bench = take_in(written(tmp_path / "x", tar_of(dict(members)), compressed=compressed))

        assert list(LAYERS) == layers_of(bench.registry, "seg", "1")


def test_a_manifest_stays_as_it_is(tmp_path: Path) -> None:
    """What an OCI layout brings is in the registry byte by byte, so that its digest is the same everywhere."""
    _, manifest = documents(LAYERS, LABELS)

    bench = take_in(written(tmp_path / "x", tar_of(layout_members(NAME, LAYERS, LABELS))))

    found = bench.registry.manifest("seg", "1")
    assert found is not None
    assert manifest == found[1]


def test_uncompressed_layers_are_called_so(tmp_path: Path) -> None:
    """The manifest that docker save did not bring says of every layer how it is kept."""
    bench = take_in(written(tmp_path / "x", tar_of(saved_members(NAME, LAYERS))))

    found = bench.registry.manifest("seg", "1")
    assert found is not None
    kinds = {layer["mediaType"] for layer in json.loads(found[1])["layers"]}
    assert {"application/vnd.oci.image.layer.v1.tar"} == kinds


def test_a_compressed_layer_that_its_name_gives_away_is_taken_in(tmp_path: Path) -> None:
    """As Kaniko writes them: the digest is in the layer's name."""
    layer = gzip.compress(b"layer", mtime=0)
    members = saved_members(NAME, [b"layer"])
    named = f"{digest_of(layer)[7:]}.tar.gz"
    entry = {"Config": "config.json", "RepoTags": [NAME], "Layers": [named]}
    members = {"manifest.json": json.dumps([entry]).encode(), "config.json": members["config.json"], named: layer}

    bench = take_in(written(tmp_path / "x", tar_of(members)))

    assert [layer] == layers_of(bench.registry, "seg", "1")
    found = bench.registry.manifest("seg", "1")
    assert found is not None
    assert "application/vnd.oci.image.layer.v1.tar+gzip" == json.loads(found[1])["layers"][0]["mediaType"]


def test_a_link_to_a_layer_is_followed_within_the_archive(tmp_path: Path) -> None:
    """As docker save writes a layer that comes twice."""
    members = saved_members(NAME, [b"same", b"same"])
    del members["layer1/layer.tar"]

    bench = take_in(written(tmp_path / "x", tar_of(members, {"layer1/layer.tar": "../layer0/layer.tar"})))

    assert [b"same", b"same"] == layers_of(bench.registry, "seg", "1")


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("localhost:32000/seg:1", "seg:1"),
        ("localhost:32000/group/seg:1", "group/seg:1"),
        ("registry.example.org/platform/seg:1", "seg:1"),
        ("elsewhere.example.org/path/of/seg:1", "seg:1"),
        ("local-only/seg:latest", "seg:latest"),
        ("docker.io/library/seg", "seg:latest"),
        ("seg:1", "seg:1"),
    ],
)
def test_names_become_those_of_the_local_registry(name: str, stands: str, tmp_path: Path) -> None:
    """The local registry's aliases are one, and of another's names the last part counts."""
    bench = take_in(written(tmp_path / "x", tar_of(saved_members(name, LAYERS))))

    assert [stands] == tagged(bench.registry)


def test_everything_may_go_below_a_path(tmp_path: Path) -> None:
    """Of a registry that is shared."""
    bench = take_in(written(tmp_path / "x", tar_of(layout_members(NAME, LAYERS))), below="group/a")

    assert ["group/a/seg:1"] == tagged(bench.registry)


def test_an_image_without_a_name_gets_one(tmp_path: Path) -> None:
    """Or is refused, with the option that gives one."""
    path = written(tmp_path / "x", tar_of(layout_members("", LAYERS)))

    with pytest.raises(ArchiveError, match="1 of its 1 images have no name") as caught:
        take_in(path)
    bench = take_in(path, name="seg:2")

    assert "--name" in caught.value.hint
    assert ["seg:2"] == tagged(bench.registry)


def test_an_image_of_several_platforms_is_taken_in_whole(tmp_path: Path) -> None:
    """The tag points at the index, and each platform's image is there."""
    images = [documents([layer]) for layer in LAYERS]
    entries = [descriptor("application/vnd.oci.image.manifest.v1+json", manifest) for _, manifest in images]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    top = {**descriptor(INDEX, index), "annotations": {"io.containerd.image.name": NAME}}
    members = dict(map(blob, (*LAYERS, *(document for image in images for document in image), index)))
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()

    bench = take_in(written(tmp_path / "x", tar_of(members)))

    found = bench.registry.manifest("seg", "1")
    assert found is not None
    assert index == found[1]
    assert [[layer] for layer in LAYERS] == [layers_of(bench.registry, "seg", entry["digest"]) for entry in entries]


def test_an_index_that_lacks_a_platform_is_refused(tmp_path: Path) -> None:
    """The error names it."""
    _, manifest = documents([LAYERS[0]])
    entry = {**descriptor("", manifest), "platform": {"os": "linux", "architecture": "arm64"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    top = {**descriptor(INDEX, index), "annotations": {"io.containerd.image.name": NAME}}
    document = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()

    with pytest.raises(ArchiveError, match="that for linux/arm64 is not whole"):
        take_in(written(tmp_path / "x", tar_of({"index.json": document, **dict([blob(index)])})))


def test_what_is_there_is_not_sent_again(tmp_path: Path) -> None:
    """A second import uploads nothing, and one of an image that shares a layer only what is new."""
    bench = take_in(written(tmp_path / "x", tar_of(layout_members(NAME, LAYERS))))
    bench.registry.calls.clear()

    take_in(written(tmp_path / "x", tar_of(layout_members(NAME, LAYERS))), bench)
    again = [call for call in bench.registry.calls if call[0] == "upload"]
    take_in(written(tmp_path / "y", tar_of(layout_members("r/other:1", [LAYERS[0], b"new"]))), bench)

    assert [] == again
    assert 1 + 2 == len([call for call in bench.registry.calls if call[0] == "upload"])
    assert [LAYERS[0], b"new"] == layers_of(bench.registry, "other", "1")


class MountsNothing(FakeRegistry):
    """A registry that does not share blobs between repositories."""

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Say no."""
        return False


@pytest.mark.parametrize("compressed", [False, True])
def test_a_registry_that_mounts_nothing_gets_every_blob_sent(compressed: bool, tmp_path: Path) -> None:
    """By another pass through the archive."""
    source = FakeRegistry()
    put_image(source, "a", "1", LAYERS)
    put_image(source, "b", "1", LAYERS)
    plain = tmp_path / "plain"
    write_archive(source, [packed(source, Shipment(n, n, "1", (f"r/{n}:1",))) for n in "ab"], str(plain))
    bench = Bench({})
    bench.services = replace(bench.services, registry=MountsNothing())

    import_archive(
        bench.services,
        ImportRequest(written(tmp_path / "x", plain.read_bytes(), compressed=compressed), "h", RegistryAliases.of()),
    )

    registry = bench.services.registry
    assert isinstance(registry, FakeRegistry)
    assert [list(LAYERS)] * 2 == [layers_of(registry, name, "1") for name in "ab"]


def test_tags_come_last(tmp_path: Path) -> None:
    """When everything that they point at is there, of every image."""
    members = layout_members(NAME, LAYERS) | layout_members("r/other:1", [b"x"])
    both = [json.loads(layout_members(*image)["index.json"]) for image in ((NAME, LAYERS), ("r/other:1", [b"x"]))]
    index = {"schemaVersion": 2, "manifests": [entry for one in both for entry in one["manifests"]]}
    members["index.json"] = json.dumps(index).encode()

    bench = take_in(written(tmp_path / "x", tar_of(members)))

    writing = [name for name, *_ in bench.registry.calls if name in {"upload", "mount", "put_manifest", "retag"}]
    assert ["upload"] * 5 + ["put_manifest"] * 2 + ["retag"] * 2 == writing
    assert ["other:1", "seg:1"] == tagged(bench.registry)


def test_an_import_tells_what_it_did(tmp_path: Path) -> None:
    """Each image with its refs, and what was sent."""
    bench = take_in(written(tmp_path / "x", tar_of(layout_members(NAME, LAYERS))))

    (image,) = [event for event in bench.sink.events if isinstance(event, ev.ImageImported)]
    (done,) = [event for event in bench.sink.events if isinstance(event, ev.ArchiveImported)]
    assert ("seg", ("localhost:32000/seg:1",)) == (image.image, image.refs)
    assert (1, 3, 0) == (done.images, done.blobs, done.present)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    images=st.dictionaries(
        st.from_regex(r"[a-z]{1,6}(/[a-z]{1,4})?", fullmatch=True),
        st.lists(st.one_of(st.binary(max_size=2000), st.sampled_from([b"shared" * 700, b""])), max_size=5),
        min_size=1,
        max_size=5,
    ),
    order=st.randoms(use_true_random=False),
    compressed=st.booleans(),
)
def test_what_was_exported_is_imported_equal(
    images: dict[str, list[bytes]], order: random.Random, compressed: bool, tmp_path: Path
) -> None:
    """Any images, through an archive whose members were shuffled, have the same digests and layers behind it."""
    source = FakeRegistry()
    digests = {name: put_image(source, name, "1", layers) for name, layers in images.items()}
    shipped = [Shipment(name, name, "1", (f"localhost:32000/{name}:1",)) for name in images]
    write_archive(source, [packed(source, shipment) for shipment in shipped], str(tmp_path / "plain.tar"))
    with tarfile.open(tmp_path / "plain.tar") as tar:
        members = [(m.name, tar.extractfile(m).read()) for m in tar.getmembers()]  # type: ignore[union-attr]
    order.shuffle(members)

    bench = take_in(written(tmp_path / "x", tar_of(dict(members)), compressed=compressed))

    for name, layers in images.items():
        found = bench.registry.head(name, "1")
        assert digests[name] == (found and found.digest)
        assert layers == layers_of(bench.registry, name, "1")


@pytest.mark.parametrize("compressed", [False, True])
def test_memory_does_not_grow_with_the_layer(compressed: bool, tmp_path: Path) -> None:
    """32 megabytes pass through in pieces; the registry that takes them keeps none here."""

    class Swallowing(FakeRegistry):
        def upload(self, repository: str, digest: str, size: int, pieces: object) -> None:
            total = sum(len(piece) for piece in pieces)  # type: ignore[attr-defined]
            assert size == total
            super().upload(repository, digest_of(b""), 0, [])
            self._repositories[repository].configs[digest] = b""

    path = written(tmp_path / "x", tar_of(layout_members(NAME, [b"x" * (32 << 20)])), compressed=compressed)
    bench = Bench({})
    bench.services = replace(bench.services, registry=Swallowing())

    tracemalloc.start()
    try:
        import_archive(bench.services, ImportRequest(path, "h", RegistryAliases.of()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 << 20
