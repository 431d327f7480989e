"""Archives of images: whole and right, or not there."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.domain.errors import BuildError, DigestMismatchError
from edk.domain.shipping import Shipment
from edk.orchestrator.image_archive import packed, write_archive
from tests.fakes.registry import digest_of
from tests.unit.archive.layout import BlobRegistry, blobs_of, members

NAME = "localhost:32000/seg:1"
LAYERS = (b"first layer" * 300, b"second layer" * 7)


@pytest.fixture
def registry() -> BlobRegistry:
    """A registry that holds ``seg:1``."""
    held = BlobRegistry()
    held.image("seg", *LAYERS)
    return held


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the archive goes; the folder is not there yet."""
    return tmp_path / "volume" / "seg.tar"


def write(registry: BlobRegistry, path: Path) -> str:
    """Write the archive of ``seg:1``."""
    image = packed(registry, Shipment("seg", "seg", "1", (NAME,)))
    write_archive(registry, [image], str(path))
    return image.digest


def left_in(path: Path) -> list[str]:
    """Return the names of what lies beside the archive, hidden files included."""
    return sorted(file.name for file in path.parent.iterdir())


def test_an_archive_holds_exactly_the_blobs_of_the_image(registry: BlobRegistry, path: Path) -> None:
    """Manifest, configuration and layers, each under its true digest, and nothing else."""
    digest = write(registry, path)

    files = members(path)
    blobs = blobs_of(files)
    assert {"oci-layout", "index.json", "manifest.json"} == {name for name in files if not name.startswith("blobs/")}
    assert {name: digest_of(content) for name, content in blobs.items()} == {name: name for name in blobs}
    assert {digest, *registry.blobs} == set(blobs)
    assert digest == registry.manifests["seg"][0]


def test_the_index_names_the_image_for_containerd(registry: BlobRegistry, path: Path) -> None:
    """By the annotation that it imports by, and the tag by that of the specification."""
    digest = write(registry, path)

    files = members(path)
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert "1.0.0" == json.loads(files["oci-layout"])["imageLayoutVersion"]
    assert (digest, len(blobs_of(files)[digest])) == (entry["digest"], entry["size"])
    assert NAME == entry["annotations"]["io.containerd.image.name"]
    assert "1" == entry["annotations"]["org.opencontainers.image.ref.name"]


def test_the_manifest_of_docker_save_names_the_same(registry: BlobRegistry, path: Path) -> None:
    """Engines older than the layout read this file; its paths are members of the archive."""
    write(registry, path)

    files = members(path)
    (entry,) = json.loads(files["manifest.json"])
    assert [NAME] == entry["RepoTags"]
    assert list(LAYERS) == [files[layer] for layer in entry["Layers"]]
    assert "amd64" == json.loads(files[entry["Config"]])["architecture"]


def test_a_layer_that_comes_twice_is_written_once(path: Path) -> None:
    """Both places in the manifest name it."""
    registry = BlobRegistry()
    registry.image("seg", b"same", b"other", b"same")

    write(registry, path)

    files = members(path)
    assert [b"same", b"other", b"same"] == [files[name] for name in json.loads(files["manifest.json"])[0]["Layers"]]


@pytest.mark.parametrize("piece", [1, 511, 512, 513, 1 << 20])
def test_pieces_of_any_size_make_the_same_archive(piece: int, path: Path) -> None:
    """What the network hands over at once does not matter."""
    registry = BlobRegistry(piece=piece)
    registry.image("seg", *LAYERS)

    write(registry, path)

    assert registry.blobs.items() <= blobs_of(members(path)).items()


