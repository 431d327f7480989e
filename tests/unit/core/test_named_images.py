"""A DAG image and the images that its files name: planned, built and built anew together."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from edk.domain.errors import StepFailedError
from edk.domain.fingerprint import LABEL
from edk.domain.references import REFERENCES_LABEL
from edk.domain.run import NAMES_ANEW, PlanAdopted, RunState, Wanted, WorkerStarted, WorkerSucceeded, reduce
from edk.orchestrator.planner import Planner
from tests.unit.core.bench import EXTENSION, ROOT, Bench, actions, found, image, reason
from tests.unit.core.building import base, dockerfile

OPERATOR = (
    "from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION\n"
    "class XOperator(KaapanaBaseOperator):\n"
    "    def __init__(self, dag):\n"
    '        super().__init__(dag=dag, image=f"{DEFAULT_REGISTRY}/%s:{KAAPANA_BUILD_VERSION}")\n'
)
TREE = {
    "installer/Dockerfile": base("base-installer", "FROM scratch"),
    "dag/Dockerfile": dockerfile("dag-x", "FROM local-only/base-installer:latest", "COPY files /kaapana/tmp/dags/"),
    "dag/files/XOperator.py": OPERATOR % "worker",
    "dag/files/notes.py": "x = 1\n",
    "worker/Dockerfile": dockerfile("worker", "FROM scratch", "COPY script.py /"),
    "worker/script.py": "print(1)\n",
}


def sent(bench: Bench, name: str, path: str) -> bytes:
    """Return a file as it was last sent for an image."""
    call = [call for call in bench.builder.builds if call.request.name == name][-1]
    with tarfile.open(fileobj=io.BytesIO(call.context)) as tar:
        stream = tar.extractfile(path)
        assert stream is not None
        return stream.read()


def digest_of(bench: Bench, name: str) -> str:
    """Return the digest that stands under an image's tag."""
    info = bench.registry.head(name, "0.6.0")
    assert info is not None
    return info.digest


def labels_of(bench: Bench, name: str) -> dict[str, str]:
    """Return an image's labels."""
    return bench.registry.labels(name, "0.6.0") or {}


def test_a_dag_image_ships_the_digest_of_what_its_operators_name() -> None:
    """The copy is rewritten in the stream, says so in a label, and the user's file is as it was."""
    bench = Bench(TREE)
    bench.build()

    ref = f"localhost:32000/worker@{digest_of(bench, 'worker')}"
    written = 'f"{DEFAULT_REGISTRY}/worker:{KAAPANA_BUILD_VERSION}"'
    expected = TREE["dag/files/XOperator.py"].replace(written, f'"{ref}"')
    assert expected.encode() == sent(bench, "dag-x", "files/XOperator.py")
    assert TREE["dag/files/notes.py"].encode() == sent(bench, "dag-x", "files/notes.py")
    assert f'{{"worker": "{ref}"}}' == labels_of(bench, "dag-x")[REFERENCES_LABEL]
    assert REFERENCES_LABEL not in labels_of(bench, "worker")
    assert TREE["dag/files/XOperator.py"].encode() == bench.disk.fresh().read(f"{ROOT}/dag/files/XOperator.py", 9999)


def test_what_ships_references_is_compressed_so_that_they_can_be_read_back() -> None:
    """Whatever is asked for; all others are as it is asked for."""
    bench = Bench(TREE, compression="zstd")
    bench.build()

    asked = {call.request.name: call.request.session.compression for call in bench.builder.builds}
    assert {"base-installer": "zstd", "worker": "zstd", "dag-x": "gzip"} == asked


def test_what_is_named_is_built_first() -> None:
    """The DAG image waits for it, as for a base."""
    bench = Bench(TREE)
    plan = bench.plan()
    bench.build(plan)

    assert (image(plan, "worker").key,) == image(plan, "dag-x").node.names
    assert ["worker", "dag-x"] == [name for name in bench.built() if name != "base-installer"]


