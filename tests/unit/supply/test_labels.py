"""Where an image comes from, and the labels that tell of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.files import ContextFile
from edk.domain.fingerprint import LABEL
from edk.domain.history import Revision, blob_name, differs_at_a_glance
from edk.domain.labels import DIRTY, Origin, base_index, origin_labels
from edk.orchestrator.labels import is_dirty
from edk.settings import Settings
from tests.fakes.history import COMMIT, FakeHistory
from tests.unit.core.bench import ROOT, Bench, image
from tests.unit.core.building import base, dockerfile

OCI = "org.opencontainers.image."
TREE = {
    "base/Dockerfile": base("base", "FROM scratch"),
    "x/Dockerfile": dockerfile("x", "FROM local-only/base:latest", "COPY data *.txt /"),
    "x/.dockerignore": "secret.txt\n",
    "x/data/a": "a",
    "x/b.txt": "b",
    "x/notes.md": "not copied",
}


def bench_of(committed: dict[str, str] | None = None, **settings: object) -> Bench:
    """A bench whose repository lies one folder above the extension."""
    bench = Bench(TREE, **settings)
    held = {f"ext/{path}": content for path, content in (TREE if committed is None else committed).items()}
    bench.services = replace(bench.services, history=FakeHistory("/w", held))
    return bench


def labels(bench: Bench, name: str = "x", tag: str = "0.6.0") -> dict[str, str]:
    """The labels of an image after a build."""
    bench.build()
    found = bench.registry.labels(name, tag)
    assert found is not None
    return found


def test_an_image_tells_where_it_comes_from() -> None:
    """Commit, address, time, version, and the exact base; the time is the one of the build's start."""
    bench = bench_of()
    found = labels(bench)
    there = bench.registry.head("base", "latest")

    assert found.pop(LABEL)
    assert {
        f"{OCI}title": "x",
        f"{OCI}version": "0.6.0",
        f"{OCI}created": "2023-11-14T22:13:20Z",
        f"{OCI}revision": COMMIT,
        f"{OCI}source": "https://git.example.org/x",
        f"{OCI}base.name": "localhost:32000/base:latest",
        f"{OCI}base.digest": there.digest if there else "",
        DIRTY: "false",
    } == found


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("x/data/a", "other", "true"),
        ("x/data/new", "n", "true"),
        ("x/new.txt", "n", "true"),
        ("x/Dockerfile", f"{TREE['x/Dockerfile']}\n# changed\n", "true"),
        ("x/.dockerignore", "secret.txt\n# changed\n", "true"),
        ("x/data/a", None, "true"),
        ("x/b.txt", None, "true"),
        ("x/notes.md", "other", "false"),
        ("x/notes.md", None, "false"),
        ("x/secret.txt", "ignored", "false"),
        ("base/other", "of another image", "false"),
        ("x/data/.#a", "an editor's", "false"),
    ],
)
def test_dirty_is_what_the_image_is_made_of(path: str, content: str | None, expected: str) -> None:
    """Changed, new and deleted files count if the Dockerfile uses them; files of others don't."""
    bench = bench_of()
    if content is None:
        bench.disk.delete(f"{ROOT}/{path}")
    else:
        bench.write(path, content)

    assert expected == labels(bench)[DIRTY]


def test_a_mode_that_changed_is_a_change() -> None:
    """Unless the repository is told not to believe the modes of this file system."""
    bench = bench_of()
    bench.disk.chmod(f"{ROOT}/x/data/a", 0o755)
    planned = image(bench.plan(), "x")
    revision = bench.services.history.revision(ROOT) if bench.services.history else None
    assert revision is not None

    assert is_dirty(planned, bench.cache, bench.disk.fresh(), revision)
    assert not is_dirty(planned, bench.cache, bench.disk.fresh(), replace_modes(revision))


def replace_modes(revision: Revision) -> Revision:
    """The same commit on a file system without modes."""
    return Revision(revision.top, revision.commit, revision.source, revision.files, file_modes=False)


def test_contents_are_read_once_for_their_names() -> None:
    """What git calls a content is remembered by the content."""
    bench = bench_of()
    labels(bench)
    bench.disk.opened.clear()
    planned = image(bench.plan(), "x")
    revision = bench.services.history.revision(ROOT) if bench.services.history else None
    assert revision is not None
    before = len(bench.disk.opened)

    assert not is_dirty(planned, bench.cache, bench.disk.fresh(), revision)
    # The digests of the two files beside the context, and the ignore file itself.
    assert {f"{ROOT}/x/.dockerignore", f"{ROOT}/x/Dockerfile"} == set(bench.disk.opened[before:])


def test_a_file_that_changes_meanwhile_is_remembered_under_no_name() -> None:
    """What is read is not what the plan saw: it counts as changed, and nothing false is stored."""
    bench = bench_of()
    planned = image(bench.plan(), "x")
    revision = bench.services.history.revision(ROOT) if bench.services.history else None
    assert revision is not None
    bench.write("x/data/a", "z")

    assert is_dirty(planned, bench.cache, bench.disk.fresh(), revision)
    assert b"" not in [value for (kind, _), value in bench.cache.stored.items() if kind == "blobs"]


def test_without_a_repository_the_labels_are_empty() -> None:
    """They are there, so that those of the base are not inherited."""
    bench = Bench(TREE)
    bench.services = replace(bench.services, history=FakeHistory("/elsewhere", {}))

    found = labels(bench)
    assert ("", "", "") == (found[f"{OCI}revision"], found[f"{OCI}source"], found[DIRTY])


