"""Reading back: what is found, what is said of it, and what is read how often."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edk.adapters.registry.storage import storage_of, tag_target
from edk.domain import archive_events as ev
from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.fingerprint import LABEL
from edk.domain.reference import RegistryAliases
from edk.domain.shipping import Subject, subjects
from edk.domain.verifying import Remedies, Storage
from edk.orchestrator.verifying import verify
from tests.fakes.registry import MANIFEST, FakeRegistry, digest_of
from tests.support.images import descriptor, documents, put_image
from tests.unit.core.bench import Bench
from tests.unit.core.building import base, dockerfile

LAYERS = (b"lower" * 1000, b"upper" * 10)
CONFIG, MADE = documents(LAYERS, {LABEL: "print"})
SEG = Subject("seg", "seg", ("1",), "print", "seg")
ROOT = "/data"
REMEDIES = Remedies(Storage(ROOT, restart=""), ("/w/ext",))
AGAIN = "edk build --force --image seg --dir /w/ext"


@pytest.fixture
def bench() -> Bench:
    """A registry that holds ``seg:1``."""
    bench = Bench({})
    put_image(bench.registry, "seg", "1", LAYERS, {LABEL: "print"})
    return bench


def run(bench: Bench, *wanted: Subject, target: str = "") -> tuple[int, dict[str, ev.ImageVerified]]:
    """Read back, and return the exit code and what was told of each image."""
    code = verify(bench.services, wanted, REMEDIES, lambda _repository, _tag: target)
    return code, {event.image: event for event in bench.sink.events if isinstance(event, ev.ImageVerified)}


def fault(bench: Bench, *wanted: Subject, target: str = "") -> ev.Fault:
    """Read one image back, and return what is wrong with it; fail if that is not exactly one thing."""
    code, told = run(bench, *(wanted or (SEG,)), target=target)
    (event,) = told.values()
    (found,) = event.faults
    assert 1 == code
    assert found.kind == event.status
    return found


def change(bench: Bench, content: bytes, to: bytes | None) -> str:
    """Change or remove a blob behind the registry's back, and return its digest."""
    blobs = bench.registry._repositories["seg"].configs
    if to is None:
        del blobs[digest_of(content)]
    else:
        blobs[digest_of(content)] = to
    return digest_of(content)


def file(digest: str) -> str:
    """Return the command that removes a blob's file."""
    return f"rm {ROOT}/docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"


def test_a_sound_image_is_ok(bench: Bench) -> None:
    """With its digest, its blobs, and their bytes."""
    code, told = run(bench, SEG)

    size = len(CONFIG) + sum(map(len, LAYERS))
    expected = ev.ImageVerified("seg", "ok", ("localhost:32000/seg:1",), (digest_of(MADE),), 3, size)
    assert (0, {"seg": expected}) == (code, told)


@pytest.mark.parametrize(
    ("content", "what"),
    [(LAYERS[0], "layer 1 of 2"), (LAYERS[1], "layer 2 of 2"), (CONFIG, "configuration")],
)
def test_a_damaged_blob_is_found(content: bytes, what: str, bench: Bench) -> None:
    """Named by its place, digest and size, with the file to remove and the command that brings it back."""
    digest = change(bench, content, content[:-1] + b"?")

    found = fault(bench)

    assert ("corrupt", what, digest, len(content)) == (found.kind, found.what, found.digest, found.size)
    assert (file(digest), AGAIN) == found.remedy


def test_a_blob_that_is_gone_is_missing(bench: Bench) -> None:
    """Nothing has to be removed: a push brings it back."""
    digest = change(bench, LAYERS[0], None)

    found = fault(bench)

    assert ("missing", "layer 1 of 2", digest) == (found.kind, found.what, found.digest)
    assert (AGAIN,) == found.remedy


def test_a_manifest_that_lies_about_a_size_is_found(bench: Bench) -> None:
    """Its layer is what its digest says, and stays."""
    manifest = json.loads(MADE)
    manifest["layers"][0]["size"] += 1
    bench.registry.put_manifest("seg", "odd", MANIFEST, json.dumps(manifest).encode())

    found = fault(bench, replace(SEG, tags=("odd",)))

    assert ("corrupt", "layer 1 of 2") == (found.kind, found.what)
    assert "it has 5000 bytes, and the manifest says 5001" == found.problem
    assert (AGAIN,) == found.remedy


