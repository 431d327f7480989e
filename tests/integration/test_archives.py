"""Export, import and verify on real registries, taken by the real engine and by containerd."""

from __future__ import annotations

import functools
import json
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from edk.adapters.registry import HttpRegistry
from edk.adapters.registry.storage import tag_target
from edk.domain import archive_events as ev
from edk.domain.shipping import Subject
from edk.domain.verifying import Remedies, Storage
from edk.orchestrator.verifying import verify
from tests.fakes.registry import digest_of
from tests.support.command import Command
from tests.support.containerd import OwnContainerd, missing
from tests.support.extension import Extension, snapshot, workflow
from tests.support.images import documents, layout_members, put_image, saved_members, tar_of
from tests.support.outages import OwnRegistry
from tests.support.reading_back import RegistryReader
from tests.unit.archive.layout import blobs_of, members
from tests.unit.core.bench import Bench

pytestmark = pytest.mark.integration

VERSION = "1.2.3"
PLATFORM = "registry.example.org/platform"


@pytest.fixture
def engine(engine_endpoint: str) -> Iterator[docker.DockerClient]:
    """The engine, asked by no code of the EDK."""
    client = docker.DockerClient(base_url=engine_endpoint)
    yield client
    client.close()


@pytest.fixture
def whole(busybox: str, tmp_path: Path) -> Extension:
    """An extension with a base, a DAG image, an image that operators ask for by two tags, and a chart."""
    return workflow(tmp_path / "extension", busybox)


@pytest.fixture
def own(tmp_path: Path, registry_host: str, busybox: str) -> Iterator[OwnRegistry]:
    """A registry of one's own, which holds the small base."""
    registry = OwnRegistry(tmp_path / "own")
    registry.start()
    source, sink = HttpRegistry(registry_host, environ={}), HttpRegistry(registry.host, environ={})
    found = source.manifest("test/busybox", "latest")
    assert found is not None
    info, content = found
    manifest = json.loads(content)
    for blob in (manifest["config"], *manifest["layers"]):
        sink.upload("test/busybox", blob["digest"], blob["size"], source.blob("test/busybox", blob["digest"]))
    sink.put_manifest("test/busybox", "latest", info.media_type, content)
    yield registry
    registry.kill()


def exported(edk: Command, whole: Extension, path: Path, *more: str) -> set[str]:
    """Build and export the extension, and return the names in the archive."""
    edk("export", "--dir", str(whole.path), "-o", str(path), "--build", *more).expect(0)
    return {name for entry in json.loads(members(path)["manifest.json"]) for name in entry["RepoTags"]}


