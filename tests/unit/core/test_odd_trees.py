"""Trees as they should not be: each oddity is told at its place, and the rest is planned."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from edk.adapters.files import FileTree
from edk.domain.workspace import Root
from edk.orchestrator import walk
from edk.orchestrator.walk import MAX_DEPTH, is_dockerfile_name
from edk.ui.json_lines import to_json
from edk.ui.plan_json import plan_as_json
from edk.ui.plan_text import plan_lines
from tests.unit.core.bench import EXTENSION, ROOT, Bench, actions, found, image, reason
from tests.unit.core.building import base, dockerfile

GOOD = {"good/Dockerfile": dockerfile("good", "FROM scratch")}
DENIED = PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dockerfile", True),
        ("gpu.Dockerfile", True),
        ("Dockerfile.gpu", True),
        ("Dockerfile-gpu", True),
        ("DockerfileGPU", True),
        ("dockerfile", False),
        ("Dockerfile.dockerignore", False),
        ("Dockerfile~", False),
        ("Dockerfile.bak", False),
        ("Dockerfile.swp", False),
        ("Dockerfile.md", False),
        ("Dockerfile.orig", False),
        ("MyDockerfile", False),
    ],
)
def test_which_names_are_those_of_dockerfiles(name: str, *, expected: bool) -> None:
    """The forms that occur in extensions count; what editors and tools leave beside them does not."""
    assert expected == is_dockerfile_name(name)


def test_names_that_are_no_utf8_are_planned_and_printed() -> None:
    """Such a folder is read like any other, from the disk and from the cache, and every output copes."""
    bench = Bench(
        {
            "x\udcff/Dockerfile": dockerfile("x", "FROM scratch", "COPY a* /"),
            "x\udcff/a\udcfe": "",
            "x\udcff/YOperator.py": "image = 'a'\n",
        }
    )

    for _ in range(2):
        plan = bench.plan()
        assert ["x\udcff/Dockerfile"] == [i.node.target.dockerfile for i in plan.images]
        assert b"\\\\udcff" in to_json(plan_as_json(plan))
        assert all(line.isprintable() for line in plan_lines(plan))


@pytest.mark.parametrize(
    "name", ["XOperator.py", "Dockerfile", "x.Dockerfile", "Dockerfile.x", "dag_x.py", "Chart.yaml"]
)
def test_what_is_no_file_is_never_opened(name: str) -> None:
    """A FIFO by the name of a file that is read would block for ever; it is told and left out."""
    bench = Bench(GOOD)
    bench.disk.fifo(f"{ROOT}/odd/{name}")

    plan = bench.plan()

    assert [("EDK503", f"odd/{name}", 0)] == found(plan)
    assert {"good": "build"} == actions(plan)
    assert f"{ROOT}/odd/{name}" not in bench.disk.opened


@pytest.mark.parametrize("name", ["XOperator.py", "Dockerfile", "x.Dockerfile"])
def test_a_folder_named_like_a_file_is_told_and_still_looked_into(name: str) -> None:
    """It is no operator and no Dockerfile; what lies in it counts."""
    bench = Bench({f"{name}/inner/Dockerfile": dockerfile("inner", "FROM scratch")})

    plan = bench.plan()

    assert [("EDK503", name, 0)] == found(plan)
    assert {"inner": "build"} == actions(plan)


@pytest.mark.parametrize(
    "to", ["/etc/passwd", "../../outside/Dockerfile", "nowhere", ".", "../link/Dockerfile", "../folder/Dockerfile"]
)
def test_a_link_that_leads_elsewhere_is_not_followed(to: str) -> None:
    """Out of the root, nowhere, to a folder, to itself, or through a linked folder: told and left out."""
    bench = Bench({**GOOD, "/w/outside/Dockerfile": dockerfile("outside")})
    bench.disk.link(f"{ROOT}/folder", "/w/outside")
    bench.disk.link(f"{ROOT}/link/Dockerfile", to)

    plan = bench.plan()

    assert [("EDK504", "link/Dockerfile", 0)] == found(plan)
    assert {"good": "build"} == actions(plan)


def test_a_link_inside_the_root_is_read() -> None:
    """A Dockerfile may be a link to another file of the extension."""
    bench = Bench({"real/base.txt": dockerfile("linked", "FROM scratch")})
    bench.disk.link(f"{ROOT}/link/Dockerfile", "../real/base.txt")

    assert {"linked": "build"} == actions(bench.plan())
    bench.build()
    assert ["linked"] == bench.built()


@pytest.mark.parametrize(
    "folder", [".git", ".hidden", "node_modules", "__pycache__", "a/node_modules/b", "left", "a/out"]
)
def test_some_folders_are_left_out(folder: str) -> None:
    """Hidden ones, those of tools, and what the settings exclude are not read."""
    bench = Bench({**GOOD, f"{folder}/Dockerfile": dockerfile("x")}, exclude=("left/", "a/o*"))

    assert {"good": "build"} == actions(bench.plan())


def test_a_root_inside_another_is_read_once_as_the_nearer() -> None:
    """The extension lies in the folder of all extensions, and its targets are not ambiguous with themselves."""
    outer = Root("/w", "extensions", 1)
    bench = Bench({**GOOD, "/w/second/Dockerfile": base("second")}, (EXTENSION, outer))

    plan = bench.plan()

    assert [] == found(plan)
    assert {ROOT, "/w"} == {t.root.path for t in plan.workspace.targets}
    assert ["good", "second"] == sorted(t.name for t in plan.workspace.targets)


def test_folders_that_are_too_deep_are_told() -> None:
    """Below the limit nothing is read."""
    deep = "/".join("d" for _ in range(MAX_DEPTH + 2))
    plan = Bench({**GOOD, f"{deep}/Dockerfile": dockerfile("deep")}).plan()

    assert ["EDK505"] == [code for code, *_ in found(plan)]
    assert {"good": "build"} == actions(plan)


def test_a_walk_over_too_many_files_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is told as an error, for what lies behind it is not known."""
    monkeypatch.setattr(walk, "MAX_ENTRIES", 5)
    plan = Bench({**GOOD, **{f"data/{n}": "" for n in range(9)}, "zz/Dockerfile": dockerfile("zz")}).plan()

    assert ["EDK506"] == [code for code, *_ in found(plan)]
    assert plan.has_errors