def test_an_archive_replaces_the_one_before(registry: BlobRegistry, path: Path) -> None:
    """Others may read it, and nothing of the way there is left."""
    path.parent.mkdir()
    path.write_bytes(b"old")

    write(registry, path)

    assert ["seg.tar"] == left_in(path)
    assert "oci-layout" in members(path)
    assert 0o644 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "change",
    [lambda c: c[:-1] + b"?", lambda c: c[:-1], lambda c: c + b"?", lambda c: b"", lambda c: c + b"?" * 5000],
    ids=["another byte", "shorter", "longer", "nothing", "much longer"],
)
@pytest.mark.parametrize("piece", [64, 1 << 20])
@pytest.mark.parametrize("index", [0, 1, 2], ids=["config", "first layer", "last layer"])
def test_a_damaged_blob_leaves_no_archive(index: int, piece: int, change: object, path: Path) -> None:
    """Told as what it is, and what was there before stays."""
    registry = BlobRegistry(piece=piece)
    registry.image("seg", *LAYERS)
    manifest = json.loads(registry.manifests["seg"][1])
    digest = (manifest["config"], *manifest["layers"])[index]["digest"]
    registry.blobs[digest] = change(registry.blobs[digest])  # type: ignore[operator]
    path.parent.mkdir()
    path.write_bytes(b"old")

    with pytest.raises(DigestMismatchError):
        write(registry, path)

    assert ["seg.tar"] == left_in(path)
    assert b"old" == path.read_bytes()


def test_an_export_that_is_interrupted_leaves_no_archive(registry: BlobRegistry, path: Path) -> None:
    """Not even a part of one."""

    def interrupted(repository: str, digest: str) -> Iterator[bytes]:
        yield b"a part"
        raise KeyboardInterrupt

    registry.blob = interrupted  # type: ignore[method-assign]

    with pytest.raises(KeyboardInterrupt):
        write(registry, path)

    assert [] == left_in(path)


@pytest.mark.parametrize(("by", "says"), [(1, "shorter"), (-1, "longer")])
@pytest.mark.parametrize("piece", [64, 1 << 20])
def test_a_manifest_that_lies_about_a_size_leaves_no_archive(by: int, says: str, piece: int, path: Path) -> None:
    """The blob is what its digest says, but the archive would not be."""
    registry = BlobRegistry(piece=piece)
    registry.image("seg", *LAYERS)
    manifest = json.loads(registry.manifests["seg"][1])
    manifest["layers"][0]["size"] += by
    registry.store("seg", manifest)

    with pytest.raises(DigestMismatchError, match=says):
        write(registry, path)

    assert [] == left_in(path)


def test_an_index_of_platforms_is_refused(registry: BlobRegistry, path: Path) -> None:
    """With what to do, before anything is written."""
    registry.store("seg", {"schemaVersion": 2, "manifests": [{"digest": digest_of(b""), "size": 0}]})

    with pytest.raises(BuildError, match="several platforms") as caught:
        write(registry, path)

    assert "--platform" in caught.value.hint
    assert not path.parent.exists()


def test_an_image_that_is_not_there_is_told(path: Path) -> None:
    """By its name."""
    with pytest.raises(BuildError, match="seg:1 is not in the registry"):
        write(BlobRegistry(), path)


@pytest.mark.parametrize("kind", ["file above", "folder"])
def test_where_nothing_can_be_written_is_told(kind: str, registry: BlobRegistry, path: Path) -> None:
    """With the path, and what to do."""
    if kind == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("not a folder")

    with pytest.raises(BuildError, match=f"{path} can't be written: .* directory|File exists") as caught:
        write(registry, path)

    assert "VOLUME_PATH" in caught.value.hint
    assert kind == "file above" or ["seg.tar"] == left_in(path)


def test_memory_does_not_grow_with_the_layer(path: Path) -> None:
    """32 megabytes pass through in pieces; no more than a few are held at once."""
    registry = BlobRegistry(piece=1 << 18)
    registry.image("seg", b"x" * (32 << 20))

    tracemalloc.start()
    try:
        write(registry, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert 128 == registry.pieces.count(1 << 18)
    assert peak < 6 << 20
    assert path.stat().st_size > 32 << 20
