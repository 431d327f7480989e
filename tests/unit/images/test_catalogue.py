"""Each image's state, sizes, and what it is found by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import pytest

from edk.domain.catalogue import STATES, Catalogue, State, TreeView, Yielded, catalogue
from edk.domain.described import Description, Layer, PlatformImage
from edk.domain.held import Contents, Held
from edk.domain.labels import DIRTY, REVISION
from edk.domain.layering import layerings
from edk.domain.pruning import Rules, Uses, judge
from tests.unit.pruning.test_judging import NOW, digest, image

SEG = Yielded("seg/Dockerfile", "ext", True, ("1.0",), frozenset({digest("fa")}), reason="run.py changed")


def listed(
    *held: Held,
    tree: Mapping[str, Yielded] | None = None,
    described: Mapping[str, Description] | None = None,
    built: Mapping[str, float] | None = None,
) -> Catalogue:
    """A catalogue of these images."""
    view = TreeView() if tree is None else TreeView(tree, read=True)
    return catalogue(NOW, judge(held, Uses(), Rules(NOW, keep=0)), described or {}, built or {}, view)


def test_every_state_is_explained() -> None:
    """In a phrase."""
    assert set(get_args(State)) == set(STATES)


@pytest.mark.parametrize(
    ("held", "tree", "expected"),
    [
        (image("seg", "a", tags="1.0"), {"seg": SEG}, ("current", STATES["current"])),
        (image("seg", "a"), {"seg": SEG}, ("current", STATES["current"])),
        (image("seg", "b"), {"seg": replace(SEG, digest=digest("b"))}, ("current", STATES["current"])),
        (image("seg", "b", tags="1.0"), {"seg": SEG}, ("stale", "run.py changed")),
        (image("seg", "b", tags="1.0"), {"seg": replace(SEG, prints=frozenset())}, ("stale", "run.py changed")),
        (image("seg", "b", tags="0.9"), {"seg": SEG}, ("earlier", STATES["earlier"])),
        (image("seg", "b"), {"seg": SEG}, ("earlier", STATES["earlier"])),
        (image("seg", "a", tags="1.0"), {}, ("orphaned", STATES["orphaned"])),
        (image("seg", "a", tags="1.0"), None, ("unknown", "no extension is read here")),
        (
            image("seg", "b", tags="1.0"),
            {"seg": Yielded("seg/Dockerfile", "platform")},
            ("unknown", "no extension that was read needs it, so its inputs were not looked at"),
        ),
        (
            image("seg", "b", tags="1.0"),
            {"seg": replace(SEG, blocked=True, reason="no FROM")},
            ("unknown", "its Dockerfile can't be built: no FROM"),
        ),
        (image("seg", "a", tags="1.0", fingerprint=""), {"seg": SEG}, ("foreign", STATES["foreign"])),
        (replace(image("seg", "a"), readable=False), {"seg": SEG}, ("unreadable", STATES["unreadable"])),
        (image(f"edk/{digest('b')[7:23]}/seg", "b", tags="1.0"), {"seg": SEG}, ("earlier", STATES["earlier"])),
        (image(f"edk/{digest('a')[7:23]}/seg", "a", tags="1.0"), {"seg": SEG}, ("current", STATES["current"])),
    ],
)  # fmt: skip
def test_states(held: Held, tree: Mapping[str, Yielded] | None, expected: tuple[str, str]) -> None:
    """By what the tree would build under that name."""
    found = listed(held, tree=tree).images[0]

    assert expected == (found.state, found.why)


def test_a_dockerfile_that_is_broken_orphans_nothing() -> None:
    """Nobody knows what it yields."""
    view = TreeView({}, read=True, broken=("/tree/seg/Dockerfile",))
    held = (image("seg", "a", tags="1.0"),)

    found = catalogue(NOW, judge(held, Uses(), Rules(NOW, keep=0)), {}, {}, view).images[0]

    assert "unknown" == found.state
    assert "/tree/seg/Dockerfile can't be read" in found.why


def test_what_is_shared_counts_once_in_all() -> None:
    """An image's own bytes are those that go with it."""
    found = listed(
        image("a", "1", blobs="base=1000 one=5"),
        image("b", "2", blobs="base=1000 two=7"),
        image("c", "3", blobs="three=11"),
    )

    assert [("a", 1005, 1000), ("b", 1007, 1000), ("c", 11, 0)] == [
        (each.held.repository, each.size, each.shared) for each in found.images
    ]
    assert 1023 == found.stored


def test_an_alias_shares_nothing_with_its_image() -> None:
    """It is the same one, under another name."""
    alias = f"edk/{digest('1')[7:23]}/a"
    found = listed(image("a", "1", tags="1", blobs="x=9"), image(alias, "1", tags="1", blobs="x=9"))

    assert [("a", "", True), (alias, "a", False)] == [(i.held.repository, i.alias_of, i.whole) for i in found.images]
    assert [(9, 0), (9, 0)] == [(i.size, i.shared) for i in found.images]
    alone = listed(image(alias, "1", tags="1", blobs="x=9")).images[0]
    assert (True, "") == (alone.whole, alone.alias_of)