def test_the_repository_is_asked_for_what_is_built_alone() -> None:
    """An unchanged tree asks no repository."""
    bench = bench_of()
    bench.build()
    assert isinstance(bench.services.history, FakeHistory)
    assert [f"{ROOT}/base", f"{ROOT}/x"] == sorted(bench.services.history.asked)

    bench.services.history.asked.clear()
    bench.build()
    assert [] == bench.services.history.asked


def test_nothing_of_it_counts_for_the_fingerprint() -> None:
    """A commit, a time and an address are no inputs."""
    other = bench_of({}, source_date_epoch=1)

    assert image(bench_of().plan(), "x").fingerprint == image(other.plan(), "x").fingerprint


def test_the_time_can_be_set() -> None:
    """By SOURCE_DATE_EPOCH, so that a build can be repeated byte by byte."""
    assert "1970-01-01T00:00:00Z" == labels(bench_of(source_date_epoch=0))[f"{OCI}created"]


def test_secrets_are_masked_in_labels() -> None:
    """A version that was made of a secret argument, and an address that holds it."""
    bench = bench_of(build_args=(("MY_TOKEN", "s3cret-value"),))
    bench.services = replace(bench.services, history=FakeHistory("/w", {}, "https://x/s3cret-value.git"))
    bench.write("x/Dockerfile", TREE["x/Dockerfile"] + "ARG MY_TOKEN\nLABEL VERSION=$MY_TOKEN\n")

    assert "s3cret-value" not in "".join(v for k, v in labels(bench).items() if k.startswith(OCI))


@pytest.mark.parametrize("own", ["LABEL org.opencontainers.image.title=mine", "LABEL a=b"])
def test_what_the_dockerfile_sets_itself_is_left_to_it(own: str) -> None:
    """The engine would let ours win."""
    written = read_dockerfile(f"FROM a\n{own}\n".encode()).labels
    found = origin_labels(Origin(), "x", "1", (label.name for label in written))

    assert ("title=mine" not in own) == (f"{OCI}title" in dict(found))
    assert {f"{OCI}revision", DIRTY, f"{OCI}base.digest"} <= dict(found).keys()


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("FROM a", 0),
        ("FROM a AS b\nFROM c", 1),
        ("FROM a AS b\nFROM c\nCOPY --from=b / /", 1),
        ("FROM a\nCOPY --from=z / /\nFROM c", 2),
        ("FROM a AS b\nFROM b AS c\nFROM x\nFROM c", 0),
        ("FROM scratch", -1),
        ("FROM a AS b\nFROM scratch\nCOPY --from=b / /", -1),
        ("RUN x", -1),
    ],
)
def test_the_base_is_that_of_the_last_stage(text: str, index: int) -> None:
    """Through the stages that it is built from."""
    assert index == base_index(read_dockerfile(text.encode()))


@pytest.mark.parametrize(
    ("content", "algorithm", "name"),
    [
        (b"", "sha1", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "sha1", "ce013625030ba8dba906f756967f9e9ca394464a"),
        (b"", "sha256", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"),
    ],
)
def test_contents_are_called_as_git_calls_them(content: bytes, algorithm: str, name: str) -> None:
    """In both formats of repositories."""
    assert name == blob_name(algorithm, len(content), [content])


def file(path: str, kind: str = "file", mode: int = 0o644, target: str = "", size: int = 3) -> ContextFile:
    """A file of a context."""
    return ContextFile(path, kind, bool(mode & 0o111), size, "d" * 64, target, mode)  # type: ignore[arg-type]


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"d" * 64 + b"\nsize 3\n"


@pytest.mark.parametrize(
    ("held", "there", "expected"),
    [
        (("100644", "x"), file("a"), None),
        (("100755", "x"), file("a", mode=0o755), None),
        (("100755", "x"), file("a"), True),
        (("100644", "x"), file("a", mode=0o100 | 0o644), True),
        (("100644", blob_name("sha1", len(POINTER), [POINTER])), file("a"), False),
        (("100644", blob_name("sha1", len(POINTER), [POINTER])), file("a", size=4), None),
        (("120000", blob_name("sha1", 3, [b"b/c"])), file("a", "link", target="b/c"), False),
        (("120000", blob_name("sha1", 3, [b"b/c"])), file("a", "link", target="b/d"), True),
        (("120000", "x"), file("a"), True),
        (("160000", "x"), file("a", "dir"), False),
        (("100644", "x"), file("a", "link", target="b"), True),
        (None, file("a"), True),
        (None, file("a", "dir"), False),
    ],
)
def test_much_is_told_without_reading(
    held: tuple[str, str] | None, there: ContextFile, expected: bool | None
) -> None:
    """Modes, links, what git does not know, and contents that LFS keeps elsewhere."""
    revision = Revision("/w", COMMIT, files={"f/a": held} if held else {})

    assert expected is differs_at_a_glance(revision, "f/a", there)


def test_what_lies_below_a_folder() -> None:
    """Not what only begins with its name."""
    revision = Revision("/w", COMMIT, files=dict.fromkeys(("a/b", "a/c/d", "a.b/x", "ab/x", "z"), ("100644", "x")))

    assert ["b", "c/d"] == list(revision.below("a"))
    assert 5 == len(list(revision.below("")))
    assert ("a/b", "", "") == tuple(map(revision.relative, ("/w/a/b", "/w", "/wx/a")))


def test_the_epoch_has_no_default() -> None:
    """Zero is a time like any other."""
    assert -1 == Settings().source_date_epoch
