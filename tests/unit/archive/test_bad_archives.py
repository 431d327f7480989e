"""Import of archives that are bad in every way that somebody thought of, and in ways that nobody did."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edk.domain.errors import ArchiveError, DigestMismatchError
from tests.support.images import blob, documents, layout_members, tar_of, written
from tests.unit.archive.importing import KINDS, LABELS, LAYERS, NAME, layers_of, tagged, take_in
from tests.unit.core.bench import Bench


def _changed(kind: str, change: Callable[[dict[str, bytes]], None]) -> bytes:
    members = KINDS[kind](NAME)
    change(members)
    return tar_of(members)


def _with(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({name: content})


def _index(**changes: object) -> bytes:
    members = layout_members(NAME, LAYERS)
    index = json.loads(members["index.json"])
    index["manifests"][0].update(changes)
    return tar_of({**members, "index.json": json.dumps(index).encode()})


def _special(kind: bytes, name: str = "x", target: str = "") -> bytes:
    content = io.BytesIO(tar_of(layout_members(NAME, LAYERS)))
    with tarfile.open(fileobj=content, mode="a") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        tar.addfile(member)
    return content.getvalue()


GOOD = tar_of(layout_members(NAME, LAYERS))
LAYER = blob(LAYERS[0])[0]
WITHOUT = {name: content for name, content in layout_members(NAME, LAYERS).items() if name != LAYER}
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "neither index.json nor manifest.json"),
    "no tar": (b"x" * 5000, "no tar archive"),
    "other compression": (b"\x28\xb5\x2f\xfd" + b"x" * 5000, "no tar archive"),
    "damaged compression": (b"\x1f\x8b" + b"x" * 100, "compression is damaged"),
    "a short text": (b"hello", "no tar archive"),
    "a damaged header": (GOOD[:1024] + GOOD[1024:].replace(b"ustar", b"uster"), "header in it is damaged"),
    "cut compression": (gzip.compress(GOOD)[:-200], "cut off"),
    "cut in a member": (GOOD[:5000], "cut off"),
    "cut in a header": (GOOD[:700], "cut off"),
    "no images": (tar_of({"x": b"y"}), "neither index.json nor manifest.json"),
    "path out of it": (tar_of({"../../etc/passwd": b"x"}), "leads out of it"),
    "absolute path": (tar_of({"/etc/passwd": b"x"}), "leads out of it"),
    "hidden way out": (tar_of({"a/../../x": b"x"}), "leads out of it"),
    "a pipe": (_special(tarfile.FIFOTYPE), "no plain file, folder or link"),
    "a device": (_special(tarfile.BLKTYPE), "no plain file, folder or link"),
    "a file with holes": (_special(tarfile.GNUTYPE_SPARSE), "no plain file, folder or link"),
    "twice": (_special(tarfile.REGTYPE, "index.json"), "'index.json' twice"),
    "twice under two spellings": (_special(tarfile.REGTYPE, "./index.json"), "'index.json' twice"),
    "layer is a link out of it": (
        tar_of(WITHOUT, {LAYER: "../../../../etc/passwd"}),
        "does not hold",
    ),
    "layer is a link to itself": (
        tar_of(WITHOUT, {LAYER: LAYER.split("/")[-1]}),
        "does not hold",
    ),
    "layer missing": (_changed("layout", lambda members: members.pop(LAYER)), "does not hold 'blobs/sha256"),
    "layer of docker save missing": (
        _changed("docker save", lambda members: members.pop("layer0/layer.tar")),
        "does not hold 'layer0/layer.tar'",
    ),
    "layer shorter": (_changed("layout", _with(LAYER, LAYERS[0][:-1])), "bytes instead of"),
    "layer changed": (_changed("layout", _with(LAYER, LAYERS[0][:-1] + b"?")), "something else than its digest"),
    "saved layer changed": (_changed("docker save", _with("layer0/layer.tar", b"?")), "something else than its digest"),
    "compressed layer without a digest": (
        _changed("docker save", _with("layer0/layer.tar", gzip.compress(b"x"))),
        "nothing says what its digest is",
    ),
    "manifest changed": (
        _changed("layout", _with(blob(documents(LAYERS, LABELS)[1])[0], b"{}")),
        "manifest sha256:.* is something else",
    ),
    "index is no JSON": (_changed("layout", _with("index.json", b"{")), "index.json can't be used: it is no JSON"),
    "index is nested": (_changed("layout", _with("index.json", b"[" * 100_000)), "no JSON"),
    "index is huge": (_changed("layout", _with("index.json", b" " * (5 << 20))), "more than 4194304"),
    "index names too many": (
        _changed("layout", _with("index.json", b'{"manifests": [' + b"1," * 2000 + b"1]}")),
        "no list of at most 1000",
    ),
    "index is an image": (_changed("layout", _with("index.json", documents(LAYERS)[1])), "names no images"),
    "digest is a path": (_index(digest="sha256:../../../../etc/passwd"), "is no sha256 digest"),
    "size is negative": (_index(size=-1), "the size of sha256:.* is -1"),
    "size is a text": (_index(size="1"), "the size of"),
    "size is another": (_index(size=1), "something else than its digest"),
    "name is none": (
        _index(annotations={"io.containerd.image.name": "UPPER/../x:1"}),
        "it names an image 'UPPER/../x:1'",
    ),
    "saved manifest is an object": (_changed("docker save", _with("manifest.json", b"{}")), "no list"),
    "saved manifest is of numbers": (_changed("docker save", _with("manifest.json", b"[1]")), "does not say what"),
    "saved config is none": (_changed("docker save", _with("config.json", b"[]")), "configuration of an image"),
    "saved config has no layers": (_changed("docker save", _with("config.json", b"{}")), "does not say what its"),
    "saved config is not what its name says": (
        tar_of({"0" * 64 + ".json": b"{}", "manifest.json": b'[{"Config": "%s.json", "Layers": []}]' % (b"0" * 64)}),
        "json' is something else than its digest",
    ),
    "saved config has too few": (
        _changed("docker save", _with("config.json", b'{"rootfs": {"diff_ids": []}}')),
        "says 0 layers, and manifest.json 2",
    ),
    "saved digest is none": (
        _changed("docker save", _with("config.json", b'{"rootfs": {"diff_ids": ["x", "../y"]}}')),
        "'x', which is none",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_is_refused(name: str, tmp_path: Path) -> None:
    """With what is wrong with it, exit code 3, and no tag set."""
    content, says = BAD[name]
    bench = Bench({})

    with pytest.raises(ArchiveError, match=says) as caught:
        take_in(written(tmp_path / "x", content), bench)

    assert str(tmp_path / "x") in caught.value.message
    assert 3 == caught.value.exit_code
    assert [] == tagged(bench.registry)
    assert ["x"] == [path.name for path in tmp_path.iterdir()]


def test_the_archive_that_is_spoilt_above_is_good(tmp_path: Path) -> None:
    """Or the test above shows nothing."""
    assert ["seg:1"] == tagged(take_in(written(tmp_path / "x", GOOD)).registry)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    """An archive of images has hundreds."""
    header = tarfile.TarInfo("x")
    members = b"".join(_renamed(header, f"x{n}") for n in range(10_001))

    with pytest.raises(ArchiveError, match="more than 10000 members"):
        take_in(written(tmp_path / "x", members))


def _renamed(header: tarfile.TarInfo, name: str) -> bytes:
    header.name = name
    return header.tobuf(tarfile.USTAR_FORMAT)


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    """Neither would be the right one."""
    members = layout_members("one.example.org/seg:1", LAYERS) | layout_members("two.example.org/seg:1", [b"x"])
    entries = [
        json.loads(layout_members(*image)["index.json"])["manifests"][0]
        for image in (("one.example.org/seg:1", LAYERS), ("two.example.org/seg:1", [b"x"]))
    ]
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    bench = Bench({})

    with pytest.raises(ArchiveError, match="two of its images would be seg:1"):
        take_in(written(tmp_path / "x", tar_of(members)), bench)

    assert [] == tagged(bench.registry)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """It can be read only once, and opening it would block."""
    os.mkfifo(tmp_path / "x")

    with pytest.raises(ArchiveError, match="no regular file"):
        take_in(tmp_path / "x")


def test_a_registry_that_keeps_something_else_is_told(tmp_path: Path) -> None:
    """And no tag points at it."""
    bench = Bench({})
    bench.registry.fail("put_manifest", DigestMismatchError("it kept something else"))

    with pytest.raises(DigestMismatchError):
        take_in(written(tmp_path / "x", GOOD), bench)

    assert [] == tagged(bench.registry)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from([*KINDS]), compressed=st.booleans())
def test_a_spoilt_archive_never_does_harm(data: st.DataObject, kind: str, compressed: bool, tmp_path: Path) -> None:
    """Whatever bytes change: it is refused in our words, or what it brings is what its digests say."""
    content = bytearray(tar_of(KINDS[kind](NAME)))
    if compressed:
        content = bytearray(gzip.compress(bytes(content), 1))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(0, min(4000, len(content) - 1))))
        content[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    bench = Bench({})

    try:
        take_in(written(tmp_path / "x", bytes(content[:cut])), bench)
    except ArchiveError:
        assert [] == tagged(bench.registry)
        return

    (name,) = tagged(bench.registry)
    repository, _, tag = name.partition(":")
    assert list(LAYERS) == layers_of(bench.registry, repository, tag)
