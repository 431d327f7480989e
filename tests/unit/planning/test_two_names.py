"""The local registry by its two names: that in references, and that which it is reached by."""

from __future__ import annotations

import pytest

from tests.unit.core.bench import Bench, actions, found, image
from tests.unit.core.building import base, dockerfile

CLUSTER = "local-registry.services.svc.cluster.local:5000"
NAMES = ["local-only", "localhost:32000", "127.0.0.1:32000", CLUSTER]


def bench_of(push: str, written: str, *more: str) -> Bench:
    """A base, and an image built from it by one of the registry's names."""
    lines = (f"FROM {written}/base-x:latest", *more)
    files = {"base/Dockerfile": base("base-x", "FROM scratch"), "x/Dockerfile": dockerfile("x", *lines)}
    return Bench(files, registry_push=push)


@pytest.mark.parametrize("push", ["127.0.0.1:32000", CLUSTER, ""])
@pytest.mark.parametrize("written", NAMES)
def test_every_name_of_the_registry_resolves_to_the_same_target(written: str, push: str) -> None:
    """Those that are configured; another registry's image of the same name is another image."""
    bench = bench_of(push, written)

    plan = bench.plan(ask_registry=False)

    known = written in ("local-only", "localhost:32000", push)
    node = image(plan, "x").node
    assert ([image(plan, "base-x").key] if known else []) == list(node.depends_on)
    assert ("" if known else f"{written}/base-x:latest") == node.bases[0].external
    assert [] == found(plan)


@pytest.mark.parametrize(
    "instruction", ["COPY --from={}/base-x:latest /a /b", "RUN --mount=from={}/base-x,target=/m x"]
)
@pytest.mark.parametrize("written", ["localhost:32000", CLUSTER])
def test_copies_and_mounts_know_both_names(written: str, instruction: str) -> None:
    """As FROM does."""
    files = {
        "base/Dockerfile": base("base-x", "FROM scratch"),
        "x/Dockerfile": dockerfile("x", "FROM scratch", instruction.format(written)),
    }

    plan = Bench(files, registry_push=CLUSTER).plan(ask_registry=False)

    assert [image(plan, "base-x").key] == list(image(plan, "x").node.depends_on)


def test_references_say_one_name_and_pushes_go_by_the_other() -> None:
    """What is written into plans is reachable in the cluster, what is pushed from here."""
    bench = bench_of(CLUSTER, "local-only")

    bench.build()

    assert ("localhost:32000/x:0.6.0",) == image(bench.plan(), "x").refs
    assert {CLUSTER} == {call.ref.split("/")[0] for call in bench.builder.pushes}
    assert {"base-x": "skip", "x": "skip"} == actions(bench.plan())


def test_a_dependent_is_built_on_the_digest_by_the_name_that_the_engine_reaches() -> None:
    """The engine can't pull by the name in references."""
    bench = bench_of(CLUSTER, "localhost:32000")
    bench.build()

    digest = image(bench.plan(), "base-x").digest
    sent = next(call.request for call in bench.builder.builds if call.request.name == "x")
    assert f"FROM {CLUSTER}/base-x@{digest}" == sent.dockerfile.decode().splitlines()[0]


@pytest.mark.parametrize("written", ["localhost:32000", CLUSTER])
def test_a_base_that_only_the_registry_holds_is_pulled_by_the_name_that_the_engine_reaches(written: str) -> None:
    """By its digest, since that is known."""
    lines = (f"FROM {written}/there:1",)
    bench = Bench({"x/Dockerfile": dockerfile("x", *lines)}, registry_push=CLUSTER)
    digest = bench.registry.put("there", "1", {})

    bench.build()

    (call,) = bench.builder.builds
    assert f"FROM {CLUSTER}/there@{digest}" == call.request.dockerfile.decode().splitlines()[0]


def test_changing_the_name_it_is_reached_by_rebuilds_nothing() -> None:
    """It is the same registry, with the same images."""
    bench = bench_of("", "local-only")
    bench.build()

    moved = bench_of("127.0.0.1:32000", "local-only")
    moved.services.registry.__dict__.update(bench.registry.__dict__)

    assert {"base-x": "skip", "x": "skip"} == actions(moved.plan())


def test_operators_know_both_names() -> None:
    """An image of an operator by either name is the one that is built here."""
    names = ["localhost:32000", CLUSTER, "127.0.0.1:5001"]
    files = {"x/Dockerfile": dockerfile("x", "FROM scratch")}
    for number, name in enumerate(names):
        files[f"A{number}Operator.py"] = f'X(image="{name}/x:1")\n'

    plan = Bench(files, registry_push=CLUSTER).plan(ask_registry=False)

    assert ["local", "local", "external"] == [resolved.status for resolved in plan.graph.images]