def test_a_damaged_manifest_is_found(bench: Bench) -> None:
    """Its file is named as that of a blob, for it is one."""
    digest = digest_of(MADE)
    bench.registry.damage("seg", digest)

    found = fault(bench)

    assert ("corrupt", "manifest of tag 1", digest) == (found.kind, found.what, found.digest)
    assert (file(digest), AGAIN) == found.remedy


def test_a_tag_that_is_not_there_is_missing(bench: Bench) -> None:
    """A plain build sets it."""
    found = fault(bench, replace(SEG, tags=("1", "2")))

    assert ("missing", "tag 2") == (found.kind, found.what)
    assert ("edk build --image seg --dir /w/ext",) == found.remedy


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("", ("repositories/seg/_manifests/tags/1/current/link",)),
        (
            "sha256:" + "ab" * 32,
            (
                f"blobs/sha256/ab/{'ab' * 32}/data",
                f"repositories/seg/_manifests/revisions/sha256/{'ab' * 32}/link",
            ),
        ),
    ],
    ids=["what the tag points at is not known", "it is known"],
)
def test_a_registry_that_fails_at_a_tag_is_no_registry_that_is_away(
    target: str, files: tuple[str, ...], bench: Bench
) -> None:
    """It answers otherwise, so that one tag's files are damaged; they are named."""
    bench.registry.fail("manifest", RegistryUnreachableError("it answered 500"))

    found = fault(bench, target=target)

    assert ("corrupt", "tag 1", target) == (found.kind, found.what, found.digest)
    assert "it answered 500" in found.problem
    assert (*(f"rm {ROOT}/docker/registry/v2/{file}" for file in files), AGAIN) == found.remedy


def test_a_registry_that_goes_away_is_away(bench: Bench) -> None:
    """Nothing is called corrupt then."""
    bench.registry.fail("blob", *(RegistryUnreachableError("it broke off") for _ in range(3)))
    pings = iter([None, *[RegistryUnreachableError("nobody is there")] * 3])

    def ping() -> None:
        if error := next(pings):
            raise error

    bench.registry.ping = ping  # type: ignore[method-assign]

    with pytest.raises(RegistryUnreachableError, match="nobody is there"):
        run(bench, SEG)

    assert [ev.VerifyStarted(("seg",))] == bench.sink.events


def test_a_blob_that_is_not_handed_out_is_corrupt(bench: Bench) -> None:
    """The registry says that it has it: what is there has to be removed."""
    bench.registry.fail("blob", RegistryUnreachableError("it broke off"))

    found = fault(bench)

    assert "corrupt" == found.kind
    assert "it broke off" in found.problem
    assert (file(found.digest), AGAIN) == found.remedy


@pytest.mark.parametrize(
    ("labels", "says"),
    [({LABEL: "other"}, "other inputs than the tree has now"), ({}, "not built by the EDK")],
)
def test_a_sound_image_of_other_inputs_is_outdated(labels: dict[str, str], says: str, bench: Bench) -> None:
    """The tag that points at it is named."""
    digest = put_image(bench.registry, "seg", "2", LAYERS, labels)

    found = fault(bench, replace(SEG, tags=("1", "2")))

    assert ("outdated", "tag 2", digest) == (found.kind, found.what, found.digest)
    assert says in found.problem


def test_without_a_fingerprint_nothing_is_outdated(bench: Bench) -> None:
    """An upstream image carries none."""
    put_image(bench.registry, "up", "1", LAYERS)

    assert 0 == run(bench, Subject("localhost:32000/up:1", "up", ("1",)))[0]


def test_every_platform_of_an_index_is_read(bench: Bench) -> None:
    """A damaged layer of another platform than this one is found."""
    registry = bench.registry
    digests = [put_image(registry, "seg", name, [layer]) for name, layer in (("x", b"amd"), ("y", b"arm"))]
    entries = []
    for digest in digests:
        held = registry.manifest("seg", digest)
        assert held is not None
        entries.append(descriptor(MANIFEST, held[1]))
    index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    registry.put_manifest("seg", "all", MANIFEST, index)
    change(bench, b"arm", b"ARM")

    found = fault(bench, Subject("seg", "seg", ("all",)))

    assert ("corrupt", digest_of(b"arm")) == (found.kind, found.digest)