def test_a_file_that_is_too_large_is_told() -> None:
    """A Dockerfile of many megabytes is none."""
    plan = Bench({**GOOD, "big/Dockerfile": "#" * ((8 << 20) + 1)}).plan()

    assert [("EDK502", "big/Dockerfile", 0)] == found(plan)
    assert {"good": "build"} == actions(plan)


@pytest.mark.parametrize("path", ["secret", "secret/Dockerfile", "secret/XOperator.py", "secret/values.yaml"])
def test_what_the_system_refuses_is_told_at_its_place(path: str) -> None:
    """A folder, a Dockerfile, an operator or a chart's file that can't be read; the rest is planned."""
    files = {
        **GOOD,
        "secret/Dockerfile": dockerfile("secret", "FROM scratch"),
        "secret/XOperator.py": "",
        "secret/Chart.yaml": "name: secret\nversion: 0.1.0\n",
        "secret/values.yaml": "",
    }
    bench = Bench(files)
    bench.disk.fail(f"{ROOT}/{path}", DENIED)

    plan = bench.plan()

    assert ("EDK501", path, 0) in found(plan)
    assert "build" == actions(plan)["good"]


def test_a_file_of_a_context_that_cannot_be_read_blocks_its_image() -> None:
    """What is sent is not known; the reason names the file."""
    bench = Bench({**GOOD, "x/Dockerfile": dockerfile("x", "FROM scratch", "COPY . /"), "x/data/a": "a"})
    bench.disk.fail(f"{ROOT}/x/data/a", PermissionError(errno.EACCES, "Permission denied", f"{ROOT}/x/data/a"))

    plan = bench.plan()

    assert {"good": "build", "x": "blocked"} == actions(plan)
    assert "x/data/a: not readable: Permission denied" == reason(plan, "x")


def test_a_dockerignore_that_is_no_file_blocks_its_image() -> None:
    """Which files it leaves out can't be known."""
    bench = Bench({**GOOD, "x/Dockerfile": dockerfile("x", "FROM scratch", "COPY . /")})
    bench.disk.fifo(f"{ROOT}/x/.dockerignore")

    plan = bench.plan()

    assert {"good": "build", "x": "blocked"} == actions(plan)
    assert reason(plan, "x").startswith("x/.dockerignore: ")


def test_a_copy_of_what_is_not_there_is_told_at_its_line() -> None:
    """The engine would fail after all steps before it."""
    plan = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY src nowhere /x/"), "x/src": ""}).plan()

    assert [("EDK409", "x/Dockerfile", 2)] == found(plan)
    assert "'nowhere'" in plan.diagnostics[0].diagnostic.message


