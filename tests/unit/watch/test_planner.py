"""Plans of a watcher: what a save makes it read again, and what it remembers."""

from __future__ import annotations

from edk.domain.plan import BuildPlan
from edk.domain.saves import Batch
from edk.orchestrator.planner import Planner, rebuilt_bases
from tests.unit.core.bench import ROOT, Bench

BASE = 'FROM scratch\nLABEL REGISTRY="local-only"\nLABEL IMAGE="base"\nCOPY lib /lib\n'
TOOL = 'FROM local-only/base:latest\nLABEL IMAGE="tool"\nCOPY files /files\n'
OPERATOR = 'class XOperator(KaapanaBaseOperator):\n    def __init__(self):\n        super().__init__(image="{}")\n'


def bench() -> Bench:
    return Bench(
        {
            "base/Dockerfile": BASE,
            "base/lib/a": "1",
            "tool/Dockerfile": TOOL,
            "tool/files/run.py": "1",
            "extension/docker/files/XOperator.py": OPERATOR.format("localhost:32000/tool:7"),
        }
    )


def saved(*paths: str) -> Batch:
    return Batch(frozenset(f"{ROOT}/{path}" for path in paths), frozenset(), "", False, 0.0, 0.0)


def started(on: Bench) -> tuple[Planner, BuildPlan]:
    """A planner after its first plan, everything built."""
    planner = Planner(on.services, on.request())
    plan = planner.anew()
    on.build(plan)
    for image in plan.images:
        digest = on.registry.head(image.node.target.name, image.node.tags[0])
        assert digest is not None
        planner.built(image.key, image.fingerprint, digest.digest)
    return planner, planner.anew()


def actions(plan: BuildPlan) -> dict[str, str]:
    return {image.label: image.action for image in plan.images}


def test_a_save_concerns_the_image_and_what_stands_on_it() -> None:
    """A changed file of a base makes the base and its dependent be built, and says which file it was."""
    on = bench()
    planner, before = started(on)
    assert {"base": "skip", "tool": "skip"} == actions(before)

    on.write("base/lib/a", "2")
    plan = planner.after(saved("base/lib/a"))

    assert {"base": "build", "tool": "build"} == actions(plan)
    assert (f"{ROOT}/base/lib/a",) == planner.changed_files(before, plan, saved("base/lib/a"))
    labels = {image.key: image.label for image in plan.images}
    old = {image.key: image for image in before.images}
    assert {"base": (), "tool": ("base",)} == {
        image.label: rebuilt_bases(old[image.key], image, labels) for image in plan.images
    }


def test_a_save_that_changes_nothing_builds_nothing() -> None:
    """Content decides: a file that is written again as it was concerns nobody."""
    on = bench()
    planner, before = started(on)

    on.write("tool/files/run.py", "1")
    plan = planner.after(saved("tool/files/run.py"))

    assert {"base": "skip", "tool": "skip"} == actions(plan)
    assert () == planner.changed_files(before, plan, saved("tool/files/run.py"))


def test_only_what_a_save_names_is_looked_at_again() -> None:
    """What changed without being reported stays unseen until everything is looked at again."""
    on = bench()
    planner, _ = started(on)
    on.write("base/lib/a", "2")
    on.write("tool/files/run.py", "2")

    assert {"base": "skip", "tool": "build"} == actions(planner.after(saved("tool/files/run.py")))
    assert {"base": "build", "tool": "build"} == actions(planner.anew())


def test_a_broken_dockerfile_leaves_its_last_good_reading_standing() -> None:
    """While a Dockerfile is broken its image stands as it was built, and the diagnostic says what is wrong."""
    on = bench()
    planner, _ = started(on)

    on.write("tool/Dockerfile", TOOL + "FRUM x\n")
    broken = planner.after(saved("tool/Dockerfile"))
    on.write("tool/files/run.py", "2")
    changed = planner.after(saved("tool/files/run.py"))
    on.write("tool/Dockerfile", TOOL)
    mended = planner.after(saved("tool/Dockerfile"))

    assert {"base": "skip", "tool": "skip"} == actions(broken)
    assert [("EDK203", 4)] == [(d.diagnostic.code, d.diagnostic.line) for d in broken.diagnostics]
    assert {"base": "skip", "tool": "blocked"} == actions(changed)
    assert {"base": "skip", "tool": "build"} == actions(mended)
    assert () == mended.diagnostics


def test_a_broken_operator_leaves_the_tags_it_asked_for() -> None:
    """While an operator can't be read, the tag that it named is still wanted."""
    on = bench()
    planner, before = started(on)
    path = "extension/docker/files/XOperator.py"

    on.write(path, "class XOperator(KaapanaBaseOperator:\n    def __init__(self:\n        super(")
    broken = planner.after(saved(path))

    assert [i.node.tags for i in before.images] == [i.node.tags for i in broken.images]
    assert ["EDK101"] == [d.diagnostic.code for d in broken.diagnostics]


def test_a_new_extension_is_picked_up_and_a_deleted_one_let_go() -> None:
    """Folders that come and go change the plan."""
    on = bench()
    planner, _ = started(on)

    on.write("more/Dockerfile", 'FROM scratch\nLABEL IMAGE="more"\n')
    came = planner.after(Batch(frozenset(), frozenset({f"{ROOT}/more"}), "", False, 0.0, 0.0))
    on.disk.delete(f"{ROOT}/more")
    went = planner.after(Batch(frozenset(), frozenset({f"{ROOT}/more"}), "", False, 0.0, 0.0))

    assert {"base": "skip", "tool": "skip", "more": "build"} == actions(came)
    assert {"base": "skip", "tool": "skip"} == actions(went)


def test_what_is_asked_for_again_is_built_though_nothing_changed() -> None:
    """`edk rebuild` builds one image, and no other."""
    on = bench()
    planner, before = started(on)
    tool = next(image.key for image in before.images if image.label == "tool")

    plan = planner.forced({tool})

    assert {"base": "skip", "tool": "build"} == actions(plan)
    assert [True] == [image.again for image in plan.images if image.label == "tool"]
