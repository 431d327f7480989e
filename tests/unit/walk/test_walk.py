"""What a walk over a root takes for what, and what it tells instead of taking it."""

from __future__ import annotations

import errno

import pytest

from edk.orchestrator import walk as module
from edk.orchestrator.walk import MAX_DEPTH, Found, follow_inside, is_certain_dockerfile, is_dockerfile_name, walk
from tests.fakes.tree import FakeTree

ROOT = "/w/ext"


def walked(tree: FakeTree, exclude: tuple[str, ...] = (), other_roots: tuple[str, ...] = ()) -> Found:
    """Walk over the root."""
    return walk(tree, ROOT, exclude, other_roots)


def tree_of(*paths: str) -> FakeTree:
    """A tree with files below the root."""
    return FakeTree({f"{ROOT}/{path}": "" for path in paths})


def told(found: Found) -> list[tuple[str, str]]:
    """Code and file of each diagnostic."""
    return [(d.code, d.file) for d in found.diagnostics]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("XOperator.py", "operators"),
        ("a/local_x_operator.py", "operators"),
        ("OPERATORS.PY", "operators"),
        ("dag_x.py", "dags"),
        ("a/DAG_x.py", "dags"),
        ("dag_operator.py", "operators"),
        ("mydag_x.py", ""),
        ("x.py", ""),
        ("XOperator.pyc", ""),
        ("XOperator.py.bak", ""),
        ("Dockerfile", "dockerfiles"),
        ("a/x.Dockerfile", "dockerfiles"),
        ("a/x.y.Dockerfile", "dockerfiles"),
        ("Dockerfile.x", "dockerfiles"),
        ("Dockerfile_x", "dockerfiles"),
        ("Dockerfile-x", "dockerfiles"),
        ("DockerfileX", "dockerfiles"),
        ("Dockerfile2", "dockerfiles"),
        (".Dockerfile", ""),
        ("xDockerfile", ""),
        ("dockerfile", ""),
        ("x.dockerfile", ""),
        ("Dockerfile~", ""),
        ("Dockerfile.gpu~", ""),
        ("Dockerfile.bak", ""),
        ("Dockerfile.gpu.bak", ""),
        ("Dockerfile.md", ""),
        ("Dockerfile.txt", ""),
        ("Dockerfile.j2.yaml", ""),
        ("Dockerfile.swp", ""),
        (".Dockerfile.swp", ""),
        ("x.Dockerfile.orig", ""),
        ("Dockerfile.dockerignore", ""),
        ("x.Dockerfile.dockerignore", ""),
        ("#Dockerfile#", ""),
        ("Dockerfile ", ""),
        ("processing-container.json", "containers"),
        ("a/processing-container.json", "containers"),
        ("my-processing-container.json", ""),
        ("a/Chart.yaml", "charts"),
        ("a/chart.yaml", ""),
        ("a/Chart.yml", ""),
    ],
)
def test_files_are_taken_by_their_names(path: str, kind: str) -> None:
    """As Kaapana's trees name them; litter of editors and tools is left out without a word."""
    found = walked(tree_of(path))

    taken = {
        "operators": [c.path for c in found.operators],
        "dags": [c.path for c in found.dags],
        "dockerfiles": [c.path for c in found.dockerfiles],
        "containers": [c.path for c in found.containers],
        "charts": [f"{folder}/Chart.yaml" for folder in found.charts],
    }
    assert {kind: [path]} == {name: paths for name, paths in taken.items() if paths} or not kind
    assert kind or not any(taken.values())
    assert [] == told(found)


@pytest.mark.parametrize(
    ("name", "certain"),
    [
        ("Dockerfile", True),
        ("Dockerfile.x", True),
        ("x.Dockerfile", True),
        ("DockerfileX", False),
        ("Dockerfile-x", False),
    ],
)
def test_some_names_leave_no_doubt(name: str, *, certain: bool) -> None:
    """One of these that does not parse is an error; another one is a file that only begins like it."""
    assert is_dockerfile_name(name)
    assert certain == is_certain_dockerfile(name)


