"""Instructions of a base that run in what is built on it: nobody knows there which files they reach."""

from __future__ import annotations

import io
import tarfile

import pytest

from tests.unit.core.bench import Bench, actions, image
from tests.unit.core.building import base, dockerfile

CHILD = {
    "child/Dockerfile": dockerfile("child", "FROM local-only/base:latest", "COPY used.txt /"),
    "child/used.txt": "used\n",
    "child/deep/other.txt": "other\n",
}
TRIGGER = {
    "base/Dockerfile": base("base", "FROM scratch", "COPY own.txt /", "ONBUILD COPY . /app"),
    "base/own.txt": "x",
}
PLAIN = {**TRIGGER, "base/Dockerfile": base("base", "FROM scratch", "COPY own.txt /")}


def files(bench: Bench, name: str) -> list[str]:
    """Return the paths that count for an image."""
    return [file.path for file in image(bench.plan(), name).context.files]


def test_the_whole_context_of_a_child_counts() -> None:
    """And the plan says why; the base's own context is not concerned."""
    bench = Bench({**TRIGGER, **CHILD, "base/unused.txt": ""})

    context = image(bench.plan(), "child").context
    assert ["Dockerfile", "deep", "deep/other.txt", "used.txt"] == [file.path for file in context.files]
    assert "base has ONBUILD instructions" == context.whole_because
    assert ["own.txt"] == files(bench, "base")
    assert "" == image(bench.plan(), "base").context.whole_because


def test_without_one_only_what_is_used_counts() -> None:
    """The same child on a base without it."""
    assert ["used.txt"] == files(Bench({**PLAIN, **CHILD}), "child")


def test_the_context_that_is_sent_holds_it_all() -> None:
    """The engine finds what the base's instruction copies."""
    bench = Bench({**TRIGGER, **CHILD})

    bench.build()

    sent = next(call.context for call in bench.builder.builds if call.request.name == "child")
    with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
        names = {name.rstrip("/") for name in tar.getnames()}
    assert {"used.txt", "deep/other.txt"} <= names


def test_a_file_that_only_the_base_names_rebuilds_the_child() -> None:
    """It is copied, so it counts."""
    bench = Bench({**TRIGGER, **CHILD})
    bench.build()
    assert {"base": "skip", "child": "skip"} == actions(bench.plan())

    bench.write("child/deep/other.txt", "changed\n")

    assert {"base": "skip", "child": "build"} == actions(bench.plan())
    assert "deep/other.txt changed" in image(bench.plan(), "child").reason


def test_what_dockerignore_leaves_out_does_not_count() -> None:
    """Triggers never see it either."""
    bench = Bench({**TRIGGER, **CHILD, "child/.dockerignore": "deep\nDockerfile\n.dockerignore\n"})

    assert ["used.txt"] == files(bench, "child")


def test_triggers_are_not_inherited_further() -> None:
    """They run in children alone; what stands on a child has its own files."""
    bench = Bench(
        {
            **TRIGGER,
            "child/Dockerfile": base("child", "FROM local-only/base:latest"),
            "child/x.txt": "",
            "grandchild/Dockerfile": dockerfile("grandchild", "FROM local-only/child:latest", "COPY used.txt /"),
            "grandchild/used.txt": "",
            "grandchild/other.txt": "",
        }
    )

    assert ["Dockerfile", "x.txt"] == files(bench, "child")
    assert ["used.txt"] == files(bench, "grandchild")


@pytest.mark.parametrize("last", ["FROM first", "FROM first AS second\nFROM second"])
def test_triggers_of_a_stage_run_in_stages_on_it(last: str) -> None:
    """Within one Dockerfile, where the files that they name are known."""
    lines = ("FROM scratch AS first", "ONBUILD COPY used.txt /", *last.split("\n"))
    bench = Bench({"x/Dockerfile": dockerfile("x", *lines), "x/used.txt": "", "x/other.txt": ""})

    assert ["used.txt"] == files(bench, "x")


def test_a_base_that_gets_its_first_trigger_widens_the_context_of_its_children() -> None:
    """At the next plan, and back again when it loses it."""
    bench = Bench({**PLAIN, **CHILD})
    bench.build()

    bench.write("base/Dockerfile", TRIGGER["base/Dockerfile"])
    assert {"base": "build", "child": "build"} == actions(bench.plan())
    assert "deep/other.txt" in files(bench, "child")

    bench.write("base/Dockerfile", PLAIN["base/Dockerfile"])
    assert ["used.txt"] == files(bench, "child")
    assert {"base": "skip", "child": "skip"} == actions(bench.plan())
