"""Which targets stand on which, and what keeps them from being built."""

from __future__ import annotations

import pytest

from edk.domain.graph import BuildGraph, waves
from edk.domain.workspace import Root
from tests.unit.core.building import (
    EXTENSION,
    OTHERS,
    PLATFORM,
    REGISTRY,
    base,
    chart,
    dockerfile,
    graph,
    operator,
    target,
)

DIGEST = "sha256:" + "0" * 64


def edges(found: BuildGraph) -> dict[str, list[str]]:
    """Name → names of what it stands on."""
    labels = {node.key: node.target.label for node in found.nodes}
    return {node.target.label: [labels[d] for d in node.depends_on] for node in found.nodes}


def problems(found: BuildGraph) -> dict[str, str]:
    return {node.target.label: node.problem for node in found.nodes if node.problem}


def codes(found: BuildGraph) -> list[tuple[str, str, int]]:
    return [(d.diagnostic.code, d.diagnostic.file, d.diagnostic.line) for d in found.diagnostics]


@pytest.mark.parametrize(
    "lines",
    [
        ("FROM local-only/b:latest",),
        ("FROM localhost:32000/b",),
        ("ARG BASE=local-only/b", "FROM ${BASE}:latest"),
        ("FROM local-only/b:latest AS build", "FROM build"),
        ("FROM scratch", "COPY --from=local-only/b:latest /x /x"),
        ("FROM ubuntu", "RUN --mount=type=bind,from=local-only/b:latest,target=/m ls"),
        ("FROM local-only/b AS one", "FROM local-only/b", "COPY --from=one /x /x"),
    ],
)
def test_every_way_to_name_an_image_is_an_edge(lines: tuple[str, ...]) -> None:
    """FROM, COPY --from and RUN --mount make one target stand on another, once."""
    found = graph([target("a/Dockerfile", dockerfile("a", *lines)), target("b/Dockerfile", base("b"), PLATFORM)])

    assert {"b": [], "a": ["b"]} == edges(found)
    assert ["b", "a"] == [node.target.name for node in found.nodes]


def test_a_stage_that_the_last_one_does_not_need_makes_no_edge() -> None:
    """BuildKit leaves such a stage out; the classic builder builds it too."""
    lines = ("FROM local-only/b AS unused", "FROM ubuntu:24.04")
    targets = [target("a/Dockerfile", dockerfile("a", *lines)), target("b/Dockerfile", base("b"), PLATFORM)]

    assert {"a": []} == edges(graph(targets))
    assert {"b": [], "a": ["b"]} == edges(graph(targets, all_stages=True))


def test_only_what_is_needed_is_in_the_graph() -> None:
    """Of other roots only what the selected targets stand on is taken, bases first."""
    targets = [
        target("a/Dockerfile", dockerfile("a", "FROM local-only/b")),
        target("b/Dockerfile", base("b", "FROM local-only/c"), PLATFORM),
        target("c/Dockerfile", base("c"), PLATFORM),
        target("other/Dockerfile", dockerfile("other"), PLATFORM),
    ]

    assert {"c": [], "b": ["c"], "a": ["b"]} == edges(graph(targets))


def test_scratch_is_no_image() -> None:
    """FROM scratch names nothing."""
    (node,) = graph([target("a/Dockerfile", dockerfile("a", "FROM scratch"))]).nodes

    assert () == node.bases


@pytest.mark.parametrize(
    ("ref", "external"),
    [
        ("ubuntu:24.04", "ubuntu:24.04"),
        ("registry.example.org/x:1", "registry.example.org/x:1"),
        ("localhost:32000/made-elsewhere:1", f"{REGISTRY}/made-elsewhere:1"),
        (f"localhost:32000/b@{DIGEST}", f"{REGISTRY}/b@{DIGEST}"),
        (f"localhost:32000/b:1@{DIGEST}", f"{REGISTRY}/b:1@{DIGEST}"),
        (f"local-only/b@{DIGEST}", f"{REGISTRY}/b@{DIGEST}"),
    ],
)
def test_images_that_no_target_yields_stay_external(ref: str, external: str) -> None:
    """An upstream image, one that only the registry has, and one that is pinned by its digest are not built."""
    targets = [target("a/Dockerfile", dockerfile("a", f"FROM {ref}")), target("b/Dockerfile", base("b"), PLATFORM)]

    (node,) = graph(targets).nodes

    assert [("", external)] == [(link.target, link.external) for link in node.bases]
    assert "" == node.problem


