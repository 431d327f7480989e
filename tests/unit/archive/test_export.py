"""Export: which images under which names, and one archive of several images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from edk.domain import archive_events as ev
from edk.domain.errors import BuildError, RegistryUnreachableError, SourceError
from edk.domain.shipping import Shipment, chosen_images, shipments
from edk.orchestrator.exporting import export, images_to_export
from edk.orchestrator.image_archive import packed, write_archive
from tests.fakes.registry import FakeRegistry, digest_of
from tests.support.images import put_image
from tests.unit.archive.layout import blobs_of, members
from tests.unit.core.bench import Bench
from tests.unit.core.building import base, dockerfile

TREE = {
    "base/Dockerfile": base("base", "FROM scratch"),
    "seg/Dockerfile": dockerfile("seg", "FROM local-only/base"),
    "dag/Dockerfile": dockerfile("dag", "FROM local-only/base"),
    "left/Dockerfile": dockerfile("left", "FROM scratch", 'LABEL BUILD_IGNORE="True"'),
    "dag/files/x/SegOperator.py": 'X(image=f"{DEFAULT_REGISTRY}/seg:0.9.1")\n',
}
SHARED, OWN, OTHER = b"shared" * 1000, b"own" * 999, b"other" * 7


@pytest.fixture
def registry() -> FakeRegistry:
    """A registry with two images that share a layer."""
    held = FakeRegistry()
    put_image(held, "a", "1", [SHARED, OWN])
    put_image(held, "b", "1", [SHARED, OTHER])
    return held


def write(registry: FakeRegistry, path: Path, *shipped: Shipment) -> dict[str, bytes]:
    """Write an archive, and return its members."""
    write_archive(registry, [packed(registry, shipment) for shipment in shipped], str(path))
    return members(path)


A, B = Shipment("a", "a", "1", ("r/a:1", "r/a:2")), Shipment("b", "b", "1", ("r/b:1",))


def built(**settings: object) -> Bench:
    """The tree, built."""
    bench = Bench(TREE, **settings)
    bench.build()
    return bench


def test_what_an_extension_needs_to_run_is_chosen() -> None:
    """Not its bases, and nothing that is ignored."""
    plan = built().plan()

    assert ["dag", "seg"] == sorted(image.label for image in images_to_export(plan, (), ["x"], with_bases=False))
    assert ["base", "dag", "seg"] == sorted(image.label for image in chosen_images(plan, with_bases=True))


@pytest.mark.parametrize(
    ("names", "with_bases", "expected"),
    [
        (("seg",), False, ["seg"]),
        (("seg",), True, ["base", "seg"]),
        (("base",), False, ["base"]),
        ((), True, ["base", "dag", "seg"]),
    ],
)
def test_images_are_chosen_by_name(names: tuple[str, ...], with_bases: bool, expected: list[str]) -> None:
    """A base that is named is wanted, though it is a base."""
    plan = built().plan()

    assert expected == sorted(image.label for image in chosen_images(plan, names, with_bases=with_bases))


def test_every_tag_that_is_asked_for_is_a_name() -> None:
    """The platform's version, and what an operator asks for literally, below the registry that is given."""
    plan = built().plan()

    (shipped,) = shipments(chosen_images(plan, ["seg"]), "registry.example.org/p")

    assert ("registry.example.org/p/seg:0.6.0", "registry.example.org/p/seg:0.9.1") == shipped.names
    assert ("seg", "seg") == (shipped.label, shipped.repository)
    assert shipped.reference.startswith("sha256:")


def test_what_pods_ask_for_by_digest_is_a_name_too() -> None:
    """Of every image; the DAG image also stands under the path that charts ask for; nobody asks for bases."""
    images = {image.label: image for image in built().plan().images}
    dag_image = replace(images["dag"], node=structs.replace(images["dag"].node, role="dag"))
    seg, dag, base_image = shipments([images["seg"], dag_image, images["base"]], "localhost:32000", "digest")

    assert f"localhost:32000/seg@{seg.reference}" == seg.names[-1]
    assert (
        f"localhost:32000/dag@{dag.reference}",
        f"localhost:32000/edk/{dag.reference[7:23]}/dag:0.6.0",
    ) == dag.names[1:]
    assert ("localhost:32000/base:latest",) == base_image.names


def test_names_by_digest_are_for_containerd_alone(registry: FakeRegistry, tmp_path: Path) -> None:
    """The index has them; the tags of ``docker load`` can't."""
    name = f"r/a@sha256:{'a' * 64}"
    files = write(registry, tmp_path / "x.tar", Shipment("a", "a", "1", ("r/a:1", name)))

    index, docker = (json.loads(files[path]) for path in ("index.json", "manifest.json"))
    assert ["r/a:1", name] == [entry["annotations"]["io.containerd.image.name"] for entry in index["manifests"]]
    assert ["r/a:1"] == docker[0]["RepoTags"]
    assert "org.opencontainers.image.ref.name" not in index["manifests"][1]["annotations"]