def test_the_engine_loads_what_an_extension_needs(
    edk: Command, whole: Extension, registry: RegistryReader, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Under the platform's names, as the very images that stand in the registry; its chart lies beside it."""
    before = snapshot(whole.path)
    seg, dag = whole.name("seg"), whole.name("dag")
    path = tmp_path / "out" / "images.tar"

    names = exported(edk, whole, path, "--platform-registry", PLATFORM, "--chart")
    with path.open("rb") as stream:
        loaded = engine.images.load(stream)

    try:
        wanted = {f"{dag}:{VERSION}", f"{dag}:0.0.0", f"{seg}:{VERSION}", f"{seg}:0.9.1"}
        assert {f"{PLATFORM}/{name}" for name in wanted} == names
        assert names == {tag for image in loaded for tag in image.tags if tag.startswith(PLATFORM)}
        ids = {registry.manifest(name, VERSION)["config"]["digest"] for name in (seg, dag)}
        assert ids == {image.id for image in loaded}
    finally:
        for name in names:
            engine.images.remove(name)
    chart = f"x-{whole.suffix}-workflow-{VERSION}.tgz"
    assert ["images.tar", chart] == sorted(file.name for file in path.parent.iterdir())
    with tarfile.open(path.parent / chart) as tar:
        values = tar.extractfile(f"x-{whole.suffix}-workflow/values.yaml")
        assert values is not None
        assert PLATFORM.encode() in values.read()
    assert before == snapshot(whole.path)


def test_containerd_imports_what_an_extension_needs(edk: Command, whole: Extension, tmp_path: Path) -> None:
    """As the platform does with an uploaded archive; every blob of every image is then there."""
    if why := missing():
        pytest.skip(why)
    path = tmp_path / "images.tar"
    names = exported(edk, whole, path, "--with-bases")

    with OwnContainerd() as containerd:
        containerd.ctr("--namespace", "k8s.io", "image", "import", "--no-unpack", str(path))
        listed = containerd.ctr("--namespace", "k8s.io", "image", "list", "--quiet").stdout.split()
        checked = containerd.ctr("--namespace", "k8s.io", "image", "check").stdout
        content = containerd.ctr("--namespace", "k8s.io", "content", "list", "--quiet").stdout.split()

    assert {f"localhost:32000/{whole.name('base')}:latest", "localhost:32000/test/busybox:latest"} < names
    # What pods ask for by digest is there under exactly that name; docker knows no such names.
    by_digest = {name for name in listed if "@sha256:" in name}
    assert {f"localhost:32000/{whole.name(short)}" for short in ("seg", "dag")} == {n.split("@")[0] for n in by_digest}
    assert names == set(listed) - by_digest
    assert len(listed) == checked.count("complete (") - checked.count("incomplete (")
    assert set(blobs_of(members(path))) <= set(content)


def test_what_was_imported_is_skipped_by_a_build(
    edk: Command, whole: Extension, own: OwnRegistry, tmp_path: Path
) -> None:
    """A site without a network takes an archive in, and has nothing to build: the images keep their fingerprints."""
    there = edk.with_environ(LOCAL_REGISTRY_URL=own.host)
    path = tmp_path / "images.tar"
    exported(there, whole, path, "--with-bases")
    digests = {name: HttpRegistry(own.host, environ={}).head(whole.name(name), VERSION) for name in ("seg", "dag")}
    own.kill()
    own.wipe()
    own.start()
    away = there("plan", "--dir", str(whole.path), "--json").expect(0).plan

    there("import", str(path)).expect(0)
    plan = there("plan", "--dir", str(whole.path), "--json").expect(0).plan

    assert {"build"} == {image["action"] for image in away["images"]}
    assert {"skip"} == {image["action"] for image in plan["images"]}
    after = {name: HttpRegistry(own.host, environ={}).head(whole.name(name), VERSION) for name in digests}
    assert digests == after


def test_the_archive_of_the_same_images_is_the_same(edk: Command, whole: Extension, tmp_path: Path) -> None:
    """Byte by byte; nothing lies beside it."""
    exported(edk, whole, tmp_path / "out" / "one.tar")

    edk("export", "--dir", str(whole.path), "-o", str(tmp_path / "out" / "two.tar"), "--json").expect(0)

    assert (tmp_path / "out/one.tar").read_bytes() == (tmp_path / "out/two.tar").read_bytes()
    assert ["one.tar", "two.tar"] == sorted(file.name for file in (tmp_path / "out").iterdir())


def test_what_is_not_built_is_not_exported(edk: Command, whole: Extension, tmp_path: Path) -> None:
    """Exit code 1 with the command that builds it, and no archive."""
    run = edk("export", "--dir", str(whole.path), "-o", str(tmp_path / "x.tar")).expect(1)

    assert f"edk build --dir {whole.path}" in run.err
    assert not (tmp_path / "x.tar").exists()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("{extension}/images.tar", "lies in the extension itself"),
        ("{link}/images.tar", "lies in the extension itself"),
        ("{home}/thesis.odt", "is there, and is no archive"),
    ],
)
def test_an_archive_is_not_written_over_what_is_the_users(
    output: str, says: str, edk: Command, whole: Extension, tmp_path: Path
) -> None:
    """Exit code 2, and everything stays as it was."""
    (edk.cwd / "thesis.odt").write_text("years of work")
    (tmp_path / "link").symlink_to(whole.path)
    before = snapshot(whole.path)
    place = output.format(extension=whole.path, link=tmp_path / "link", home=edk.cwd)

    run = edk("export", "--dir", str(whole.path), "-o", place).expect(2)

    assert says in run.err
    assert before == snapshot(whole.path)
    assert "years of work" == (edk.cwd / "thesis.odt").read_text()