def test_an_override_replaces_an_upstream_image() -> None:
    """What edk.yaml maps is built from instead, and is what the Dockerfile's own reference stays known by."""
    (node,) = graph(
        [target("a/Dockerfile", dockerfile("a"))], overrides={"ubuntu:24.04": "localhost:32000/deb:1"}
    ).nodes

    assert [("ubuntu:24.04", "localhost:32000/deb:1")] == [(link.ref, link.external) for link in node.bases]


def test_an_unknown_local_only_base_is_an_error_that_names_near_ones() -> None:
    """Such an image is never looked for in a registry outside."""
    found = graph(
        [
            target("a/Dockerfile", dockerfile("a", "FROM local-only/base-pyton:latest")),
            target("b/Dockerfile", base("base-python"), PLATFORM),
        ]
    )

    assert [("EDK403", "a/Dockerfile", 1)] == codes(found)
    assert "local-only/base-python" in found.diagnostics[0].diagnostic.hint
    assert {"a": "no Dockerfile yields 'local-only/base-pyton:latest' (EDK403)"} == problems(found)


def test_a_dockerfile_that_stands_on_itself_is_a_circle() -> None:
    """The smallest circle has one image."""
    found = graph([target("a/Dockerfile", dockerfile("a", "FROM local-only/a"))])

    assert [("EDK404", "a/Dockerfile", 1)] == codes(found)
    assert {"a": "images stand on each other in a circle: a → a (EDK404)"} == problems(found)


@pytest.mark.parametrize(("names", "size"), [("ab", 2), ("abc", 3)])
def test_a_circle_is_printed_from_each_of_its_images(names: str, size: int) -> None:
    """Every image of a circle has it as its problem, beginning with itself, at the line of its edge."""
    following = dict(zip(names, names[1:] + names[0], strict=True))
    found = graph(
        [target(f"{n}/Dockerfile", dockerfile(n, "FROM ubuntu", f"COPY --from=local-only/{following[n]} /x /"))
         for n in names]
    )  # fmt: skip

    printed = {n: " → ".join([*names[names.index(n) :], *names[: names.index(n)], n]) for n in names}
    assert {n: f"images stand on each other in a circle: {p} (EDK404)" for n, p in printed.items()} == problems(found)
    assert {("EDK404", f"{n}/Dockerfile", 2) for n in names} == set(codes(found))
    assert size == len(found.diagnostics)


def test_images_beside_a_circle_are_not_harmed() -> None:
    """What stands on a circle is kept for the plan to block; all else has no problem."""
    found = graph(
        [
            target("a/Dockerfile", dockerfile("a", "FROM local-only/b")),
            target("b/Dockerfile", dockerfile("b", "FROM local-only/a")),
            target("good/Dockerfile", dockerfile("good")),
            target("top/Dockerfile", dockerfile("top", "FROM local-only/a")),
        ]
    )

    assert {"a", "b"} == set(problems(found))
    assert {"good"} == {key.split("/")[-2] for wave in waves(found) for key in wave}


def test_a_base_that_is_set_to_be_ignored_is_an_error_of_its_dependent() -> None:
    """What is not built can't be built upon."""
    found = graph(
        [
            target("a/Dockerfile", dockerfile("a", "FROM local-only/b")),
            target("b/Dockerfile", base("b", labels='BUILD_IGNORE="True"')),
        ]
    )

    assert [("EDK407", "a/Dockerfile", 1)] == codes(found)
    assert {"a": "'local-only/b' is set to be ignored by b/Dockerfile (EDK407)"} == problems(found)


def test_two_of_one_name_name_both_places() -> None:
    """Neither is built, and each error names both Dockerfiles."""
    found = graph([target("one/Dockerfile", dockerfile("x")), target("two/Dockerfile", dockerfile("x"))])

    assert [("EDK402", "one/Dockerfile", 2), ("EDK402", "two/Dockerfile", 2)] == sorted(codes(found))
    assert {"'x' is yielded by one/Dockerfile and two/Dockerfile (EDK402)"} == {n.problem for n in found.nodes}


