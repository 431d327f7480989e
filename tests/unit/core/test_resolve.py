"""From references to targets, by tables."""

from __future__ import annotations

import pytest

from edk.domain.codes.conventions import MISSPELT_IMAGE
from edk.domain.codes.resolving import NOT_LOCAL
from edk.domain.resolve import Catalog
from edk.domain.workspace import Root, Target
from tests.unit.core.building import (
    EXTENSION,
    OTHERS,
    PLATFORM,
    VERSION,
    base,
    chart,
    dockerfile,
    names,
    operator,
    resolved,
    target,
)


def make(name: str, root: Root = EXTENSION, folder: str = "", labels: str = "") -> Target:
    """A target in a folder of its own name."""
    return target(f"{folder or name}/Dockerfile", dockerfile(name, labels=labels), root)


@pytest.mark.parametrize(
    ("value", "registry", "version"),
    [
        ("{DEFAULT_REGISTRY}/otsus:{KAAPANA_BUILD_VERSION}", "{DEFAULT_REGISTRY}", VERSION),
        ("{default_registry}/otsus:{kaapana_build_version}", "{default_registry}", VERSION),
        ("{default_registry}{default_project}/otsus:1", "{default_registry}{default_project}", "1"),
        ("localhost:32000/otsus:1.0", "localhost:32000", "1.0"),
        ("LOCALHOST:32000/otsus:1.0", "LOCALHOST:32000", "1.0"),
        ("local-registry.services.svc:5000/otsus:1.0", "local-registry.services.svc:5000", "1.0"),
        ("local-only/otsus:latest", "local-only", "latest"),
        ("localhost:32000/otsus", "localhost:32000", ""),
    ],
)
def test_the_names_of_the_local_registry_are_one(value: str, registry: str, version: str) -> None:
    """Whatever the local registry is called, the image below it is the same target."""
    wanted = make("otsus")
    (image,) = resolved([wanted], (operator(value),), meaning=names("local-registry.services.svc:5000")).images

    assert ("local", "otsus", wanted.key) == (image.status, image.name, image.target)
    assert image.version == version
    assert image.registry.lower() == registry.lower()


@pytest.mark.parametrize(
    ("value", "name", "version"),
    [
        ("ubuntu:24.04", "ubuntu", "24.04"),
        ("docker.io/library/otsus:1", "library/otsus", "1"),
        ("registry.example.org/group/otsus:1", "group/otsus", "1"),
        ("otsus:1", "otsus", "1"),
    ],
)
def test_other_registries_are_external(value: str, name: str, version: str) -> None:
    """An image of another registry is not built here, even if it has the name of a target."""
    resolution = resolved([make("otsus")], (operator(value),))

    assert [("external", name, version, "")] == [(i.status, i.name, i.version, i.target) for i in resolution.images]
    assert [] == resolution.wanted


@pytest.mark.parametrize(
    ("value", "code", "hint"),
    [
        ("localhost:32000/otsus-metod:1", "EDK601", "did you mean 'otsus-method'?"),
        ("{DEFAULT_REGISTRY}/otsus-metod:1", "EDK601", "did you mean 'otsus-method'?"),
        ("localhost:32000/something:1", "EDK601", MISSPELT_IMAGE.remedy),
        ("{DEFAULT_REGISTRY}/something:1", "EDK406", NOT_LOCAL.remedy),
        ("{DEFAULT_REGISTRY}/otsu-metho:1", "EDK601", "did you mean 'otsus-method'?"),
        ("{DEFAULT_REGISTRY}/otsus-methode-new:1", "EDK406", "did you mean 'otsus-method'?"),
    ],
)
def test_a_local_image_that_nothing_yields_is_external_and_names_near_ones(value: str, code: str, hint: str) -> None:
    """It is a warning where the platform can't have it, so that a build tells it too, and an info where it may."""
    resolution = resolved([make("otsus-method")], (operator(value),))

    (diagnostic,) = [located.diagnostic for located in resolution.diagnostics]

    assert ["external"] == [i.status for i in resolution.images]
    assert (code, "XOperator.py", 7, hint) == (diagnostic.code, diagnostic.file, diagnostic.line, diagnostic.hint)


def test_an_expression_that_is_not_known_is_unresolved() -> None:
    """What is known at run time only refers to nothing."""
    resolution = resolved([make("otsus")], (operator(""),))

    assert ["unresolved"] == [i.status for i in resolution.images]
    assert {} == resolution.references


@pytest.mark.parametrize("value", ["localhost:32000/Otsus:1", "localhost:32000/otsus:-1", "localhost:32000/:1", "a b"])
def test_a_name_that_no_registry_takes_is_an_error_at_its_place(value: str) -> None:
    """A reference outside the grammar is told where it stands."""
    resolution = resolved([make("otsus")], (operator(value),))

    assert ["unresolved"] == [i.status for i in resolution.images]
    assert [("EDK405", "XOperator.py", 7, 5)] == [
        (d.diagnostic.code, d.diagnostic.file, d.diagnostic.line, d.diagnostic.column) for d in resolution.diagnostics
    ]