def test_python_files_of_charts_are_dag_files() -> None:
    """Whatever their name and depth; each counts once, and those beside the chart are not among them."""
    found = walked(
        tree_of(
            "x-workflow/Chart.yaml",
            "x-workflow/files/workflow_definition.py",
            "x-workflow/files/deep/er/y.py",
            "x-workflow/files/dag_x.py",
            "x-workflow/files/XOperator.py",
            "x-workflow-more/helper.py",
            "helper.py",
        )
    )

    dags = sorted(candidate.path for candidate in found.dags)
    inside = ("dag_x.py", "deep/er/y.py", "workflow_definition.py")
    assert sorted(f"x-workflow/files/{name}" for name in inside) == dags
    assert ["x-workflow/files/XOperator.py"] == [c.path for c in found.operators]
    assert {"helper.py", "x-workflow-more/helper.py"} < set(found.python)


def test_a_chart_that_is_the_root_makes_no_file_of_the_root_a_dag() -> None:
    """Where the whole extension stands beside its Chart.yaml, names alone tell."""
    found = walked(tree_of("Chart.yaml", "processing/algorithm.py", "dag_x.py"))

    assert [""] == found.charts
    assert ["dag_x.py"] == [candidate.path for candidate in found.dags]


@pytest.mark.parametrize("name", ["Dockerfile", "XOperator.py", "dag_x.py", "Chart.yaml", "processing-container.json"])
def test_a_link_to_a_file_of_the_root_counts_for_the_file(name: str) -> None:
    """Under the link's path, with the content that it leads to."""
    tree = tree_of("shared/real")
    tree.link(f"{ROOT}/a/{name}", "../shared/real")

    found = walked(tree)

    taken = [(c.path, c.source) for c in (*found.dockerfiles, *found.operators, *found.dags, *found.containers)]
    assert taken == ([] if name == "Chart.yaml" else [(f"a/{name}", "shared/real")])
    assert found.charts == (["a"] if name == "Chart.yaml" else [])
    assert [] == told(found)


@pytest.mark.parametrize(
    "target",
    [
        "../../outside",
        "/w/ext/shared/real",
        "/etc/passwd",
        "nowhere",
        "Dockerfile",
        "../shared",
        "..",
        ".",
        "../linked/real",
        "../shared/again",
        "../shared/real/x",
        "../../ext/shared/real",
    ],
)
def test_a_link_that_leads_elsewhere_is_told(target: str) -> None:
    """Out of the root, nowhere, to itself, to a folder, by another link: it is left out, and nothing is opened."""
    tree = tree_of("shared/real")
    tree.write("/w/outside", "FROM scratch\n")
    tree.link(f"{ROOT}/linked", "shared")
    tree.link(f"{ROOT}/shared/again", "real")
    tree.link(f"{ROOT}/a/Dockerfile", target)

    found = walked(tree)

    assert [("EDK504", "a/Dockerfile")] == told(found)
    assert repr(target) in found.diagnostics[0].message
    assert [] == found.dockerfiles
    assert [] == tree.opened


def test_a_link_that_is_no_file_of_ours_is_no_news() -> None:
    """Other links, and those of Python files that are only imported, concern nobody."""
    tree = tree_of("x.py")
    for name in ("helper.py", "data", "README.md"):
        tree.link(f"{ROOT}/{name}", "/elsewhere")

    assert [] == told(walked(tree))


def test_linked_folders_are_not_entered() -> None:
    """Neither one inside the root, for it would count twice, nor a circle, nor one outside."""
    tree = tree_of("a/Dockerfile")
    tree.write("/w/other/Dockerfile", "")
    tree.link(f"{ROOT}/b", "a")
    tree.link(f"{ROOT}/a/loop", "..")
    tree.link(f"{ROOT}/c", "/w/other")

    found = walked(tree)

    assert ["a/Dockerfile"] == [candidate.path for candidate in found.dockerfiles]
    assert [] == told(found)


def test_following_looks_at_every_folder_on_the_way() -> None:
    """The way is refused where the system refuses it."""
    tree = tree_of("shared/real")
    tree.link(f"{ROOT}/x", "shared/real")
    entry = tree.stat(f"{ROOT}/x")

    assert ("shared/real", tree.stat(f"{ROOT}/shared/real")) == follow_inside(tree, ROOT, "x", entry)
    tree.fail(f"{ROOT}/shared", PermissionError(errno.EACCES, "Permission denied"))
    assert follow_inside(tree, ROOT, "x", entry) is None


@pytest.mark.parametrize("name", ["Dockerfile", "x.Dockerfile", "XOperator.py"])
def test_a_folder_named_like_a_file_is_told_and_looked_into(name: str) -> None:
    """What lies in it counts."""
    found = walked(tree_of(f"{name}/inner.Dockerfile"))

    assert [("EDK503", name)] == told(found)
    assert [f"{name}/inner.Dockerfile"] == [candidate.path for candidate in found.dockerfiles]