def test_two_of_one_name_in_two_extensions_are_told_apart() -> None:
    """Where both have the same path in their roots, the roots are named too."""
    other = Root("/w/second", "extension", 0)
    found = graph([target("Dockerfile", dockerfile("x")), target("Dockerfile", dockerfile("x"), other)])

    assert {"'x' is yielded by /w/ext/Dockerfile and /w/second/Dockerfile (EDK402)"} == {n.problem for n in found.nodes}


def test_a_base_of_two_places_is_an_error_of_what_stands_on_it() -> None:
    """An ambiguous base blocks its dependents, at the line of their FROM."""
    found = graph(
        [
            target("a/Dockerfile", dockerfile("a", "FROM local-only/b")),
            target("one/Dockerfile", base("b"), OTHERS),
            target("two/Dockerfile", base("b"), OTHERS),
        ]
    )

    assert ("EDK402", "a/Dockerfile", 1) in codes(found)
    assert problems(found)["a"].startswith("'local-only/b' is yielded by one/Dockerfile and two/Dockerfile")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (dockerfile(""), "EDK401", 0),
        (dockerfile("Upper"), "EDK405", 2),
        (dockerfile("a/../b"), "EDK405", 2),
    ],
)
def test_a_label_that_names_no_image_is_told(text: str, code: str, line: int) -> None:
    """A Dockerfile without a usable name is told where it stands."""
    assert [(code, "x/Dockerfile", line)] == codes(graph([target("x/Dockerfile", text)]))


def test_a_dockerfile_that_does_not_parse_is_blocked_with_its_line() -> None:
    """The first error of reading is the problem of the target."""
    (node,) = graph([target("x/Dockerfile", 'FROM a\nLABEL IMAGE="x"\nRUNN x\n')]).nodes

    assert node.problem.startswith("x/Dockerfile:3: ")


@pytest.mark.parametrize(
    ("text", "how", "role"),
    [
        (base("x"), "", "base"),
        (dockerfile("x", "FROM localhost:32000/base-installer"), "", "dag"),
        (dockerfile("x"), "dag", "dag"),
        (dockerfile("x"), "processing", "processing"),
        (dockerfile("x"), "template", "other"),
        (dockerfile("x"), "", "other"),
    ],
)
def test_roles(text: str, how: str, role: str) -> None:
    """What an image is for follows from its labels, its base, and who refers to it."""
    charts = (chart((how, "{DEFAULT_REGISTRY}/x"), dag="x"),) if how else ()

    assert [role] == [node.role for node in graph([target("x/Dockerfile", text)], charts=charts).nodes]


def test_an_operators_image_is_for_processing_and_says_who_refers_to_it() -> None:
    """References carry file, line and class."""
    (node,) = graph([target("x/Dockerfile", dockerfile("x"))], operator("localhost:32000/x:1")).nodes

    assert "processing" == node.role
    assert [("XOperator.py", 7, "XOperator", "operator", "1")] == [
        (r.file, r.line, r.owner, r.how, r.tag) for r in node.references
    ]


def test_a_base_gets_the_tag_that_a_dockerfile_asks_for() -> None:
    """A tag in a FROM is made to exist like that of an operator."""
    found = graph([target("a/Dockerfile", dockerfile("a", "FROM local-only/b:1.2")), target("b/Dockerfile", base("b"))])

    assert {"b": ("latest", "1.2"), "a": ("0.6.0",)} == {n.target.name: n.tags for n in found.nodes}


def test_waves_are_what_can_run_together() -> None:
    """Each wave needs only those before it."""
    found = graph(
        [
            target("a/Dockerfile", dockerfile("a", "FROM local-only/b", "COPY --from=local-only/c /x /")),
            target("b/Dockerfile", base("b", "FROM local-only/c")),
            target("c/Dockerfile", base("c")),
            target("d/Dockerfile", dockerfile("d")),
        ]
    )

    path = f"{EXTENSION.path}/{{}}/Dockerfile".format
    assert (frozenset({path("c"), path("d")}), frozenset({path("b")}), frozenset({path("a")})) == tuple(
        frozenset(wave) for wave in waves(found)
    )
