"""The work of small runs, counted: fails where something is listed, read, hashed or asked for that was not before.

Seconds depend on the machine, so none are looked at. Whoever has a good reason for more work writes the new count here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bench.sized_tree import write_sized_tree
from edk.adapters.files import FileTree
from edk.domain.workspace import Root
from edk.orchestrator import keeping
from edk.orchestrator.pipeline import PlanRequest, make_plan
from edk.ui.plan_json import plan_as_json
from tests.unit.core.bench import Bench
from tests.unit.work.counted import Machine, calls_of, outgrown

SCRIPT_BYTES = 14


def write_images(root: Path, count: int) -> Path:
    """Write images of three scripts each, all but the first one standing on that."""
    for number in range(count):
        folder = root / f"image-{number:02}"
        (folder / "files").mkdir(parents=True)
        base = "local-only/image-00:latest" if number else "scratch"
        local = ' REGISTRY="local-only"' if not number else ""
        (folder / "Dockerfile").write_text(f'FROM {base}\nLABEL IMAGE="image-{number:02}"{local}\nCOPY files/ /app/\n')
        for script in range(3):
            (folder / "files" / f"part_{script}.py").write_text(f"VALUE = {number * 10 + script:05}\n"[-SCRIPT_BYTES:])
    return root


NewMachine = Callable[[int], Machine]


@pytest.fixture
def new_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewMachine:
    """Return what makes a machine whose extension has so many images."""

    def make(images: int) -> Machine:
        root = write_images(tmp_path / f"{images}" / "ext", images)
        return Machine(root, tmp_path / f"{images}" / "state", monkeypatch)

    return make


def test_a_first_plan_opens_each_file_once_and_each_dockerfile_twice(new_machine: NewMachine) -> None:
    """A Dockerfile is hashed and read; of a script only the hash is taken."""
    machine = new_machine(8)

    work = machine.plan()

    opened = Counter(Path(path).name for path in work.opened)
    assert {"Dockerfile": 16, "part_0.py": 8, "part_1.py": 8, "part_2.py": 8} == opened


def test_a_plan_of_an_unchanged_tree_opens_nothing(new_machine: NewMachine) -> None:
    """Each folder is listed once, and the state is asked four questions, however many images there are."""
    for images in (8, 24):
        machine = new_machine(images)
        machine.plan()

        work = machine.plan()

        assert ([], 0, 0) == (work.opened, work.read, work.hashed)
        assert 1 + 2 * images == len(work.listed) == len(set(work.listed))
        assert 4 == work.queries
        assert {"head": images} == work.asked


def test_eight_images_of_which_nothing_changed_are_asked_for_once_each(new_machine: NewMachine) -> None:
    """No file is opened, nothing is hashed, the registry gets eight requests, and the engine none."""
    machine = new_machine(8)
    machine.build()

    work = machine.build()

    assert ([], 0, 0) == (work.opened, work.read, work.hashed)
    assert {"head": 8} == work.asked
    assert [] == work.built
    assert 17 == len(work.listed)
    assert 12 >= work.queries


def test_one_changed_file_of_eight_images_costs_that_image_alone(new_machine: NewMachine) -> None:
    """Only the file itself is hashed, and only its image's context is read and sent."""
    machine = new_machine(8)
    machine.build()
    changed = machine.root / "image-03" / "files" / "part_1.py"
    changed.write_text("VALUE = 9999\n".rjust(SCRIPT_BYTES))

    work = machine.build()

    assert ["image-03"] == work.built
    assert SCRIPT_BYTES == work.hashed
    assert all(path.startswith(str(machine.root / "image-03")) for path in work.opened)
    assert 2 == work.opened.count(str(changed))
    assert 5 == len(work.opened)
    assert {"head": 9, "ping": 2, "manifest": 1, "labels": 1} == work.asked


def test_what_is_counted_is_seen(new_machine: NewMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that hashes a file each time, as one without a memory of contents would, is noticed by its counts."""
    machine = new_machine(8)
    machine.plan()
    monkeypatch.setattr(FileTree, "digest", lambda tree, path, _entry: tree._hash(path))

    work = machine.plan()

    assert 32 == len(work.opened)
    assert work.hashed == work.read > 0


@pytest.fixture(scope="module")
def sized(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Trees of operators, DAGs, charts and images, one twice as large as the other."""
    folder = tmp_path_factory.mktemp("sized")
    return {images: write_sized_tree(folder / str(images), images) for images in (100, 200)}


def test_work_grows_as_the_tree_does(sized: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of each function, counted, in a plan with its JSON: of nothing known, and of all known.

    One tree has nine extensions on its bases, the other nineteen. Where all of a tree is looked through for each of its
    images, calls grow by more than that.
    """
    monkeypatch.setattr(keeping, "WORTH_FOLDERS", 0)  # of both trees, or the work is not the same
    cold, warm = {}, {}
    for images, folder in sized.items():
        request = PlanRequest((Root(str(folder), "extension", 0),), ask_registry=False)

        def planned(bench: Bench, tree: FileTree, request: PlanRequest = request) -> None:
            plan_as_json(make_plan(bench.services, tree.fresh(), request))

        if not cold:
            planned(Bench({}), FileTree())  # imports what is imported where it is used
        bench, tree = Bench({}), FileTree(None, lambda: 1 << 62)
        cold[images] = calls_of(partial(planned, bench, tree))
        warm[images] = calls_of(partial(planned, bench, tree))

    assert {} == outgrown(cold[100], cold[200], 19 / 9)
    assert {} == outgrown(warm[100], warm[200], 19 / 9)
    assert warm[200].total() < cold[200].total() / 3
