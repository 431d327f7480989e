"""The way of an image from the saved file to the nodes, over a registry in memory and a cluster that is made up."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace

import pytest

from edk.domain.cluster import NodeImage, RunningImage
from edk.domain.errors import UsageError
from edk.domain.traced import traced_images
from edk.domain.tracing import Link
from edk.orchestrator.trace import trace
from tests.fakes.cluster import FakeCluster
from tests.fakes.registry import MANIFEST, config_of, digest_of
from tests.unit.core.bench import Bench
from tests.unit.core.test_named_images import OPERATOR, TREE, labels_of, sent
from tests.unit.core.test_named_images import digest_of as standing


def built(**settings: object) -> Bench:
    """The tree of a DAG image and what it names, built, the DAG image with its files."""
    bench = Bench(TREE, **settings)
    bench.build()
    ship(bench)
    return bench


def ship(bench: Bench) -> None:
    """Give the DAG image in the registry the layer that an engine would have made of what was sent."""
    content = sent(bench, "dag-x", "files/XOperator.py")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("kaapana/tmp/dags/XOperator.py")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    config, layer = config_of(labels_of(bench, "dag-x")), gzip.compress(out.getvalue())
    for blob in (config, layer):
        bench.registry.upload("dag-x", digest_of(blob), len(blob), [blob])
    described = [{"mediaType": "x", "digest": digest_of(blob), "size": len(blob)} for blob in (config, layer)]
    manifest = {"schemaVersion": 2, "config": described[0], "layers": described[1:]}
    bench.registry.put_manifest("dag-x", "0.6.0", MANIFEST, json.dumps(manifest).encode())


def links(bench: Bench, cluster: FakeCluster | None = None) -> dict[str, Link]:
    """Return the links of the named image's trace, by where they are."""
    services = replace(bench.services, cluster=cluster)
    (found,) = trace(services, bench.plan(), ["worker"])
    return {link.where: link for link in found.links}


def test_all_is_fresh_after_a_build() -> None:
    """Every link holds what comes from the one before; the reference is read from the image's own file."""
    found = links(built())

    assert {"source": "ok", "fingerprint": "ok", "registry": "ok", "dag": "ok", "cluster": "unknown"} == {
        where: link.state for where, link in found.items()
    }
    assert "dag-x:/kaapana/tmp/dags/XOperator.py" == found["dag"].name


def test_a_save_makes_the_inputs_stale() -> None:
    """With the file and what to do."""
    bench = built()
    bench.write("worker/script.py", "print(2)\n")

    found = links(bench)

    assert ("stale", "script.py changed", "edk build --dir /w/ext") == (
        found["fingerprint"].state,
        found["fingerprint"].detail,
        found["fingerprint"].remedy,
    )


def test_a_dag_image_of_before_is_stale() -> None:
    """The image was built anew, and the DAG image was not."""
    bench = built()
    old = standing(bench, "worker")
    bench.registry.put("worker", "0.6.0", {**labels_of(bench, "worker"), "built": "again"})

    found = links(bench)

    assert "stale" == found["dag"].state
    assert old[:19] in found["dag"].detail


def test_references_as_written_are_the_platforms() -> None:
    """A run would ask the registry that the platform was deployed from."""
    found = links(built(references="as-written"))

    assert ("stale", "build with --references digest") == (found["dag"].state, found["dag"].remedy)
    assert "{DEFAULT_REGISTRY}/worker:0.6.0" == found["dag"].value


def test_references_by_tag_are_fresh_with_a_warning() -> None:
    """A node that has an older image of the tag goes on using it."""
    found = links(built(references="tag"))

    assert ("ok", True) == (found["dag"].state, found["dag"].detail.startswith("by its tag"))


def test_an_image_that_is_not_there() -> None:
    """Nothing stands under its tag."""
    bench = built()
    bench.registry.drop("worker", "0.6.0")

    assert "missing" == links(bench)["registry"].state


@pytest.mark.parametrize("have", ["new", "old", "none"])
def test_what_nodes_have_is_told(have: str) -> None:
    """A node without it is no fault."""
    bench = built()
    digest = {"new": standing(bench, "worker"), "old": "sha256:" + "0" * 64}.get(have, "")
    images = (NodeImage("n1", (f"localhost:32000/worker@{digest}",) if digest else ("other/worker:1",)),)

    link = links(bench, FakeCluster(images))["cluster"]

    assert "ok" == link.state
    told = {"new": "on n1", "old": "older ones on n1; the next run pulls it", "none": "no node tells of it"}
    assert link.detail.startswith(told[have])


def test_a_pod_that_runs_an_older_image_is_stale() -> None:
    """It is named, with what to do."""
    bench = built()
    pod = RunningImage("jobs", "x-1", "c", "localhost:32000/worker:0.6.0", f"localhost:32000/worker@sha256:{'0' * 64}")

    link = links(bench, FakeCluster((), (pod,)))["cluster"]

    assert ("stale", "an older one still runs in jobs/x-1") == (link.state, link.detail)


def test_a_cluster_that_is_away_is_unknown() -> None:
    """With its reason."""
    link = links(built(), FakeCluster(away="it does not answer"))["cluster"]

    assert ("unknown", "it does not answer") == (link.state, link.detail)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ("worker",)),
        (("worker", "worker"), ("worker",)),
        (("XOperator",), ("worker",)),
        (("dag/files/XOperator.py",), ("worker",)),
        (("/w/ext/dag/files/XOperator.py",), ("worker",)),
        (("dag-x",), ("dag-x",)),
    ],
)
def test_words_mean_images_operators_and_files(words: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Without any, all that something names."""
    assert names == traced_images(Bench(TREE).plan(), words)


def test_a_word_that_means_nothing() -> None:
    """The nearest ones are named."""
    with pytest.raises(UsageError) as caught:
        traced_images(Bench(TREE).plan(), ["wrker"])

    assert "did you mean worker?" == caught.value.hint


def test_an_operator_that_names_what_nobody_builds() -> None:
    """It is known, so what is missing is told, and where it is named; no name is offered in its place."""
    tree = {**TREE, "dag/files/XOperator.py": OPERATOR % "wrkr"}
    with pytest.raises(UsageError, match=r"^XOperator names wrkr, which no Dockerfile .*/dag/files/XOperator.py:\d+$"):
        traced_images(Bench(tree).plan(), ["XOperator"])
