"""What is shown of a plan: states, groups, the part around an image."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from edk.domain.graph import BaseLink, BuildGraph, Node
from edk.domain.graph_view import MANY, GraphView, focused, graph_view
from edk.domain.plan import NOT_ASKED, BuildPlan, PlannedImage
from edk.domain.workspace import Root, Workspace
from tests.unit.core.building import dockerfile, plan, target
from tests.unit.graph.views import view

ROOT = Root("/w/kaapana", "extension", 0)


def of_paths(*paths: str) -> dict[str, str]:
    """The group of the image of each Dockerfile, by its path."""
    images = []
    for number, path in enumerate(paths):
        made = target(path, dockerfile(f"image-{number}"), ROOT)
        images.append(PlannedImage(Node(made, (), (), (), "other"), "skip", "unchanged"))
    nodes = tuple(image.node for image in images)
    found = graph_view(BuildPlan(Workspace((ROOT,)), BuildGraph(nodes), tuple(images), ()))
    return {node.dockerfile: node.group for node in found.nodes}


@pytest.mark.parametrize(
    ("action", "reason", "state"),
    [
        ("skip", "unchanged", "current"),
        ("build", "a file changed", "stale"),
        ("build", NOT_ASKED, "unknown"),
        ("blocked", "a fault", "blocked"),
        ("ignore", "so it says", "ignored"),
    ],
)
def test_states(action: str, reason: str, state: str) -> None:
    """By what a build would do, and whether anybody knows."""
    made = plan("a:")
    image = replace(made.images[0], action=action, reason=reason)
    node = graph_view(replace(made, images=(image,))).nodes[0]

    assert (state, reason) == (node.state, node.reason)


def test_edges_lead_to_images_of_the_plan_alone() -> None:
    """What comes from elsewhere is told by its reference."""
    made = plan("base:\ntop: base")
    links = (*made.images[1].node.bases, BaseLink(1, "ubuntu:24.04", "", "mirror/ubuntu:24.04", 2))
    top = replace(made.images[1], node=structs.replace(made.images[1].node, bases=links))
    node = graph_view(replace(made, images=(made.images[0], top))).nodes[1]

    assert ((made.images[0].key,), ("mirror/ubuntu:24.04",)) == (node.bases, node.externals)


@pytest.mark.parametrize(("count", "folded"), [(MANY, False), (MANY + 1, True)])
def test_many_images_are_folded(count: int, folded: bool) -> None:
    """Unless somebody asks for something else."""
    made = plan("\n".join(f"i{n}:" for n in range(count)))

    assert folded == graph_view(made).folded
    assert not graph_view(made, folded=False).folded


def test_groups_are_extensions() -> None:
    """The folder above its parts; where two are called alike, with the folder above."""
    found = of_paths(
        *("x/one/extension/docker/Dockerfile", "x/one/processing-containers/a/Dockerfile"),
        *("x/two/docker/Dockerfile", "x/two/docker/init/Dockerfile"),
        *("y/two/docker/Dockerfile", "y/two/docker/init/Dockerfile"),
        *("bases/cpu/Dockerfile", "bases/gpu/Dockerfile"),
    )

    assert ["one", "one", "x/two", "x/two", "y/two", "y/two", "bases", "bases"] == list(found.values())


def test_lonely_images_are_one_group() -> None:
    """Several services of one image each, side by side, are not a group each."""
    found = of_paths("services/a/docker/Dockerfile", "services/b/docker/Dockerfile", "other/c/docker/Dockerfile")

    assert ["services", "services", "c"] == list(found.values())


def test_the_folder_itself() -> None:
    """An extension that was asked for by its own folder is called as that."""
    assert {"kaapana"} == set(of_paths("extension/docker/Dockerfile", "processing-containers/a/Dockerfile").values())


def test_the_part_around_an_image() -> None:
    """What it depends on, whatever that stands on, and what depends on it; nothing else."""
    found = focused(view(), "gpu")

    assert found is not None
    assert ["cpu", "gpu", "seg", "dag"] == [node.name for node in found.nodes]
    assert ((), ("seg",)) == (found.by_key["dag"].bases, found.by_key["dag"].names)
    assert "gpu" == found.focus


def test_no_such_image() -> None:
    """Nothing is shown."""
    assert focused(view(), "nobody") is None


def test_bases_are_a_group_where_they_are_folded() -> None:
    """The first one."""
    groups = view(folded=True, cpu="aaa", gpu="aaa", installer="aaa").groups

    assert {"bases": 3, "ext": 4} == {name: len(nodes) for name, nodes in groups.items()}
    assert ["aaa", "ext"] == list(view(cpu="aaa", gpu="aaa", installer="aaa").groups)


def test_counts_come_in_one_order() -> None:
    """That of the states; those without images are left out."""
    found: GraphView = view(states={"seg": "stale", "dag": "stale", "cpu": "blocked"})

    assert [("current", 4), ("stale", 2), ("blocked", 1)] == list(found.counts.items())
