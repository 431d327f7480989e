"""From a small tree to a plan, and on to the registry, all in memory."""

from __future__ import annotations

import pytest

from edk.domain.errors import RegistryUnreachableError, UsageError
from edk.domain.workspace import Root
from tests.unit.core.bench import EXTENSION, ROOT, Bench, actions, found, image, reason
from tests.unit.core.building import base, dockerfile

OPERATOR = """
class OtsusOperator(KaapanaBaseOperator):
    def __init__(self, dag, **kwargs):
        super().__init__(dag=dag, image=f"{DEFAULT_REGISTRY}/otsus:{KAAPANA_BUILD_VERSION}", **kwargs)
"""
TREE = {
    "operators/OtsusOperator.py": OPERATOR,
    "base/Dockerfile": base("base", "FROM scratch", "COPY lib/ /lib/"),
    "base/lib/a.py": "a",
    "otsus/Dockerfile": dockerfile("otsus", "FROM local-only/base:latest", "COPY files/ /x/"),
    "otsus/files/run.py": "run",
    "otsus/notes.txt": "not copied",
    "other/Dockerfile": dockerfile("other", "FROM scratch", "COPY . /x/"),
    "other/data": "data",
}
ALL = {"base": "build", "otsus": "build", "other": "build"}


def built_bench(**settings: object) -> Bench:
    """A bench whose tree was built once."""
    bench = Bench(TREE, **settings)
    bench.build()
    bench.built()
    return bench


def test_a_tree_is_planned_and_built_bases_first() -> None:
    """What an operator refers to, its base, and the extension's other images are built and pushed."""
    bench = Bench(TREE)
    plan = bench.plan()

    assert ALL == actions(plan)
    assert [("local", "otsus", f"{ROOT}/otsus/Dockerfile")] == [(i.status, i.name, i.target) for i in plan.graph.images]
    assert {"done"} == {target.phase for target in bench.build().targets.values()}
    assert {"base": ("latest",), "otsus": ("0.6.0",), "other": ("0.6.0",)} == {
        name: bench.registry.tags(name) for name in ALL
    }
    assert bench.built().index("base") < 2


def test_the_second_plan_skips_everything() -> None:
    """What was just built is unchanged, and needs no engine."""
    bench = built_bench()
    plan = bench.plan()

    assert {"skip"} == set(actions(plan).values())
    assert {"unchanged, and in the registry"} == {image.reason for image in plan.images}
    bench.build()
    assert [] == bench.built()


@pytest.mark.parametrize(
    ("path", "rebuilt", "why"),
    [
        ("other/data", ["other"], "data changed"),
        ("otsus/files/run.py", ["otsus"], "files/run.py changed"),
        ("otsus/notes.txt", [], ""),
        ("operators/OtsusOperator.py", [], ""),
        ("base/lib/a.py", ["base", "otsus"], "lib/a.py changed"),
        ("base/lib/new.py", ["base", "otsus"], "lib/new.py is new"),
        ("other/.dockerignore", ["other"], ".dockerignore is new"),
    ],
)
def test_touching_one_file_rebuilds_exactly_that_image_and_its_dependents(
    path: str, rebuilt: list[str], why: str
) -> None:
    """A file that is copied counts for its image and what stands on it; one that is not counts for none."""
    bench = built_bench()
    bench.write(path, OPERATOR + "\n" if path.endswith("Operator.py") else "#")

    plan = bench.plan()

    assert rebuilt == [name for name, action in actions(plan).items() if action == "build"]
    if rebuilt:
        assert why == reason(plan, rebuilt[0])
    bench.build()
    assert rebuilt == bench.built()


def test_a_dependent_of_a_changed_base_says_so() -> None:
    """The reason of a dependent names the base as its Dockerfile does."""
    bench = built_bench()
    bench.write("base/lib/a.py", "other")

    assert "image local-only/base:latest of line 1 changed" == reason(bench.plan(), "otsus")


def test_a_file_left_out_by_dockerignore_counts_no_more() -> None:
    """A change of .dockerignore that leaves a file out changes the image, changes of that file then do not."""
    bench = built_bench()
    bench.write("other/.dockerignore", "data\n.dockerignore\n")

    assert "data is gone" == reason(bench.plan(), "other")
    bench.build()
    bench.write("other/data", "changed")
    assert "skip" == actions(bench.plan())["other"]


def test_only_the_executable_bit_of_a_mode_counts() -> None:
    """Making a file executable rebuilds; another permission does not."""
    bench = built_bench()
    bench.disk.chmod(f"{ROOT}/otsus/files/run.py", 0o600)
    assert "skip" == actions(bench.plan())["otsus"]

    bench.disk.chmod(f"{ROOT}/otsus/files/run.py", 0o744)
    assert "files/run.py changed" == reason(bench.plan(), "otsus")


def test_touching_without_a_change_rebuilds_nothing() -> None:
    """Times do not count."""
    bench = built_bench()
    for path, content in TREE.items():
        bench.write(path, content)

    assert {"skip"} == set(actions(bench.plan()).values())


def test_a_lost_cache_costs_work_and_no_truth() -> None:
    """With its memory gone, the plan is the same."""
    bench = built_bench()
    before = bench.plan()
    bench.cache.forget()
    after = bench.plan()

    assert [(i.action, i.reason, i.fingerprint) for i in before.images] == [
        (i.action, i.reason, i.fingerprint) for i in after.images
    ]


def test_with_a_warm_cache_no_file_is_read_again() -> None:
    """Readings come from the cache; files are looked at by their digests."""
    bench = Bench(TREE)
    bench.plan()
    tree = bench.disk.fresh()
    read: list[str] = []
    original = tree.read
    tree.read = lambda path, limit: read.append(path) or original(path, limit)  # type: ignore[func-returns-value,method-assign]

    from edk.orchestrator.pipeline import make_plan

    make_plan(bench.services, tree, bench.request())

    assert [] == read


