"""Medical images, keys and passwords in contexts: found when a plan is made, before anything is pushed."""

from __future__ import annotations

import pytest

from edk.domain.errors import EXIT_DONE, EXIT_SOURCES
from edk.orchestrator.build import exit_code_of
from edk.orchestrator.memory import PlanMemory
from edk.orchestrator.pipeline import make_plan
from tests.unit.core.bench import ROOT, Bench, actions, found
from tests.unit.core.building import dockerfile

DICOM = "\0" * 128 + "DICM" + "\0" * 20
NETRC = "machine example.org login me password hunter2\n"
TREE = {
    "x/Dockerfile": dockerfile("x", "FROM scratch", "COPY data /data"),
    "x/data/scan": DICOM,
    "x/data/named.dcm": "not one at all " * 20,
    "x/data/run.py": "print(1)\n" * 40,
    "x/data/.netrc": NETRC,
    "x/elsewhere/scan": DICOM,
}


def test_what_is_in_a_context_is_pointed_out_by_content() -> None:
    """What the Dockerfile copies counts, whatever it is called; what it does not copy stays unmentioned."""
    plan = Bench(TREE).plan()

    assert [("EDK507", "x/data/scan", 0), ("EDK508", "x/data/.netrc", 0)] == sorted(found(plan))
    assert {"x": "build"} == actions(plan)
    assert not any("hunter2" in d.diagnostic.message for d in plan.diagnostics)


def test_many_of_a_kind_are_one_diagnostic() -> None:
    """The first is the place, the others are counted."""
    bench = Bench(TREE)
    for number in range(9):
        bench.write(f"x/data/z{number}", DICOM + str(number))
    (about,) = [d.diagnostic for d in bench.plan().diagnostics if d.diagnostic.code == "EDK507"]

    assert "a DICOM file is part of the image of x, and so are data/z0, data/z1, data/z2 and 6 more" == about.message


def test_patients_data_can_be_refused() -> None:
    """The image is blocked, though it stood in the registry already; credentials are only pointed out."""
    bench = Bench(TREE, patient_data="refuse")
    plan = bench.plan()

    assert {"x": "blocked"} == actions(plan)
    assert "x/data/scan is a DICOM file, and patient_data is refuse (EDK507)" == plan.images[0].reason
    assert EXIT_SOURCES == exit_code_of(plan, bench.build(plan), charts_failed=False)
    assert [] == bench.built()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"patient_data": "allow"}, ["EDK508"]),
        ({"allow_data": ("x/data/**",)}, []),
        ({"allow_data": ("x/data/scan",), "patient_data": "refuse"}, ["EDK508"]),
        ({"allow_data": (".netrc",)}, ["EDK507"]),
        ({"allow_data": ("y/**",)}, ["EDK507", "EDK508"]),
    ],
)
def test_what_is_allowed_is_not_pointed_out(settings: dict[str, object], expected: list[str]) -> None:
    """By kind for all, or by path; nothing is blocked by it."""
    bench = Bench(TREE, **settings)
    plan = bench.plan()

    assert expected == sorted(code for code, _, _ in found(plan))
    assert EXIT_DONE == exit_code_of(plan, bench.build(plan), charts_failed=False)


def test_a_dockerfile_may_be_vouched_for_too() -> None:
    """Its secrets are not pointed out then, and those of others still are."""
    text = dockerfile("x", "FROM scratch", "ENV API_KEY=abcdefgh")
    tree = {"x/Dockerfile": text, "y/Dockerfile": text.replace('"x"', '"y"')}

    assert [("EDK219", "x/Dockerfile", 2), ("EDK219", "y/Dockerfile", 2)] == sorted(found(Bench(tree).plan()))
    assert [("EDK219", "y/Dockerfile", 2)] == found(Bench(tree, allow_data=("x/Dockerfile",)).plan())


def looked_into(bench: Bench) -> list[str]:
    """Return the files of the context that were looked into since last asked: digests read them once more."""
    opened = [path for path in bench.disk.opened if "/data/" in path]
    bench.disk.opened.clear()
    return sorted(path for path in set(opened) if opened.count(path) > 1)


def test_a_content_is_looked_at_once() -> None:
    """A second plan, of another process too, reads nothing; after a save only what is new is looked at."""
    bench = Bench(TREE)
    first = bench.plan()
    assert 4 == len(looked_into(bench))

    assert found(first) == found(bench.plan())
    assert [] == looked_into(bench)

    bench.write("x/data/new", DICOM + "2")
    assert [("EDK507", "x/data/new", 0), ("EDK508", "x/data/.netrc", 0)] == sorted(found(bench.plan()))
    assert [f"{ROOT}/x/data/new"] == looked_into(bench)


def test_a_watcher_remembers_without_the_state() -> None:
    """A plan after a save that concerns another image does not even ask the state."""
    bench = Bench({**TREE, "y/Dockerfile": dockerfile("y", "FROM scratch")})
    memory = PlanMemory()
    first = make_plan(bench.services, bench.disk.fresh(), bench.request(), memory)
    bench.cache.forget()
    bench.disk.opened.clear()

    assert found(first) == found(make_plan(bench.services, bench.disk.fresh(), bench.request(), memory))
    assert [] == looked_into(bench)


def test_a_file_that_goes_away_is_no_failure() -> None:
    """It is not looked into; its build finds out."""
    bench = Bench(TREE)

    class Losing:
        def __init__(self) -> None:
            self._tree = bench.disk.fresh()

        def __getattr__(self, name: str) -> object:
            return getattr(self._tree, name)

        def beginning(self, path: str, size: int) -> bytes:
            if path.endswith("/scan"):
                raise FileNotFoundError(2, "No such file or directory", path)
            return self._tree.beginning(path, size)

    assert ["EDK508"] == [c for c, _, _ in found(make_plan(bench.services, Losing(), bench.request()))]  # type: ignore[arg-type]
    assert ["EDK507", "EDK508"] == sorted(c for c, _, _ in found(bench.plan()))
