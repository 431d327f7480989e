"""The fingerprint: what changes it, what does not, and that no two inputs share one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edk.domain.files import ContextFile
from edk.domain.fingerprint import Inputs, changed, components, declared, fingerprint, sentence

FILE = ContextFile("src/a.py", "file", False, 3, "aa", "", 0o644)
LINK = ContextFile("src/l", "link", False, 0, "", "a.py", 0o777)
BASE = Inputs(
    "d0",
    (("local-only/b of line 1", "fingerprint:f0"), ("ubuntu of line 2", "digest:sha256:0")),
    (("A", "1"),),
    "linux/amd64",
    (("target", "final"),),
    (FILE, LINK),
)


def of(inputs: Inputs) -> str:
    return fingerprint(components(inputs))


def with_file(**changes: object) -> Inputs:
    return replace(BASE, files=(replace(FILE, **changes), LINK))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("inputs", "phrase"),
    [
        (replace(BASE, dockerfile="d1"), "the Dockerfile changed"),
        (replace(BASE, platform="linux/arm64"), "the platform changed"),
        (replace(BASE, build_args=(("A", "2"),)), "build argument A changed"),
        (replace(BASE, build_args=()), "build argument A is gone"),
        (replace(BASE, options=(("target", "other"),)), "option target changed"),
        (
            replace(BASE, images=(("local-only/b of line 1", "fingerprint:f1"), BASE.images[1])),
            "image local-only/b of line 1 changed",
        ),
        (
            replace(BASE, images=(BASE.images[0], ("ubuntu of line 2", "digest:sha256:1"))),
            "image ubuntu of line 2 changed",
        ),
        (
            replace(BASE, images=(BASE.images[0], ("ubuntu of line 2", "ref:sha256:0"))),
            "image ubuntu of line 2 changed",
        ),
        (with_file(digest="ab"), "src/a.py changed"),
        (with_file(executable=True), "src/a.py changed"),
        (with_file(kind="dir", digest=""), "src/a.py changed"),
        (with_file(kind="link", digest="", target="aa"), "src/a.py changed"),
        (replace(BASE, files=(FILE, replace(LINK, target="b.py"))), "src/l changed"),
        (replace(BASE, files=(FILE,)), "src/l is gone"),
        (replace(BASE, files=(FILE, LINK, replace(FILE, path="b.py"))), "b.py is new"),
    ],
)
def test_each_input_alone_changes_it_and_is_named(inputs: Inputs, phrase: str) -> None:
    """One input is another: so is the fingerprint, and the difference is told in that phrase."""
    assert of(BASE) != of(inputs)
    assert (phrase,) == changed(components(BASE), components(inputs))


def test_a_renamed_file_changes_it() -> None:
    """A path counts, not only what lies there."""
    assert ("src/b.py is new", "src/a.py is gone") == changed(components(BASE), components(with_file(path="src/b.py")))


@pytest.mark.parametrize(
    "inputs",
    [
        replace(BASE, files=(LINK, FILE)),
        replace(BASE, images=BASE.images[::-1]),
        with_file(mode=0o600),
        with_file(mode=0o666),
    ],
)
def test_order_and_other_mode_bits_do_not_count(inputs: Inputs) -> None:
    """The order of a listing and permissions that images do not keep change nothing."""
    assert of(BASE) == of(inputs)


@pytest.mark.parametrize(
    "name", ["the Dockerfile", "the platform", "image x of line 1", "build argument A", "option t"]
)
def test_no_file_is_taken_for_another_input(name: str) -> None:
    """A file may be called like any other part of the inputs."""
    whole = replace(BASE, images=(("x of line 1", "fingerprint:f0"),), options=(("t", "1"),))
    shadowed = replace(whole, files=(replace(FILE, path=name),))

    assert len(components(whole)) - 1 == len(components(shadowed))
    assert of(shadowed) != of(replace(shadowed, dockerfile="d1"))
    assert of(shadowed) != of(replace(shadowed, platform="linux/arm64"))


def test_a_build_arguments_value_is_not_kept() -> None:
    """It may be a secret: only its hash is."""
    parts = components(replace(BASE, build_args=(("TOKEN", "hunter2"),)))

    assert "hunter2" not in repr(parts)


def test_undecodable_names_have_a_fingerprint() -> None:
    """A name that is no UTF-8 counts as the bytes that it is."""
    assert of(with_file(path="a\udcff")) != of(with_file(path="a\udcfe"))


def test_only_declared_arguments_count() -> None:
    """Arguments that a Dockerfile does not declare change nothing, nor does their order."""
    assert (("A", "1"), ("B", "2")) == declared((("B", "2"), ("C", "3"), ("A", "1")), ("A", "B", "D"))


@pytest.mark.parametrize(
    ("phrases", "text"),
    [(("a changed",), "a changed"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")],
)
def test_changes_are_told_in_one_sentence(phrases: tuple[str, ...], text: str) -> None:
    """The first two are named, the others counted."""
    assert text == sentence(phrases)


TEXTS = st.text(st.sampled_from("ab:1 /\x00\udcff"), max_size=4)
MAPS = st.dictionaries(TEXTS, TEXTS, max_size=3)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(MAPS, MAPS)
def test_different_parts_never_give_one_fingerprint(one: dict[str, str], other: dict[str, str]) -> None:
    """However names and values are cut, only equal parts have equal fingerprints."""
    assert (one == other) == (fingerprint(one) == fingerprint(other))


NAMES = st.sampled_from(
    ("the Dockerfile", "the platform", "image x", "build argument A", "a", "./a", "./the Dockerfile")
)
FILES = st.lists(
    st.builds(
        ContextFile,
        path=NAMES.map(lambda name: name.removeprefix("./")),
        kind=st.sampled_from(("file", "dir", "link")),
        executable=st.just(False),
        size=st.just(0),
        digest=st.sampled_from(("", "d0", "link:x")),
        target=st.sampled_from(("", "x")),
        mode=st.just(0o644),
    ),
    max_size=3,
    unique_by=lambda file: file.path,
)
INPUTS = st.builds(
    Inputs,
    dockerfile=st.sampled_from(("d0", "file:d0", "dir")),
    images=st.lists(st.sampled_from((("x", "ref:a"), ("x", "digest:a"))), max_size=1).map(tuple),
    build_args=st.lists(st.sampled_from((("A", "1"), ("A", "2"))), max_size=1).map(tuple),
    platform=st.sampled_from(("", "dir")),
    files=FILES.map(tuple),
)


def meaning(inputs: Inputs) -> tuple[object, ...]:
    """Everything of some inputs that may count, and nothing else."""
    files = {
        (f.path, f.kind, f.digest if f.kind == "file" else f.target if f.kind == "link" else "") for f in inputs.files
    }
    return inputs.dockerfile, inputs.images, inputs.build_args, inputs.platform, frozenset(files)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(INPUTS, INPUTS)
def test_inputs_that_differ_never_share_a_fingerprint(one: Inputs, other: Inputs) -> None:
    """From the inputs to the fingerprint nothing is lost."""
    assert (meaning(one) == meaning(other)) == (of(one) == of(other))