def test_the_platforms_registry_has_to_be_known(edk: Command, whole: Extension) -> None:
    """By the option or REGISTRY_URL."""
    run = edk("export", "--dir", str(whole.path), "--platform-registry").expect(2)

    assert "set REGISTRY_URL" in run.err


@pytest.mark.parametrize("kind", ["docker save", "layout"])
def test_archives_of_others_are_taken_in(kind: str, edk: Command, registry_host: str, tmp_path: Path) -> None:
    """Into the real registry, which compares every digest itself."""
    name = f"e2e-import-{uuid.uuid4().hex[:10]}"
    layers = [b"lower" * 100_000, b"upper"]
    made = {"docker save": saved_members, "layout": layout_members}[kind]
    (tmp_path / "x.tar").write_bytes(tar_of(made(f"elsewhere.example.org/a/{name}:3", layers)))

    edk("import", str(tmp_path / "x.tar")).expect(0)

    registry = HttpRegistry(registry_host, environ={})
    found = registry.manifest(name, "3")
    assert found is not None
    digests = [layer["digest"] for layer in json.loads(found[1])["layers"]]
    assert layers == [b"".join(registry.blob(name, digest)) for digest in digests]


def test_what_the_engine_saves_is_taken_in_and_pulled_again(
    edk: Command, whole: Extension, engine: docker.DockerClient, registry_host: str, tmp_path: Path
) -> None:
    """The image that comes back from the registry is the one that the engine had."""
    edk("build", "--dir", str(whole.path), "--no-import").expect(0)
    name = f"{registry_host}/{whole.name('seg')}"
    image = engine.images.get(f"{name}:{VERSION}")
    other = f"e2e-saved-{whole.suffix}"
    image.tag(f"elsewhere.example.org/{other}", "1")
    with (tmp_path / "saved.tar").open("wb") as file:
        for piece in engine.api.get_image(f"elsewhere.example.org/{other}:1"):
            file.write(piece)
    engine.images.remove(f"elsewhere.example.org/{other}:1")

    edk("import", str(tmp_path / "saved.tar")).expect(0)
    pulled = engine.images.pull(f"{registry_host}/{other}", "1")

    assert image.id == pulled.id
    engine.images.remove(f"{registry_host}/{other}:1")


def test_a_bad_archive_changes_nothing(edk: Command, registry: RegistryReader, tmp_path: Path) -> None:
    """Exit code 3, one clear line, and no tag."""
    name = f"e2e-bad-{uuid.uuid4().hex[:10]}"
    content = layout_members(f"localhost:32000/{name}:1", [b"layer" * 1000])
    layer = max(content, key=lambda member: len(content[member]))
    (tmp_path / "x.tar").write_bytes(tar_of({**content, layer: b"other" * 1000}))

    run = edk("import", str(tmp_path / "x.tar")).expect(3)

    assert f"its '{layer}' is something else than its digest says" in run.err
    assert not registry.has(name, "1")


def test_a_blob_that_is_damaged_on_disk_is_found_and_healed(
    edk: Command, extension: Extension, own: OwnRegistry
) -> None:
    """A forced build does not heal it; the remedy that is named does, step by step."""
    folder = str(extension.image("seg"))
    there = edk.with_environ(LOCAL_REGISTRY_URL=own.host)
    there("build", "--dir", folder, "--no-import").expect(0)
    seg = extension.name("seg")
    found = HttpRegistry(own.host, environ={}).manifest(seg, VERSION)
    assert found is not None
    layer = json.loads(found[1])["layers"][-1]["digest"]
    file = own.blob(layer)
    _damage(file, "flip")

    run = there("verify", "--dir", folder, "--json").expect(1)

    told = {event["image"]: event for event in run.named("ImageVerified")}
    assert {seg: "corrupt"} == {name: event["status"] for name, event in told.items() if event["status"] != "ok"}
    (fault,) = told[seg]["faults"]
    assert layer == fault["digest"]
    assert fault["remedy"][0].endswith(str(file.relative_to(own.root)))
    assert f"edk build --force --image {seg} --dir {folder}" == fault["remedy"][-1]
    there(*fault["remedy"][-1].split()[1:], "--no-import")
    there("verify", "--dir", folder).expect(1)
    file.unlink()
    there(*fault["remedy"][-1].split()[1:], "--no-import").expect(0)
    there("verify", "--dir", folder).expect(0)