def test_a_change_of_what_is_named_rebuilds_the_dag_image_and_nothing_else() -> None:
    """A new digest is a new reference; without a change nothing is built, and nothing is asked but the registry."""
    bench = Bench(TREE)
    bench.build()
    bench.built()
    assert {"skip"} == set(actions(bench.plan()).values())

    bench.write("worker/script.py", "print(2)\n")
    plan = bench.plan()
    before = digest_of(bench, "worker")
    bench.build(plan)

    assert "worker, which it names, is built anew" == reason(plan, "dag-x")
    assert f"worker@{digest_of(bench, 'worker')}".encode() in sent(bench, "dag-x", "files/XOperator.py")
    assert before != digest_of(bench, "worker")
    assert ["worker", "dag-x"] == bench.built()
    assert {"skip"} == set(actions(bench.plan()).values())


def test_what_is_built_anew_to_the_same_digest_leaves_what_names_it() -> None:
    """A tag that somebody else took: its image is built anew, and turns out to be the one that is named."""
    bench = Bench(TREE)
    bench.build()
    bench.built()
    bench.registry.put("worker", "0.6.0", {"not": "ours"})

    plan = bench.plan()
    bench.build(plan)

    assert {"worker": "build", "dag-x": "build", "base-installer": "skip"} == actions(plan)
    assert ["worker"] == bench.built()
    assert {"skip"} == set(actions(bench.plan()).values())


def test_a_dag_image_that_names_an_older_build_is_not_taken_for_the_right_one() -> None:
    """Another image of the same inputs stands under the tag: what names the older one is built anew."""
    bench = Bench(TREE)
    bench.build()
    bench.built()
    bench.registry.put("worker", "0.6.0", {**labels_of(bench, "worker"), "built": "again"})

    plan = bench.plan()

    assert {"worker": "skip", "dag-x": "build", "base-installer": "skip"} == actions(plan)
    assert "the reference to worker changed" == reason(plan, "dag-x")


@pytest.mark.parametrize(
    ("mode", "written"), [("tag", b'"localhost:32000/worker:0.6.0"'), ("as-written", b'f"{DEFAULT_REGISTRY}/worker:')]
)
def test_other_ways_to_name_images(mode: str, written: bytes) -> None:
    """By its tag, or as it is written: then a change of what is named is none of the DAG image."""
    bench = Bench(TREE, references=mode)
    bench.build()
    assert b"image=" + written in sent(bench, "dag-x", "files/XOperator.py")
    bench.built()

    bench.write("worker/script.py", "print(2)\n")
    bench.build()

    assert ["worker"] == bench.built()
    assert {"skip"} == set(actions(bench.plan()).values())


def test_each_way_to_name_images_gives_another_image() -> None:
    """Who changes the mode gets what the mode says."""
    bench = Bench(TREE)
    bench.build()
    bench.built()

    for mode in ("tag", "as-written", "digest"):
        bench.services = replace(
            bench.services,
            settings=replace(bench.services.settings, references=mode),  # type: ignore[arg-type]
        )
        bench.build()
        assert ["dag-x"] == bench.built()


def test_what_can_not_be_built_blocks_what_names_it() -> None:
    """A run would get an older image, or none: the screen says why instead."""
    bench = Bench({**TREE, "worker/Dockerfile": dockerfile("worker", "FROM scratch", "RUN exit 3")})
    state = bench.build()

    phases = {target.label: target.phase for target in state.targets.values()}
    assert {"worker": "failed", "dag-x": "blocked", "base-installer": "done"} == phases
    assert "blocked by worker" == next(t.reason for t in state.targets.values() if t.label == "dag-x")


def test_a_failure_that_is_mended_lets_the_dag_image_be_built() -> None:
    """The next run has nothing in its way."""
    bench = Bench(TREE)
    bench.builder.fail_build("worker", StepFailedError("it failed"))
    bench.build()
    bench.built()
    bench.build()

    assert ["worker", "dag-x"] == bench.built()


def test_images_that_are_not_built_here_stay_as_written() -> None:
    """Those of the platform, and those that are set to be ignored."""
    ignored = dockerfile("worker", "FROM scratch", labels='BUILD_IGNORE="True"')
    for files in ({**TREE, "dag/files/XOperator.py": OPERATOR % "theirs"}, {**TREE, "worker/Dockerfile": ignored}):
        bench = Bench(files)
        bench.build()

        assert files["dag/files/XOperator.py"].encode() == sent(bench, "dag-x", "files/XOperator.py")
        assert REFERENCES_LABEL not in labels_of(bench, "dag-x")