def test_a_platform_that_is_gone_is_missing(bench: Bench) -> None:
    """The index still names it."""
    index = json.dumps({"manifests": [{"digest": digest_of(b""), "size": 7, "platform": {"os": "linux"}}]}).encode()
    bench.registry.put_manifest("seg", "all", MANIFEST, index)

    found = fault(bench, Subject("seg", "seg", ("all",)))
    assert ("missing", "platform linux") == (found.kind, found.what)


def test_what_is_no_manifest_is_told(bench: Bench) -> None:
    """Though it is what its digest says."""
    bench.registry.put_manifest("seg", "odd", MANIFEST, b"{}")

    assert "no manifest" in fault(bench, Subject("seg", "seg", ("odd",))).problem


def test_a_layer_of_several_images_is_read_once(bench: Bench) -> None:
    """And is a fault of each of them."""
    put_image(bench.registry, "other", "1", LAYERS, {LABEL: "print"})
    change(bench, LAYERS[0], b"?")
    bench.registry._repositories["other"].configs[digest_of(LAYERS[0])] = b"?"

    code, told = run(bench, SEG, Subject("other", "other", ("1",), "print"))

    asked = [call for call in bench.registry.calls if call[0] == "blob" and call[2] == digest_of(LAYERS[0])]
    assert 1 == len(asked)
    assert {"seg": "corrupt", "other": "corrupt"} == {name: event.status for name, event in told.items()}
    assert 1 == code


def test_a_repository_that_lost_a_layer_which_others_have_is_told(bench: Bench) -> None:
    """The blob is sound, but not to be had by this name."""
    put_image(bench.registry, "other", "1", LAYERS, {LABEL: "print"})
    del bench.registry._repositories["other"].configs[digest_of(LAYERS[0])]

    _, told = run(bench, SEG, Subject("other", "other", ("1",), "print"))

    assert {"seg": "ok", "other": "missing"} == {name: event.status for name, event in told.items()}
    assert "though others do" in told["other"].faults[0].problem


def test_several_blobs_are_read_at_once(bench: Bench) -> None:
    """Reading and hashing wait for disk and processor in turn."""
    put_image(bench.registry, "many", "1", [bytes([n]) * 100 for n in range(8)])
    meeting = threading.Barrier(4, timeout=10)
    blob = bench.registry.blob

    def waiting(repository: str, digest: str) -> Iterator[bytes]:
        if len(started) < 4:
            started.append(digest)
            meeting.wait()
        yield from blob(repository, digest)

    started: list[str] = []
    bench.registry.blob = waiting  # type: ignore[method-assign]

    assert 0 == run(bench, Subject("many", "many", ("1",)))[0]
    assert 4 == len(started)


def test_who_is_interrupted_stops_at_once(bench: Bench) -> None:
    """Also those who are in the midst of a blob that has no end."""
    stopped: list[str] = []

    def endless(repository: str, digest: str) -> Iterator[bytes]:
        try:
            if digest == digest_of(CONFIG):
                raise KeyboardInterrupt
            while True:
                yield b"more"
        finally:
            stopped.append(digest)

    bench.registry.blob = endless  # type: ignore[method-assign]

    with pytest.raises(KeyboardInterrupt):
        run(bench, SEG)

    assert digest_of(CONFIG) in stopped
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_the_end_is_told(bench: Bench) -> None:
    """How many images are how, and how much was read."""
    change(bench, LAYERS[0], b"?")
    run(bench, SEG, Subject("gone", "gone", ("1",)))

    (done,) = [event for event in bench.sink.events if isinstance(event, ev.VerifyFinished)]
    assert (1, 0, 1, 1, 0, 3) == (done.exit_code, done.ok, done.missing, done.corrupt, done.outdated, done.blobs)


