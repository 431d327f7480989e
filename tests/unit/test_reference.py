"""Image references, by tables of real text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain.errors import SourceError
from edk.domain.reference import (
    ImageRef,
    InvalidReferenceError,
    LocalName,
    RegistryAliases,
    parse_reference,
    parse_symbolic,
    split_local,
    substitute,
    valid_name,
    valid_tag,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
ALIASES = RegistryAliases.of("local-registry.services.svc.cluster.local:5000", "https://Registry.gitlab.com/g/p/", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ubuntu", ImageRef("", "ubuntu")),
        ("ubuntu:24.04", ImageRef("", "ubuntu", "24.04")),
        ("library/ubuntu", ImageRef("", "library/ubuntu")),
        ("docker.io/library/ubuntu:latest", ImageRef("docker.io", "library/ubuntu", "latest")),
        ("localhost/x", ImageRef("localhost", "x")),
        ("localhost:32000/x:0.6.0", ImageRef("localhost:32000", "x", "0.6.0")),
        ("local-only/base-python-cpu:latest", ImageRef("", "local-only/base-python-cpu", "latest")),
        ("[::1]:5000/x", ImageRef("[::1]:5000", "x")),
        (f"x@{DIGEST}", ImageRef("", "x", "", DIGEST)),
        (f"nvcr.io/nvidia/cuda:12.1@{DIGEST}", ImageRef("nvcr.io", "nvidia/cuda", "12.1", DIGEST)),
        ("base-python-cpu-3.10:v1", ImageRef("", "base-python-cpu-3.10", "v1")),
        ("a__b/c--d:_x", ImageRef("", "a__b/c--d", "_x")),
        ("x:0.6.0-12-g09bb59b20", ImageRef("", "x", "0.6.0-12-g09bb59b20")),
    ],
)
def test_reads_references_and_writes_them_back(text: str, expected: ImageRef) -> None:
    """A reference is split into its parts, and its text is the same again."""
    actual = parse_reference(text)

    assert (expected, text) == (actual, str(actual))


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        ("", "empty"),
        (":tag", "name is missing"),
        ("localhost:32000/", "name is missing"),
        ("Otsus", "'Otsus' in the name must be lower case"),
        ("localhost:32000/Otsus/x", "'Otsus' in the name must be lower case"),
        ("a//b", "'' in the name"),
        ("a___b", "'a___b' in the name"),
        ("-a", "'-a' in the name"),
        ("a b", "'a b' in the name"),
        ("x:", "tag ''"),
        ("x:a b", "tag 'a b'"),
        ("x:1:2", "tag '1:2'"),
        ("x:" + "t" * 129, "tag"),
        ("x:1\n", "tag '1\\n'"),
        ("x@sha256:12", "digest 'sha256:12'"),
        ("x@" + DIGEST.upper(), "digest"),
        ("-host.de/x", "'-host.de' is no host"),
        ("host:port/x", "'host:port' is no host"),
        ("a" * 256, "longer than 255"),
        ("0123456789abcdef" * 4, "id of an image"),
        ("{DEFAULT_REGISTRY}/x:1", "'{default_registry}'"),
        ("docker://x", "'docker:'"),
    ],
)
def test_names_the_part_that_is_wrong(text: str, offending: str) -> None:
    """What is no reference is refused with a message that names the offending part."""
    with pytest.raises(InvalidReferenceError) as caught:
        parse_reference(text)

    assert offending.lower() in str(caught.value).lower()
    assert isinstance(caught.value, SourceError)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}",
            LocalName("otsus-method", "{KAAPANA_BUILD_VERSION}"),
        ),
        ("{default_registry}{default_project}/x:1.2.3", LocalName("x", "1.2.3")),
        ("{default_registry}/x:{a}_{b}__3.6.4", LocalName("x", "{a}_{b}__3.6.4")),
        (f"localhost:32000/x@{DIGEST}", LocalName("x", "", DIGEST)),
        ("LOCALHOST:32000/x", LocalName("x", "")),
        ("local-only/base-python-cpu:latest", LocalName("base-python-cpu", "latest")),
        ("local-registry.services.svc.cluster.local:5000/x:1", LocalName("x", "1")),
        ("registry.gitlab.com/g/p/x:1.0", LocalName("x", "1.0")),
        ("registry.gitlab.com/g/p/sub/x:1.0", LocalName("sub/x", "1.0")),
        ("registry.gitlab.com/g/p2/x:1.0", None),
        ("registry.gitlab.com/other/x:1.0", None),
        ("localhost:5000/x", None),
        ("docker.io/library/ubuntu", None),
        ("ubuntu:24.04", None),
        ("{DEFAULT_REGISTRY}/Otsus:1", None),
        ("{DEFAULT_REGISTRY}/x:", None),
        ("{DEFAULT_REGISTRY}", None),
        ("localhost:32000/", None),
        ("", None),
    ],
)
def test_knows_what_lies_in_the_local_registry(value: str, expected: LocalName | None) -> None:
    """All names of the local registry are one; anything else is not local."""
    assert expected == split_local(value, ALIASES)


def test_substitutes_only_what_is_known() -> None:
    """Variables without a value stay as they are."""
    actual = substitute("{DEFAULT_REGISTRY}/x:{KAAPANA_BUILD_VERSION}", {"KAAPANA_BUILD_VERSION": "0.6.0"})

    assert actual == "{DEFAULT_REGISTRY}/x:0.6.0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "{DEFAULT_REGISTRY}/x:{KAAPANA_BUILD_VERSION}",
            ImageRef("{DEFAULT_REGISTRY}", "x", "{KAAPANA_BUILD_VERSION}"),
        ),
        ("{a}{b}/g/x:{c}_{d}__1", ImageRef("{a}{b}", "g/x", "{c}_{d}__1")),
        ("docker.io/x:{v}", ImageRef("docker.io", "x", "{v}")),
        ("x", ImageRef("", "x")),
    ],
)
def test_reads_symbolic_references(value: str, expected: ImageRef) -> None:
    """Variables stay where they stand."""
    assert (expected, value) == (parse_symbolic(value), str(parse_symbolic(value)))


@pytest.mark.parametrize("value", ["{DEFAULT_REGISTRY}/X:1", "{DEFAULT_REGISTRY}", "{R}/x:{V} ", "{R}/{V}/:1", "{}/x"])
def test_refuses_symbolic_references_that_can_never_be_right(value: str) -> None:
    """No value of a variable would make them references."""
    with pytest.raises(InvalidReferenceError) as caught:
        parse_symbolic(value)

    assert repr(value) in str(caught.value)
    assert "zvariable" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("x", True, True),
        ("a/b", True, False),
        ("X", False, True),
        (".x", False, False),
        ("", False, False),
        ("x\n", False, False),
        ("é", False, False),
    ],
)
def test_validates_names_and_tags_alone(text: str, name: bool, tag: bool) -> None:
    """Names and tags follow different rules."""
    assert (name, tag) == (valid_name(text), valid_tag(text))


@given(st.text(alphabet="aA0.:/@-_{}[]\n é", max_size=40))
def test_reads_or_refuses_any_text(text: str) -> None:
    """Any text either is a reference that writes back the same, or is refused."""
    try:
        ref = parse_reference(text)
    except InvalidReferenceError:
        return

    assert text == str(ref)