def test_a_tag_known_at_run_time_only_is_warned_about_and_asks_for_nothing() -> None:
    """The target is found; which tag will be asked for can't be made to exist."""
    wanted = make("otsus")
    resolution = resolved([wanted], (operator("localhost:32000/otsus:{SOME_VARIABLE}"),))

    assert ["local"] == [i.status for i in resolution.images]
    assert ["EDK408"] == [d.diagnostic.code for d in resolution.diagnostics]
    assert [""] == [r.tag for r in resolution.references[wanted.key]]


def test_the_nearest_root_wins() -> None:
    """The extension's own target goes before those of other extensions, and these before the platform's."""
    near, middle, far = make("x"), make("x", OTHERS), make("x", PLATFORM)

    assert (near,) == Catalog.of([far, middle, near]).find("x")
    assert (middle,) == Catalog.of([far, middle]).find("x")


def test_two_of_one_name_at_one_distance_are_ambiguous() -> None:
    """Both are referred to, so that the error can name both."""
    one, two = make("x", folder="one"), make("x", folder="two")
    resolution = resolved([one, two], (operator("localhost:32000/x:1"),))

    assert [("ambiguous", "")] == [(i.status, i.target) for i in resolution.images]
    assert [one, two] == resolution.wanted


def test_one_that_is_set_to_be_ignored_gives_way() -> None:
    """Of two of one name at one distance, the one that is not ignored is meant."""
    ignored, kept = make("x", folder="a", labels='BUILD_IGNORE="True"'), make("x", folder="b")

    assert (kept,) == Catalog.of([ignored, kept]).find("x")
    assert (ignored,) == Catalog.of([ignored]).find("x")


@pytest.mark.parametrize(
    ("how", "value", "tags"),
    [
        ("processing", "{DEFAULT_REGISTRY}/otsus", [""]),
        ("processing", "otsus", [""]),
        ("template", "{DEFAULT_REGISTRY}/otsus:{KAAPANA_BUILD_VERSION}", [VERSION]),
        ("template", "localhost:32000/otsus:0.1.0", ["0.1.0"]),
        ("value", "local-only/otsus:latest", ["latest"]),
        ("dag", "otsus", ["0.0.0", VERSION]),
    ],
)
def test_a_charts_images_refer_to_targets(how: str, value: str, tags: list[str]) -> None:
    """Images of templates and values, of processing containers by name, and of the DAG, with the tags they need."""
    wanted = make("otsus")
    resolution = resolved([wanted], charts=(chart((how, value), dag="otsus" if how == "dag" else ""),))

    assert [(how, tag) for tag in tags] == [(r.how, r.tag) for r in resolution.references[wanted.key]]


def test_the_dag_image_gets_the_version_of_the_installer_that_is_there() -> None:
    """The DAG installer's own version is the tag that its Job asks for."""
    wanted = make("dag-x")
    installer = chart(name="dag-installer-chart", root=PLATFORM)
    resolution = resolved([wanted], charts=(chart(("dag", "dag-x"), dag="dag-x"), installer))

    assert ["0.1.0", VERSION] == [r.tag for r in resolution.references[wanted.key]]


@pytest.mark.parametrize(("how", "value"), [("template", "postgres:15"), ("template", "otsus:1"), ("value", "")])
def test_other_images_of_charts_refer_to_nothing(how: str, value: str) -> None:
    """An image of another registry is none of ours, whatever its name."""
    assert {} == resolved([make("otsus")], charts=(chart((how, value)),)).references


def test_charts_of_other_roots_refer_to_nothing() -> None:
    """What another extension's chart needs is not built for this one."""
    other = chart(("template", "localhost:32000/otsus:1"), root=OTHERS)

    assert {} == resolved([make("otsus")], charts=(other,)).references


@pytest.mark.parametrize(
    ("text", "values", "tags"),
    [
        (dockerfile("x"), [], (VERSION,)),
        (dockerfile("x"), ["localhost:32000/x:0.1.0", "localhost:32000/x:0.0.9"], (VERSION, "0.0.9", "0.1.0")),
        (dockerfile("x"), ["{DEFAULT_REGISTRY}/x:{KAAPANA_BUILD_VERSION}", "localhost:32000/x"], (VERSION,)),
        (base("x"), [], ("latest",)),
        (base("x"), ["localhost:32000/x:latest", "localhost:32000/x:1"], ("latest", "1")),
    ],
)
def test_tags_are_the_platforms_version_and_all_that_is_asked_for(
    text: str, values: list[str], tags: tuple[str, ...]
) -> None:
    """The first tag is the version, or latest for a base; literal tags follow in order, each once."""
    from tests.unit.core.building import graph

    (node,) = graph([target("x/Dockerfile", text)], *(operator(value) for value in values)).nodes

    assert tags == node.tags