def test_an_image_that_stands_on_the_dag_image_can_not_be_named_by_digest() -> None:
    """It would have to be built before and after: it stays as written, and a warning says so."""
    bench = Bench({**TREE, "worker/Dockerfile": dockerfile("worker", "FROM localhost:32000/dag-x:0.6.0")})
    plan = bench.plan()
    bench.build(plan)

    assert [("EDK411", "dag/Dockerfile", 0)] == found(plan)
    assert TREE["dag/files/XOperator.py"].encode() == sent(bench, "dag-x", "files/XOperator.py")


def test_only_dag_images_ship_rewritten_files() -> None:
    """A processing image that copies the whole extension has what the user has."""
    bench = Bench({**TREE, "Dockerfile": dockerfile("all", "FROM scratch", "COPY . /all/")})
    bench.build()

    assert TREE["dag/files/XOperator.py"].encode() == sent(bench, "all", "dag/files/XOperator.py")


def test_a_file_that_is_not_shipped_makes_no_difference() -> None:
    """An operator beside those that are copied is none of the image's inputs."""
    bench = Bench({**TREE, "dag/more/YOperator.py": OPERATOR % "worker"})
    bench.build()

    assert ("files/XOperator.py",) == tuple(file.path for file in image(bench.plan(), "dag-x").files)


def test_the_fingerprint_is_that_of_what_is_shipped() -> None:
    """The label and the plan say the same, and the plan's generation is not the label."""
    bench = Bench(TREE)
    bench.build()
    planned = image(bench.plan(), "dag-x")

    assert labels_of(bench, "dag-x")[LABEL] == planned.carried
    assert planned.carried != planned.fingerprint
    assert planned.carried == image(bench.plan(), "dag-x").carried


def test_rebuilding_what_is_named_plans_what_names_it() -> None:
    """`edk rebuild worker` gives a new digest of the same inputs."""
    bench = Bench(TREE)
    bench.build()
    planner = Planner(bench.services, bench.request())
    planner.anew()

    plan = planner.forced({f"{EXTENSION.path}/worker/Dockerfile"})

    assert {"worker": "build", "dag-x": "build", "base-installer": "skip"} == actions(plan)
    assert NAMES_ANEW == reason(plan, "dag-x")


def wanted(key: str, *names: str, action: str = "skip", digest: str = "sha256:old") -> Wanted:
    """A target of a plan that names others."""
    return Wanted(key, key, action, "why", "1", names, digest, names=names)  # type: ignore[arg-type]


def state_of(*messages: object) -> RunState:
    """The state after some messages."""
    state = RunState()
    for message in messages:
        state = reduce(state, message)  # type: ignore[arg-type]
    return state


@pytest.mark.parametrize(("digest", "phase"), [("sha256:old", "skipped"), ("sha256:new", "waiting")])
def test_another_digest_of_what_is_named_reopens_what_names_it(digest: str, phase: str) -> None:
    """Also where a plan took both for done; the same digest changes nothing."""
    plan = PlanAdopted((wanted("worker"), wanted("dag", "worker")))
    built = state_of(plan)
    again = reduce(built, PlanAdopted((wanted("worker", action="build"), wanted("dag", "worker"))))
    worker = replace(again.targets["worker"], digest="sha256:old")
    again = replace(again, targets={**again.targets, "worker": worker})

    state = reduce(reduce(again, WorkerStarted("worker")), WorkerSucceeded("worker", "1", digest))

    assert phase == state.targets["dag"].phase


def test_what_was_built_while_the_named_image_changed_waits_again() -> None:
    """Its files name the image before, though it was right when its build began."""
    plan = PlanAdopted((wanted("worker"), wanted("dag", "worker", action="build")))
    state = state_of(plan, WorkerStarted("dag"))
    worker = replace(state.targets["worker"], digest="sha256:new")
    state = replace(state, targets={**state.targets, "worker": worker})

    state = reduce(state, WorkerSucceeded("dag", "1", "sha256:dag"))

    assert ("waiting", NAMES_ANEW) == (state.targets["dag"].phase, state.targets["dag"].reason)
