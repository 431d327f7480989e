"""Where boxes and arrows stand in a picture."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from edk.domain.graph_picture import Picture, layered

BOX, GAP = 40.0, 16.0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Boxes, and arrows that lead from earlier ones to later ones."""
    nodes = [f"n{n}" for n in range(draw(st.integers(0, 14)))]
    pairs = [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=25)) if pairs else []
    return nodes, edges


def heights(picture: Picture) -> list[list[tuple[float, float]]]:
    """By layer, top to bottom, what boxes and passing arrows take."""
    rows: list[list[tuple[float, float]]] = [
        [(picture.middles[name] - BOX / 2, picture.middles[name] + BOX / 2) for name in row] for row in picture.layers
    ]
    for route in picture.routes.values():
        for layer, height in route[1:-1]:
            rows[layer].append((height, height))
    return [sorted(row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_nothing_covers_anything(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    """Boxes keep their distance, arrows lead rightwards and through no box, and all is inside of the picture."""
    nodes, edges = graph
    picture = layered(nodes, edges, BOX, GAP)

    assert sorted(nodes) == sorted(name for row in picture.layers for name in row)
    for row in heights(picture):
        assert all(after[0] - before[1] >= GAP - 1e-6 for before, after in pairwise(row))
        assert all(-1e-6 <= top and bottom <= picture.height + 1e-6 for top, bottom in row)
    for (left, right), route in picture.routes.items():
        layers = [layer for layer, _ in route]
        assert list(range(layers[0], layers[-1] + 1)) == layers
        assert (picture.middles[left], picture.middles[right]) == (route[0][1], route[-1][1])
        assert len(layers) > 1


def test_each_box_is_as_far_right_as_its_longest_path() -> None:
    """And no further."""
    picture = layered(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")], BOX, GAP)

    assert (("a",), {"b", "d"}, ("c",)) == (picture.layers[0], set(picture.layers[1]), picture.layers[2])


@pytest.mark.parametrize("edges", ["ax by cz", "az bx cy", "ax ay bz"])
def test_arrows_do_not_cross_where_they_need_not(edges: str) -> None:
    """Boxes are ordered by what they belong to."""
    pairs = [(pair[0], pair[1]) for pair in edges.split()]
    picture = layered(list("abcxyz"), pairs, BOX, GAP)
    ends = sorted((picture.middles[left], picture.middles[right]) for left, right in pairs)

    assert all(one[1] <= other[1] for one, other in pairwise(ends) if one[0] < other[0])


def test_a_chain_is_straight() -> None:
    """All on one height."""
    picture = layered(list("abc"), [("a", "b"), ("b", "c")], BOX, GAP)

    assert {20.0} == set(picture.middles.values())
    assert 40.0 == picture.height
