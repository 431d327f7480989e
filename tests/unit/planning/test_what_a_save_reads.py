"""Which saves of a watcher have its folders read again, and that no other one needs it."""

from __future__ import annotations

import pytest

from edk.domain.plan import BuildPlan
from edk.domain.saves import Batch
from edk.orchestrator.planner import Planner
from tests.unit.core.bench import ROOT, Bench

OPERATOR = """\
from names import NAME


class XOperator(KaapanaBaseOperator):
    def __init__(self):
        super().__init__(image=f"localhost:32000/{NAME}:7")
"""


def bench() -> Bench:
    return Bench(
        {
            "tool/Dockerfile": 'FROM scratch\nLABEL IMAGE="tool"\nCOPY run.py /\n',
            "tool/run.py": "1",
            "other/Dockerfile": 'FROM scratch\nLABEL IMAGE="other"\n',
            "dag/names.py": 'NAME = "tool"\n',
            "dag/XOperator.py": OPERATOR,
        }
    )


def after(on: Bench, planner: Planner, path: str, content: str) -> BuildPlan:
    """Write a file, and return the plan that comes of it."""
    on.write(path, content)
    return planner.after(Batch(frozenset({f"{ROOT}/{path}"}), frozenset(), "", False, 0.0, 0.0))


def test_scripts_of_images_are_not_what_says_what_to_build() -> None:
    """A saved script that no operator imports has only its image looked at: the workspace is the one before."""
    on = bench()
    planner = Planner(on.services, on.request())
    before = planner.anew()

    plan = after(on, planner, "tool/run.py", "2")

    assert before.graph is plan.graph
    old = {image.label: image.fingerprint for image in before.images}
    assert ["tool"] == [image.label for image in plan.images if old[image.label] != image.fingerprint]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("dag/names.py", 'NAME = "other"\n'),
        ("dag/XOperator.py", OPERATOR.replace("{NAME}", "other")),
    ],
)
def test_what_an_operator_imports_says_what_to_build(path: str, content: str) -> None:
    """A saved operator, and a saved file that it takes names from, are read again."""
    on = bench()
    planner = Planner(on.services, on.request())
    before = planner.anew()

    plan = after(on, planner, path, content)

    assert before.workspace.operator_images != plan.workspace.operator_images
    (found,) = plan.workspace.operator_images
    assert "other" in repr(found.image)


def test_a_new_file_may_say_what_to_build() -> None:
    """A Python file that was not there before is one that an import may mean."""
    on = bench()
    planner = Planner(on.services, on.request())
    before = planner.anew()

    plan = after(on, planner, "dag/YOperator.py", OPERATOR.replace("{NAME}", "other"))

    assert len(before.workspace.operator_images) + 1 == len(plan.workspace.operator_images)