def test_what_is_not_up_to_date_is_not_exported() -> None:
    """The error names each, why, and the command that builds it."""
    bench = built()
    bench.write("seg/Dockerfile", dockerfile("seg", "FROM local-only/base", "RUN new"))

    with pytest.raises(BuildError, match=r"does not hold 1 of 2 images.*seg: the Dockerfile changed") as caught:
        images_to_export(bench.plan(), (), ["/w/my ext"], with_bases=False)

    assert "edk build --dir '/w/my ext'\nor let --build do it first" == caught.value.hint
    assert 1 == caught.value.exit_code


def test_a_registry_that_was_not_asked_is_away() -> None:
    """Nothing is said about images of which nothing is known."""
    bench = built()
    bench.registry.fail("head", *(RegistryUnreachableError("nobody is there") for _ in range(9)))

    with pytest.raises(RegistryUnreachableError, match="nobody is there"):
        images_to_export(bench.plan(), (), ["x"], with_bases=False)


def test_an_extension_without_images_is_told() -> None:
    """Bases alone are nothing to run."""
    bench = Bench({"base/Dockerfile": base("base", "FROM scratch")})
    bench.build()

    with pytest.raises(SourceError, match="no image to export") as caught:
        images_to_export(bench.plan(), (), ["x"], with_bases=False)

    assert "--with-bases" in caught.value.hint


def test_a_layer_of_two_images_is_written_once(registry: FakeRegistry, tmp_path: Path) -> None:
    """And every blob of both is there, under its true digest."""
    files = write(registry, tmp_path / "x.tar", A, B)

    blobs = blobs_of(files)
    assert {digest: digest for digest in blobs} == {digest: digest_of(content) for digest, content in blobs.items()}
    assert {digest_of(SHARED), digest_of(OWN), digest_of(OTHER)} < set(blobs)
    assert 3 + 2 + 2 == len(blobs)


def test_every_name_stands_in_both_documents(registry: FakeRegistry, tmp_path: Path) -> None:
    """An image with two names has two entries for containerd, and one for Docker."""
    files = write(registry, tmp_path / "x.tar", A, B)

    index, saved = json.loads(files["index.json"]), json.loads(files["manifest.json"])
    named = [entry["annotations"]["io.containerd.image.name"] for entry in index["manifests"]]
    assert ["r/a:1", "r/a:2", "r/b:1"] == named
    assert [["r/a:1", "r/a:2"], ["r/b:1"]] == [entry["RepoTags"] for entry in saved]
    assert [SHARED, OTHER] == [files[layer] for layer in saved[1]["Layers"]]


def test_the_same_images_give_the_same_bytes(registry: FakeRegistry, tmp_path: Path) -> None:
    """Neither the time nor the user nor the place of the archive is in it."""
    write(registry, tmp_path / "one.tar", A, B)
    write(registry, tmp_path / "sub" / "two.tar", A, B)

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "sub" / "two.tar").read_bytes()


def test_an_image_twice_is_held_once(registry: FakeRegistry, tmp_path: Path) -> None:
    """Two labels may stand for the same image."""
    files = write(registry, tmp_path / "x.tar", A, Shipment("again", "a", "1", ("r/again:1",)))

    assert 1 + 1 + 2 == len(blobs_of(files))
    assert 3 == len(json.loads(files["index.json"])["manifests"])


def test_an_export_tells_what_it_did(tmp_path: Path) -> None:
    """Each image with its names, and the archive with its size; progress where it takes long."""
    bench = built()
    path = tmp_path / "x.tar"
    monotonic = bench.clock.monotonic
    bench.clock.monotonic = lambda: bench.clock.advance(1.5) or monotonic()  # type: ignore[func-returns-value,method-assign]

    export(bench.services, shipments(chosen_images(bench.plan()), "r"), str(path))

    told = [event for event in bench.sink.events if isinstance(event, ev.ArchiveEvent)]
    images = {event.image: event.names for event in told if isinstance(event, ev.ImagePacked)}
    assert {"dag": ("r/dag:0.6.0",), "seg": ("r/seg:0.6.0", "r/seg:0.9.1")} == images
    assert any(isinstance(event, ev.TransferMoved) and 0 < event.current <= event.total for event in told)
    (written,) = [event for event in told if isinstance(event, ev.ArchiveWritten)]
    assert (str(path), 2, path.stat().st_size) == (written.archive, written.images, written.bytes)