def test_a_folder_that_wildcards_match_nothing_in_is_sent_for_itself() -> None:
    """BuildKit looks for the folder, and fails if it was left out as having nothing that counts."""
    lines = ("FROM scratch", "COPY a models/*.pt /x/")
    plan = Bench({"x/Dockerfile": dockerfile("x", *lines), "x/a": "", "x/models/.gitkeep": ""}).plan()

    assert [("a", "file"), ("models", "dir")] == [(file.path, file.kind) for file in plan.images[0].context.files]
    assert [] == found(plan)


@pytest.mark.parametrize("ignored", ["", "models"])
def test_wildcards_in_a_folder_that_is_not_sent_are_told(ignored: str) -> None:
    """The engine would fail, whether the folder is missing or left out by .dockerignore."""
    files = {"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY a models/*.pt /x/"), "x/a": ""}
    left_out = {"x/models/.gitkeep": "", "x/.dockerignore": ignored} if ignored else {}
    plan = Bench({**files, **left_out}).plan()

    assert [("EDK409", "x/Dockerfile", 2)] == found(plan)
    assert ["a"] == [file.path for file in plan.images[0].context.files]


def test_a_large_context_is_warned_about() -> None:
    """Above the limit of the settings."""
    files = {"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY a /"), "x/a": "12345"}

    assert [("EDK410", "x/Dockerfile", 0)] == found(Bench(files, max_context_bytes=4).plan())
    assert [] == found(Bench(files, max_context_bytes=5).plan())


def test_fifos_in_a_context_are_left_out() -> None:
    """As the docker command leaves them out."""
    bench = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY . /"), "x/a": ""})
    bench.disk.fifo(f"{ROOT}/x/pipe")

    assert ["Dockerfile", "a"] == [file.path for file in image(bench.plan(), "x").context.files]


def test_links_of_a_context_count_by_their_target() -> None:
    """A link is sent as a link, wherever it leads, and another target is another content."""
    bench = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch", "COPY d /d"), "x/d/a": ""})
    bench.disk.link(f"{ROOT}/x/d/l", "/etc/passwd")
    before = image(bench.plan(), "x")
    bench.disk.delete(f"{ROOT}/x/d/l")
    bench.disk.link(f"{ROOT}/x/d/l", "a")

    assert ("link", "/etc/passwd") == next((f.kind, f.target) for f in before.context.files if f.path == "d/l")
    assert before.fingerprint != image(bench.plan(), "x").fingerprint
    assert "/etc/passwd" not in bench.disk.opened


def test_what_is_wrong_in_roots_that_are_only_looked_into_concerns_nobody() -> None:
    """Another extension's broken Dockerfile is told only if something here stands on it."""
    others = Root("/w/others", "extensions", 1)
    broken = base("broken", "FROM scratch", "COPY --from=No/Reference a /")
    files = {**GOOD, "/w/others/broken/Dockerfile": broken}

    assert [] == found(Bench(files, (EXTENSION, others)).plan())

    needed = Bench({**files, "x/Dockerfile": dockerfile("x", "FROM local-only/broken")}, (EXTENSION, others)).plan()
    assert ["broken/Dockerfile"] == [file for _, file, _ in found(needed)]
    assert {"good": "build", "broken": "blocked", "x": "blocked"} == actions(needed)


def test_an_empty_extension_has_an_empty_plan() -> None:
    """Nothing to build is no error."""
    plan = Bench({}).plan()

    assert ((), ()) == (plan.images, plan.diagnostics)
    assert ["no Dockerfile found; nothing to build"] == list(plan_lines(plan))


@pytest.mark.parametrize(("to", "followed"), [("../outside/Dockerfile", False), ("real.txt", True)])
def test_on_a_real_disk_too_links_stay_inside(to: str, *, followed: bool, tmp_path: Path) -> None:
    """There the way up exists, and is not gone."""
    root = tmp_path / "root"
    for folder in (root, tmp_path / "outside"):
        folder.mkdir()
        (folder / "real.txt").write_text("FROM scratch\n")
        (folder / "Dockerfile").write_text("FROM scratch\n")
    (root / "Dockerfile").unlink()
    (root / "Dockerfile").symlink_to(to)

    seen = walk.walk(FileTree(), str(root), (), ())

    assert (["real.txt"] if followed else []) == [candidate.source for candidate in seen.dockerfiles]
    assert ([] if followed else ["EDK504"]) == [diagnostic.code for diagnostic in seen.diagnostics]
