"""The plan: every action with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from msgspec import structs

from edk.domain.graph import BaseLink, Node
from edk.domain.plan import ContextReading, PlannedImage, Prepared, Standing, decide
from tests.unit.core.building import EXTENSION, VERSION, dockerfile, key, target

NEW, OLD = "sha256:new", "sha256:old"
HERE = ("sha256:digest", NEW)
STALE = ("sha256:stale", OLD)


def prepared(name: str, *below: str, tags: tuple[str, ...] = (VERSION,), **changes: object) -> Prepared:
    """A node whose inputs are read."""
    links = tuple(BaseLink(i, b, key(b), "", 1) for i, b in enumerate(below))
    node = Node(target(f"{name}/Dockerfile", dockerfile(name)), links, tags, (), "other")
    return replace(Prepared(node, parts={"a.py": "2"}, fingerprint=NEW), **changes)  # type: ignore[arg-type]


def decided(item: Prepared, tags: Mapping[str, tuple[str, str]], known: Mapping[str, Mapping[str, str]] | None = None,
            *, forced: bool = False) -> PlannedImage:  # fmt: skip
    """What happens to one target, given what stands in the registry."""
    standings = {item.node.key: Standing(tags)}
    return decide([item], standings, known or {}, "localhost:32000", {item.node.key} if forced else ())[0]


@pytest.mark.parametrize(
    ("tags", "known", "action", "reason", "digest"),
    [
        ({VERSION: HERE, "1": HERE}, {}, "skip", "unchanged, and in the registry", HERE[0]),
        ({}, {}, "build", "not in the registry", ""),
        ({VERSION: HERE}, {}, "build", "unchanged, but the tag 1 is missing or points elsewhere", HERE[0]),
        ({VERSION: HERE, "1": STALE}, {}, "build", "unchanged, but the tag 1 is missing or points elsewhere", HERE[0]),
        ({"1": STALE}, {}, "build", f"not in the registry under the tag {VERSION}", ""),
        ({VERSION: ("d", "")}, {}, "build", f"what stands under the tag {VERSION} was not built by the EDK", ""),
        ({VERSION: STALE}, {}, "build", "its inputs changed since it was built", ""),
        ({VERSION: STALE}, {OLD: {"a.py": "1"}}, "build", "a.py changed", ""),
        ({VERSION: STALE}, {OLD: {"b.py": "1"}}, "build", "a.py is new, b.py is gone", ""),
    ],
)
def test_what_the_registry_has_decides(
    tags: dict[str, tuple[str, str]], known: dict[str, dict[str, str]], action: str, reason: str, digest: str
) -> None:
    """Only where every wanted tag carries the fingerprint is nothing to do; else the reason says what differs."""
    image = decided(prepared("x", tags=(VERSION, "1")), tags, known)

    assert (action, reason, digest) == (image.action, image.reason, image.digest)
    assert (f"localhost:32000/x:{VERSION}", "localhost:32000/x:1") == image.refs


def test_force_builds_what_is_unchanged() -> None:
    """Asked for by force, an image is built whatever the registry has."""
    image = decided(prepared("x"), {VERSION: HERE}, forced=True)

    assert ("build", "asked for by --force") == (image.action, image.reason)


def test_without_an_answer_of_the_registry_all_is_built_and_says_so() -> None:
    """Nothing is skipped on a guess."""
    (image,) = decide([prepared("x")], {}, {}, "localhost:32000")

    assert ("build", "the registry was not asked whether it is there") == (image.action, image.reason)


def test_a_problem_blocks_even_by_force() -> None:
    """What can't be built is not, and its problem is the reason."""
    item = prepared("x")
    item = replace(item, node=structs.replace(item.node, problem="x/Dockerfile:3: unknown instruction"))

    image = decided(item, {VERSION: HERE}, forced=True)

    assert ("blocked", "x/Dockerfile:3: unknown instruction") == (image.action, image.reason)


def test_a_context_that_cannot_be_read_blocks() -> None:
    """What is sent is not known, so nothing is."""
    image = decided(prepared("x", context=ContextReading(problem="src: not readable")), {})

    assert ("blocked", "src: not readable") == (image.action, image.reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (dockerfile(""), "the Dockerfile has no label IMAGE"),
        (dockerfile("x", labels='BUILD_IGNORE="True"'), "its label BUILD_IGNORE says so"),
    ],
)
def test_some_are_ignored(text: str, reason: str) -> None:
    """A Dockerfile without a name, and one that is set to be ignored, are listed and not built."""
    item = prepared("x")
    item = replace(item, node=structs.replace(item.node, target=target("x/Dockerfile", text, EXTENSION)))

    assert ("ignore", reason) == (decided(item, {}).action, decided(item, {}).reason)


def test_what_stands_on_a_blocked_image_is_blocked_on_every_level() -> None:
    """The reason names the image below."""
    bottom = prepared("bottom", context=ContextReading(problem="broken"))
    images = decide([bottom, prepared("middle", "bottom"), prepared("top", "middle"), prepared("other")], {}, {}, "r")

    assert ["blocked", "blocked", "blocked", "build"] == [image.action for image in images]
    assert [
        "broken",
        "it stands on bottom, which can't be built",
        "it stands on middle, which can't be built",
    ] == [image.reason for image in images[:3]]


def test_what_stands_on_one_that_is_not_decided_is_blocked() -> None:
    """Images of a circle come last; what stands on them does not wait for them."""
    (image,) = decide([prepared("top", "circle")], {}, {}, "r")

    assert ("blocked", "it stands on circle, which can't be built") == (image.action, image.reason)


def test_a_dependent_is_skipped_though_its_base_is_built_again() -> None:
    """The same inputs give the same image: a base that only lost its tag does not rebuild what stands on it."""
    base, top = prepared("base"), prepared("top", "base")
    images = decide([base, top], {base.node.key: Standing(), top.node.key: Standing({VERSION: HERE})}, {}, "r")

    assert ["build", "skip"] == [image.action for image in images]