@pytest.mark.parametrize("name", ["Dockerfile", "dag_x.py", "Chart.yaml", "processing-container.json"])
def test_what_is_no_file_is_told_and_not_opened(name: str) -> None:
    """A FIFO would block for ever."""
    tree = tree_of("x")
    tree.fifo(f"{ROOT}/{name}")

    assert [("EDK503", name)] == told(walked(tree))
    assert [] == tree.opened


def test_depth_is_bounded_and_told() -> None:
    """The last level that is read counts; below it nothing does, and the rest of the tree is read."""
    last = "/".join("d" * MAX_DEPTH)
    found = walked(tree_of(f"{last}/Dockerfile", f"{last}/e/Dockerfile", "z/Dockerfile"))

    assert [f"{last}/Dockerfile", "z/Dockerfile"] == [candidate.path for candidate in found.dockerfiles]
    assert [("EDK505", last)] == told(found)
    assert str(MAX_DEPTH) in found.diagnostics[0].message


def test_a_tree_at_its_depth_is_whole() -> None:
    """Nothing is told where nothing is left out."""
    assert [] == told(walked(tree_of("/".join("d" * MAX_DEPTH) + "/Dockerfile")))


@pytest.mark.parametrize(("limit", "codes"), [(4, []), (3, [("EDK506", "b")])])
def test_the_count_is_bounded_and_told(limit: int, codes: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit all is well; above it the walk stops with an error, at the folder where it stopped."""
    monkeypatch.setattr(module, "MAX_ENTRIES", limit)

    found = walked(tree_of("a/Dockerfile", "b/Dockerfile"))

    assert codes == told(found)
    assert (2 if not codes else 1) == len(found.dockerfiles)
    assert all(d.severity == "error" for d in found.diagnostics)


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("a", ["b/c/Dockerfile"]),
        ("a/", ["b/c/Dockerfile"]),
        ("c", ["a/Dockerfile"]),
        ("b/c", ["a/Dockerfile"]),
        ("b/*", ["a/Dockerfile"]),
        ("*/Dockerfile", []),
        ("Dockerfile", []),
        ("A", ["a/Dockerfile", "b/c/Dockerfile"]),
    ],
)
def test_excluded_paths_are_left_out(pattern: str, left: list[str]) -> None:
    """By path or by name; below an excluded folder nothing is looked at."""
    found = walked(tree_of("a/Dockerfile", "b/c/Dockerfile"), (pattern,))

    assert left == [candidate.path for candidate in found.dockerfiles]


@pytest.mark.parametrize("folder", [".git", ".venv", "node_modules", "__pycache__", ".hidden"])
def test_some_folders_are_never_entered(folder: str) -> None:
    """At any depth, and whatever is in them."""
    tree = tree_of(f"a/{folder}/Dockerfile", "a/Dockerfile")
    tree.fail(f"{ROOT}/a/{folder}", PermissionError(errno.EACCES, "Permission denied"))

    found = walked(tree)

    assert ["a/Dockerfile"] == [candidate.path for candidate in found.dockerfiles]
    assert [] == told(found)


def test_a_root_inside_is_left_to_its_own_walk() -> None:
    """Else it would count twice, at two distances."""
    found = walked(tree_of("a/Dockerfile", "inner/Dockerfile"), (), (f"{ROOT}/inner",))

    assert ["a/Dockerfile"] == [candidate.path for candidate in found.dockerfiles]


def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_read() -> None:
    """With what the system says."""
    tree = tree_of("a/Dockerfile", "b/Dockerfile")
    tree.fail(f"{ROOT}/a", PermissionError(errno.EACCES, "Permission denied"))

    found = walked(tree)

    assert [("EDK501", "a")] == told(found)
    assert "Permission denied" in found.diagnostics[0].message
    assert ["b/Dockerfile"] == [candidate.path for candidate in found.dockerfiles]


def test_what_is_found_is_sorted() -> None:
    """Whatever order the file system lists in: folder by folder, a folder's own files before those below."""
    found = walked(tree_of("b/Dockerfile", "a/z/Dockerfile", "a/Dockerfile", "Dockerfile"))

    assert ["Dockerfile", "a/Dockerfile", "a/z/Dockerfile", "b/Dockerfile"] == [c.path for c in found.dockerfiles]