def test_an_index_is_as_large_as_its_parts() -> None:
    """It shares only with others, and tells what its usual platform's image tells."""
    index = replace(image("m", "1", tags="1", blobs="i=1"), contents=Contents((("i", 1),), "", (), (), (digest("2"), digest("3"))))  # noqa: E501
    parts = [image("m", "2", blobs="both=100 amd=10"), image("m", "3", blobs="both=100 arm=20")]
    described = {
        index.digest: Description(
            platforms=(PlatformImage(digest("3"), "linux/arm64"), PlatformImage(digest("2"), "linux/amd64"))
        ),
        digest("2"): Description("linux/amd64", labels=(("x", "amd"),)),
        digest("3"): Description("linux/arm64", labels=(("x", "arm"),)),
    }

    found = listed(index, *parts, image("o", "4", blobs="arm=20"), described=described)

    whole = found.find("m")
    assert whole is not None
    assert (131, 20, "amd") == (whole.size, whole.shared, whole.description.label("x"))
    assert {digest("1"): "", digest("2"): digest("1"), digest("3"): digest("1")} == {
        each.held.digest: each.index for each in found.images if each.held.repository == "m"
    }


def test_found_by_tag_digest_and_name() -> None:
    """Without any, the current one, else one with a tag, else the newest."""
    tree = {"seg": SEG}
    images = (image("seg", "b", tags="1.0", age=1), image("seg", "c"), image("seg", "a", age=9999))
    found = listed(*images, tree=tree)

    def digest_at(*asked: str) -> str:
        there = found.find(*asked)
        return there.held.digest[7:8] if there else ""

    assert ("a", "b", "c", "", "") == (
        digest_at("seg"), digest_at("seg", "1.0"), digest_at("seg", "", digest("c")[:19]),
        digest_at("seg", "2"), digest_at("none"),
    )  # fmt: skip
    assert "b" == listed(*images[:2]).find("seg").held.digest[7:8]  # type: ignore[union-attr]


def test_only_ours_tell_a_commit() -> None:
    """Others have inherited that of their base."""
    told = Description(labels=((DIRTY, "true"), (REVISION, "c0ffee")))
    ours, theirs = image("a", "1"), image("b", "2", fingerprint="")

    found = listed(ours, theirs, described={ours.digest: told, theirs.digest: told}, built={ours.digest: 5.0})

    assert [("c0ffee", True, 5.0), ("", False, theirs.pushed)] == [(i.commit, i.dirty, i.built) for i in found.images]


def stack(*names: str) -> Description:
    """What an image of such layers tells."""
    layers = tuple(Layer(name, 10 * number, f"RUN {name}") for number, name in enumerate(names, 1))
    return Description("linux/amd64", layers=layers)


def layers_of(
    described: Mapping[str, Description], held: Sequence[Held], name: str
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The layers of an image: name, whom it came with, who has it too."""
    found = listed(*held, described=described)
    wanted = found.find(name)
    assert wanted is not None
    (made,) = layerings(wanted, found, described)
    return [(use.layer.digest, use.came_with, use.shared_with) for use in made.layers]


def test_layers_came_with_the_smallest_image_that_is_below() -> None:
    """And not with one that only has the same layer somewhere."""
    held = (
        image("base", "1", tags="1", blobs="l1=10"),
        image("mid", "2", tags="1", blobs="l1=10 l2=20"),
        image("top", "3", tags="1", blobs="l1=10 l2=20 l3=30"),
        image("other", "4", tags="1", blobs="l9=10 l3=30"),
    )
    described = {digest("1"): stack("l1"), digest("2"): stack("l1", "l2"), digest("3"): stack("l1", "l2", "l3"),
                 digest("4"): stack("l9", "l3")}  # fmt: skip

    assert [
        ("l1", "base:1", ("base:1", "mid:1")),
        ("l2", "mid:1", ("mid:1",)),
        ("l3", "", ("other:1",)),
    ] == layers_of(described, held, "top")


def test_layers_did_not_come_with_a_twin() -> None:
    """Which has all the same layers, and is not below."""
    held = (image("one", "1", tags="1", blobs="l1=10"), image("two", "2", tags="1", blobs="l1=10"))
    described = {digest("1"): stack("l1"), digest("2"): stack("l1")}

    assert [("l1", "", ("one:1",))] == layers_of(described, held, "two")


def test_own_bytes_are_of_layers_that_nobody_else_has() -> None:
    """The biggest layers come first."""
    held = (image("base", "1", blobs="l1=10"), image("top", "2", blobs="l1=10 l2=20 l3=30"))
    described = {digest("1"): stack("l1"), digest("2"): stack("l1", "l2", "l3")}
    found = listed(*held, described=described)

    (made,) = layerings(found.images[1], found, described)

    assert (60, 50, [3, 2, 1]) == (made.size, made.own, [use.number for use in made.biggest_first])


def test_an_image_that_can_t_be_read_has_no_layers() -> None:
    """And says so."""
    found = listed(image("a", "1"))

    (made,) = layerings(found.images[0], found, {})

    assert (False, ()) == (made.readable, made.layers)