def test_a_tag_at_which_the_registry_fails_is_found_and_healed(
    edk: Command, extension: Extension, own: OwnRegistry
) -> None:
    """It answers 500 there, so that a build fails; with the file removed that is named, it mends it."""
    folder = str(extension.image("seg"))
    there = edk.with_environ(LOCAL_REGISTRY_URL=own.host)
    there("build", "--dir", folder, "--no-import").expect(0)
    link = own.root / f"docker/registry/v2/repositories/{extension.name('seg')}/_manifests/tags/{VERSION}/current/link"
    link.write_bytes(b"")

    run = there("verify", "--dir", folder, "--json").expect(1)

    (told,) = [event for event in run.named("ImageVerified") if event["status"] != "ok"]
    (fault,) = told["faults"]
    assert ("corrupt", f"tag {VERSION}") == (fault["kind"], fault["what"])
    assert fault["remedy"][0].endswith(str(link.relative_to(own.root)))
    there("build", "--dir", folder, "--no-import").expect(4)
    link.unlink()
    there(*fault["remedy"][-1].split()[1:], "--no-import").expect(0)
    there("verify", "--dir", folder).expect(0)


def read_back(own: OwnRegistry) -> list[ev.Fault]:
    """Verify the image ``x:1``, and return what is wrong with it."""
    bench = Bench({})
    services = replace(bench.services, registry=HttpRegistry(own.host, environ={}))
    storage = Storage(str(own.root), restart="")
    verify(services, [Subject("x", "x", ("1",), image="x")], Remedies(storage), functools.partial(tag_target, storage))
    (told,) = [event for event in bench.sink.events if isinstance(event, ev.ImageVerified)]
    return list(told.faults)


@pytest.mark.parametrize("part", ["layer", "configuration", "manifest", "tag", "revision"])
@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "delete"])
def test_every_damage_on_disk_is_found_and_healed_by_its_remedy(part: str, how: str, own: OwnRegistry) -> None:
    """A push alone may not mend it; with the files removed that the remedy names, it does, and nothing else is lost."""
    registry = HttpRegistry(own.host, environ={})
    layers = [b"layer" * 10_000, b"upper"]
    put_image(registry, "x", "1", layers)
    config, manifest = documents(layers)
    assert [] == read_back(own)
    held = own.root / "docker/registry/v2/repositories/x/_manifests"
    file = {
        "layer": own.blob(digest_of(layers[0])),
        "configuration": own.blob(digest_of(config)),
        "manifest": own.blob(digest_of(manifest)),
        "tag": held / "tags/1/current/link",
        "revision": held / f"revisions/sha256/{digest_of(manifest)[7:]}/link",
    }[part]
    _damage(file, how)

    (fault,) = read_back(own)

    *removals, again = fault.remedy
    assert "edk build --" in again
    for removal in removals:
        Path(removal.removeprefix("rm ")).unlink(missing_ok=True)
    put_image(registry, "x", "1", layers)
    assert [] == read_back(own)


def test_a_registry_that_is_away_is_no_corrupt_one(edk: Command, whole: Extension, own: OwnRegistry) -> None:
    """Exit code 4."""
    own.kill()

    run = edk.with_environ(LOCAL_REGISTRY_URL=own.host)("verify", "--dir", str(whole.path)).expect(4)

    assert "Nothing answers at registry" in run.err


def _damage(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    if how == "delete":
        file.unlink()
        return
    if how == "flip":
        content[len(content) // 2] ^= 1
    file.write_bytes({"flip": bytes(content), "truncate": bytes(content[: len(content) // 2]), "empty": b""}[how])