def test_without_the_registry_all_is_built_and_told() -> None:
    """A registry that does not answer is asked once for all images, and the plan says so."""
    bench = built_bench()
    bench.registry.fail("head", RegistryUnreachableError("localhost:32000 does not answer"))

    plan = bench.plan()

    assert ALL == actions(plan)
    assert ("the registry could not be asked: localhost:32000 does not answer",) == plan.unasked


def test_offline_nobody_is_asked() -> None:
    """A plan that must not ask the registry does not."""
    bench = built_bench()
    bench.registry.calls.clear()

    plan = bench.plan(ask_registry=False)

    assert ALL == actions(plan)
    assert [] == bench.registry.calls


def test_force_builds_everything_again() -> None:
    """By force what is unchanged is built, with the same fingerprint."""
    bench = built_bench()
    bench.build(force=True)

    assert ["base", "other", "otsus"] == sorted(bench.built())


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"selection": "images", "images": ("otsus",)}, {"base", "otsus"}),
        ({"selection": "images", "images": ("other",)}, {"other"}),
        ({"selection": "bases"}, {"base"}),
        ({"selection": "all-bases"}, {"base", "unused"}),
    ],
)
def test_selections(changes: dict[str, object], names: set[str]) -> None:
    """Named images with what they stand on; the bases that are needed; all bases of all roots."""
    platform = Root("/w/kaapana", "platform", 2)
    files = {**TREE, "/w/kaapana/unused/Dockerfile": base("unused"), "/w/kaapana/more/Dockerfile": dockerfile("more")}
    bench = Bench(files, (EXTENSION, platform))

    assert names == set(actions(bench.plan(**changes)))


def test_an_unknown_image_is_refused_with_near_names() -> None:
    """A name that no Dockerfile has is wrong usage."""
    with pytest.raises(UsageError, match="no Dockerfile yields an image 'otsu'") as caught:
        Bench(TREE).plan(selection="images", images=("otsu",))

    assert "otsus" in caught.value.hint


def test_a_missing_tag_is_made_without_a_build() -> None:
    """Where the same content stands under another tag, nothing is built or uploaded."""
    bench = built_bench()
    bench.write("operators/TagOperator.py", OPERATOR.replace("{KAAPANA_BUILD_VERSION}", "9.9"))

    plan = bench.plan()

    assert "unchanged, but the tag 9.9 is missing or points elsewhere" == reason(plan, "otsus")
    bench.build()
    assert ([], ("0.6.0", "9.9")) == (bench.built(), bench.registry.tags("otsus"))


def test_another_build_argument_rebuilds_what_declares_it() -> None:
    """An argument counts for the Dockerfiles that declare it alone."""
    files = {**TREE, "arg/Dockerfile": dockerfile("arg", "FROM scratch", "ARG A=1")}
    bench = Bench(files)
    bench.build()
    other = Bench(files, build_args=(("A", "2"), ("B", "3")))
    other.services = other.services.__class__(
        **{name: getattr(other.services, name) for name in other.services.__slots__} | {"registry": bench.registry}
    )

    assert ["arg"] == [name for name, action in actions(other.plan()).items() if action == "build"]


def test_a_pushed_registry_base_is_pinned_to_its_digest() -> None:
    """A base that only the registry has is built from by its digest, and a new push of it rebuilds."""
    bench = Bench({"a/Dockerfile": dockerfile("a", "FROM localhost:32000/made:1")}, registry_push="registry.lan:5000")
    digest = bench.registry.put("made", "1", {"n": "1"})
    bench.build()

    (call,) = bench.builder.builds
    assert f"FROM registry.lan:5000/made@{digest}".encode() == call.request.dockerfile.splitlines()[0]
    assert {"skip"} == set(actions(bench.plan()).values())
    bench.registry.put("made", "1", {"n": "2"})
    assert "image localhost:32000/made:1 of line 1 changed" == reason(bench.plan(), "a")


def test_a_base_pinned_by_the_user_is_taken_from_where_the_engine_reaches_the_registry() -> None:
    """The digest stays; the registry's name becomes the one that the engine has for it."""
    digest = "sha256:" + "0" * 64
    bench = Bench(
        {"a/Dockerfile": dockerfile("a", f"FROM localhost:32000/made@{digest}")}, registry_push="registry.lan:5000"
    )

    assert ((0, f"registry.lan:5000/made@{digest}"),) == image(bench.plan(), "a").externals


def test_a_cycle_blocks_itself_and_what_stands_on_it_alone() -> None:
    """The rest of the tree is built."""
    bench = Bench(
        {
            **TREE,
            "a/Dockerfile": dockerfile("a", "FROM local-only/b"),
            "b/Dockerfile": dockerfile("b", "FROM local-only/a"),
            "c/Dockerfile": dockerfile("c", "FROM local-only/a"),
        }
    )
    plan = bench.plan()

    assert {**ALL, "a": "blocked", "b": "blocked", "c": "blocked"} == actions(plan)
    assert "it stands on local-only/a, which can't be built" == reason(plan, "c")
    assert [("EDK404", "a/Dockerfile", 1), ("EDK404", "b/Dockerfile", 1)] == sorted(found(plan))


def test_a_step_that_fails_leaves_the_others() -> None:
    """A failing image blocks what stands on it; everything else is built and pushed."""
    bench = Bench({**TREE, "base/Dockerfile": base("base", "FROM scratch", "RUN exit 3")})
    state = bench.build()

    assert {"base": "failed", "otsus": "blocked", "other": "done"} == {t.label: t.phase for t in state.targets.values()}