def test_what_a_tree_needs_is_read_back() -> None:
    """Its images with all tags, the bases that they stand on, and upstream images that the local registry holds."""
    bench = Bench(
        {
            "base/Dockerfile": base("base", "FROM localhost:32000/up/stream:9"),
            "seg/Dockerfile": dockerfile("seg", "FROM local-only/base", "COPY --from=docker.io/library/x:1 / /"),
        }
    )
    plan = bench.plan()

    found = {subject.label: subject for subject in subjects(plan, RegistryAliases.of())}

    assert {"base", "seg", "up/stream:9"} == set(found)
    assert ("latest",) == found["base"].tags
    upstream = found["up/stream:9"]
    assert ("up/stream", ("9",), "", "") == (
        upstream.repository,
        upstream.tags,
        upstream.fingerprint,
        upstream.image,
    )
    assert "seg" == found["seg"].image
    assert found["seg"].fingerprint
    assert not any(s.fingerprint for s in subjects(replace(plan, unasked=("x",)), RegistryAliases.of()))


@pytest.mark.parametrize(
    ("storage", "first"),
    [
        (Storage(), "rm <root of the registry's storage>/docker/registry/v2/blobs/sha256/ab/"),
        (Storage("/my data", restart=""), "rm '/my data/docker/registry/v2/blobs/sha256/ab/"),
        (Storage("/v", "docker exec r", "docker restart r"), "docker exec r rm /v/docker/registry/v2/blobs/sha256/ab/"),
    ],
)
def test_a_remedy_is_a_command_as_far_as_can_be(storage: Storage, first: str) -> None:
    """Where the registry's files are not known, it says what is missing in it; a cache in memory is thought of."""
    steps = Remedies(storage).of_blob(SEG, "sha256:" + "ab" * 32, there=True)

    assert steps[0].startswith(first)
    assert "edk build --force --image seg" == steps[-1]
    assert {None: 3, "": 2, "docker restart r": 3}[storage.restart] == len(steps)


def test_a_copy_of_an_image_is_brought_back_by_building_the_image() -> None:
    """No build knows it by what it is called on the screen."""
    copy = replace(SEG, label="seg (for charts)", repository="seg-copy")

    assert AGAIN == REMEDIES.of_blob(copy, digest_of(b""), there=False)[-1]


def test_an_upstream_image_is_brought_back_from_where_it_came() -> None:
    """No build yields it."""
    upstream = Subject("localhost:32000/up:1", "up", ("1",))

    steps = REMEDIES.of_blob(upstream, digest_of(b""), there=False)

    assert ("push localhost:32000/up:1 anew, or take it in with edk import",) == steps


@pytest.mark.parametrize(
    ("started", "config", "expected"),
    [
        ("12 34 x", "http: {addr: '127.0.0.1:32000'}", Storage("{state}/registry/data", restart="")),
        ("12 34 x", "http: {addr: '127.0.0.1:5000'}", Storage()),
        ("", "http: {addr: '127.0.0.1:32000'}", Storage()),
        (
            "container edk-registry-32000\n",
            "",
            Storage("/var/lib/registry", "docker exec edk-registry-32000", "docker restart edk-registry-32000"),
        ),
        ("container edk-registry-5000\n", "", Storage()),
    ],
)
def test_the_registry_of_the_set_up_is_known(started: str, config: str, expected: Storage, tmp_path: Path) -> None:
    """By what the set-up noted, if it is the one at this address."""
    for path, text in (("started/registry", started), ("registry/config.yml", config)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)

    found = storage_of(str(tmp_path), "localhost:32000")

    assert replace(expected, root=expected.root.format(state=tmp_path)) == found
    assert Storage() == storage_of(str(tmp_path), "registry.example.org:32000")


def test_what_a_tag_points_at_is_read_from_the_storage(tmp_path: Path) -> None:
    """Where it is on this machine, and holds a digest."""
    link = tmp_path / "docker/registry/v2/repositories/a/b/_manifests/tags/1/current/link"
    link.parent.mkdir(parents=True)
    link.write_text(digest_of(b"x"))
    storage = Storage(str(tmp_path), restart="")

    assert digest_of(b"x") == tag_target(storage, "a/b", "1")
    link.write_text("")
    assert ["", "", ""] == [tag_target(s, "a/b", t) for s, t in ((storage, "1"), (storage, "2"), (Storage(), "1"))]


def test_the_fake_lies_as_a_registry_does() -> None:
    """A damaged blob of the registry in memory fails at its end, or the tests above show nothing."""
    registry = FakeRegistry()
    put_image(registry, "seg", "1", LAYERS)
    registry._repositories["seg"].configs[digest_of(LAYERS[0])] = b"?"

    with pytest.raises(DigestMismatchError):
        list(registry.blob("seg", digest_of(LAYERS[0])))
