"""Contexts that lie ready as folders: exactly what they are, whatever lay there before."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.buildkit.folder import ContextError
from edk.adapters.buildkit.staging import Staging
from edk.adapters.cancellation import Cancel
from edk.adapters.files import FileTree
from edk.domain.errors import CancelledError, StagingError
from edk.domain.files import ContextFile
from edk.domain.requests import BuildRequest
from edk.orchestrator.context_tar import SourceContext
from tests.support.command import ROOT
from tests.unit.buildkit.trees import Node, Tree, TreeContext, held, marks, with_folders

NAMES = ["a", "b", "a.b", "ü", "bad\udcff", "-x", "new\nline", "Dockerfile", ".dockerignore"]
CONTENTS = [b"", b"1", b"2", b"three", b"3" * 100]


def _no_check() -> None:
    """Never stop."""


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Node]:
    """Draw a tree: of each path a file, a link, an empty folder, or a folder with more in it, listed or not."""
    tree: dict[str, Node] = {}

    def fill(prefix: str, depth: int) -> None:
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
            path = f"{prefix}{name}"
            kind = draw(st.sampled_from(["file", "file", "link", "dir", "listed", "unlisted"]))
            if kind == "file":
                tree[path] = Node(draw(st.sampled_from(CONTENTS)), executable=draw(st.booleans()))
            elif kind == "link":
                tree[path] = Node(target=draw(st.sampled_from(["a", "/nowhere", "../..", "bad\udcfe"])))
            elif kind == "dir" or depth == 0:
                tree[path] = Node()
            else:
                if kind == "listed":
                    tree[path] = Node()
                fill(f"{path}/", depth - 1)

    fill("", 2)
    return tree


@pytest.fixture(params=[0o022, 0o077, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever new files may not be."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(trees(), min_size=1, max_size=5))
def test_the_folder_is_the_context(umask: None, sequence: list[dict[str, Node]]) -> None:
    """Whatever follows on whatever: the same paths, contents, kinds, modes and times, and no write too many."""
    with TemporaryDirectory() as folder:
        staging = Staging(folder)
        before: Tree = {}
        kept: dict[str, tuple[int, int, int]] = {}
        for tree in sequence:
            context = TreeContext(tree)
            staged = staging.stage("x", b"FROM x\n", context, _no_check)

            assert with_folders(tree) == held(staged.context)
            changed = {path for path, node in tree.items() if before.get(path) != node}
            assert {path for path in changed if tree[path].kind == "file"} == set(context.read)
            now = marks(staged.context)
            assert all(now[path] == kept[path] for path in now if path not in changed and path in kept)
            before, kept = tree, now


@settings(max_examples=60, deadline=None)
@given(trees(), trees(), st.integers(0, 12), st.booleans())
def test_interrupted_at_any_point(first: dict[str, Node], second: dict[str, Node], at: int, by_check: bool) -> None:
    """Stopped while a context is brought in order: it is right the next time, here and in another process."""
    count = iter(range(1_000_000))

    def check() -> None:
        if by_check and next(count) >= at:
            raise CancelledError("stop")

    files = sorted(path for path, node in second.items() if node.kind == "file")
    fails = "" if by_check or not files else files[at % len(files)]
    with TemporaryDirectory() as folder:
        Staging(folder).stage("x", b"FROM x\n", TreeContext(first), _no_check)
        with suppress(CancelledError, ContextError):
            Staging(folder).stage("x", b"FROM x\n", TreeContext(second, fails), check)
        staged = Staging(folder).stage("x", b"FROM x\n", TreeContext(second), _no_check)

        assert with_folders(second) == held(staged.context)


def test_a_killed_process_leaves_nothing_wrong(tmp_path: Path) -> None:
    """Killed at twenty instants of staging two hundred files, the next one finds all of them right."""
    tree = {f"d{number % 7}/f{number}": Node(str(number).encode() * 50) for number in range(200)}
    script = (
        "import sys; from edk.adapters.buildkit.staging import Staging; from tests.unit.buildkit.trees import *\n"
        "def tree(turn): return {f'd{n % 7}/f{n}': Node(str(n + turn).encode() * 50) for n in range(200)}\n"
        "print('ready', flush=True)\n"
        "for turn in range(10**6): Staging(sys.argv[1]).stage('x', b'', TreeContext(tree(turn)), lambda: None)\n"
    )
    chance = random.Random(5)
    for _ in range(8):
        command = [sys.executable, "-c", script, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.15))
            process.kill()

        staged = Staging(str(tmp_path)).stage("x", b"", TreeContext(tree), _no_check)
        assert with_folders(tree) == held(staged.context)


def test_what_changed_with_the_same_size_has_another_time(tmp_path: Path) -> None:
    """Five hundred contents of one size have five hundred times, of one second; a content has the same time always."""
    staging, times = Staging(str(tmp_path)), {}
    for number in (*range(500), 7):
        content = f"{number:06}".encode()
        staged = staging.stage("x", b"", TreeContext({"f": Node(content)}), _no_check)
        moment = Path(staged.context, "f").stat().st_mtime_ns
        assert moment == times.setdefault(content, moment)

    assert 500 == len(set(times.values()))


def test_the_dockerfile_lies_beside(tmp_path: Path) -> None:
    """As it is sent, with an empty list of what to ignore, and not in the context unless it is part of it."""
    staging = Staging(str(tmp_path))
    for content in (b"FROM a\n", b"FROM b\n", b"FROM b\n"):
        staged = staging.stage("x", content, TreeContext({"a": Node(b"a")}), _no_check)

        beside = Path(staged.dockerfile)
        assert ["Dockerfile", "Dockerfile.dockerignore"] == sorted(path.name for path in beside.iterdir())
        assert content == (beside / "Dockerfile").read_bytes()
        lines = (beside / "Dockerfile.dockerignore").read_text().splitlines()
        assert [] == [line for line in lines if not line.startswith("#")]
        assert {"a": Node(b"a")} == held(staged.context)


def test_rewritten_files_take_the_place_of_the_users(tmp_path: Path) -> None:
    """The Dockerfile as it is sent and rewritten files lie where the user's are; those are as they were."""
    source = tmp_path / "source"
    source.mkdir()
    for name, text in (("Dockerfile", "FROM a\n"), ("op.py", "image = 'a'\n"), ("plain", "x")):
        (source / name).write_text(text)
    (source / "op.py").chmod(0o700)
    tree = FileTree()
    files = []
    for name in ("Dockerfile", "op.py", "plain"):
        entry = tree.stat(str(source / name))
        digest = tree.digest(str(source / name), entry)
        files.append(ContextFile(name, "file", name == "op.py", entry.size, digest, "", entry.mode))
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in source.iterdir()}

    def rewrite(text: bytes) -> bytes:
        return text.replace(b"'a'", b"'a@sha256:1'")

    context = SourceContext(b"FROM a@sha256:1\n", files, str(source), tree, "Dockerfile", {"op.py": rewrite})
    staged = Staging(str(tmp_path / "staged")).stage("x", b"FROM a@sha256:1\n", context, _no_check)

    assert {
        "Dockerfile": Node(b"FROM a@sha256:1\n"),
        "op.py": Node(b"image = 'a@sha256:1'\n", executable=True),
        "plain": Node(b"x"),
    } == held(staged.context)
    assert before == {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in source.iterdir()
    }


def test_targets_of_one_name_do_not_share(tmp_path: Path) -> None:
    """Two trees may have a target of the same name."""
    staging = Staging(str(tmp_path))

    one = staging.stage("x /one/Dockerfile", b"", TreeContext({"a": Node(b"1")}), _no_check)
    two = staging.stage("x /two/Dockerfile", b"", TreeContext({"b": Node(b"2")}), _no_check)

    assert one.context != two.context
    assert ({"a": Node(b"1")}, {"b": Node(b"2")}) == (held(one.context), held(two.context))


def test_an_odd_name_of_a_target(tmp_path: Path) -> None:
    """A path that is no UTF-8 names a target as well."""
    staged = Staging(str(tmp_path)).stage("x /bad\udcff", b"", TreeContext({}), _no_check)

    assert {} == held(staged.context)


def stale(tmp_path: Path, target: str, size: int, days: float) -> Path:
    """Stage a context that was not used for so long."""
    context = TreeContext({"f": Node(bytes(size))})
    staged = Staging(str(tmp_path)).stage(target, b"", context, _no_check)
    place = Path(staged.context).parent
    then = time.time() - days * 86_400
    os.utime(place, (then, then))
    return place


def test_what_was_not_used_for_long_goes(tmp_path: Path) -> None:
    """After two weeks; an interrupted one as well; what is staged now stays, however old it was."""
    old, interrupted = stale(tmp_path, "old", 10, 15), stale(tmp_path, "interrupted", 10, 15)
    (interrupted / "index").unlink()
    then = time.time() - 15 * 86_400
    os.utime(interrupted, (then, then))
    young, used = stale(tmp_path, "young", 10, 13), stale(tmp_path, "used", 10, 15)

    Staging(str(tmp_path)).stage("used", b"", TreeContext({"f": Node(b"1")}), _no_check)

    assert [False, False, True, True] == [place.exists() for place in (old, interrupted, young, used)]
    assert {"f": Node(b"1")} == held(str(used / "context"))


def test_the_oldest_go_where_it_is_too_much(tmp_path: Path) -> None:
    """Until the rest is within the limit."""
    places = [stale(tmp_path, str(number), 1000, 10 - number) for number in range(4)]

    Staging(str(tmp_path), limit=2500).stage("new", b"", TreeContext({}), _no_check)

    assert [False, False, True, True] == [place.exists() for place in places]


def test_a_use_makes_young(tmp_path: Path) -> None:
    """Also one that changes nothing."""
    place = stale(tmp_path, "x", 10, 13)
    Staging(str(tmp_path)).stage("x", b"", TreeContext({"f": Node(bytes(10))}), _no_check)

    assert time.time() - place.stat().st_mtime < 100


def test_none_goes_that_another_thread_stages(tmp_path: Path) -> None:
    """All of many old ones are staged at once, and each is whole."""
    names = [str(number) for number in range(12)]
    for name in names:
        stale(tmp_path, name, 10, 15)
    staging, wrong, ready = Staging(str(tmp_path)), [], threading.Barrier(len(names))

    def use(name: str) -> None:
        tree = {f"{name}-{number}": Node(name.encode()) for number in range(20)}
        ready.wait()
        staged = staging.stage(name, b"", TreeContext(tree), _no_check)
        if held(staged.context) != tree:
            wrong.append(name)

    threads = [threading.Thread(target=use, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong


def test_a_folder_that_lost_its_record_is_made_anew(tmp_path: Path) -> None:
    """Also if the record is garbage, of another version, or something was put beside it."""
    staging = Staging(str(tmp_path))
    staged = staging.stage("x", b"", TreeContext({"a": Node(b"1")}), _no_check)
    index = Path(staged.context).parent / "index"
    for content in (b"", b"\xc1", b"\x80", b"\x93\x01\x02\x03", None):
        Path(staged.context, "stray").write_text("x")
        index.unlink()
        if content is not None:
            index.write_bytes(content)

        staging.stage("x", b"", TreeContext({"a": Node(b"1")}), _no_check)

        assert {"a": Node(b"1")} == held(staged.context)


def built(folder: Path, tree: Tree) -> None:
    """Build with a staging folder; the daemon does not matter, for it is not reached."""
    request = BuildRequest("x", "localhost:1/x:1", b"FROM scratch\n", "x/Dockerfile")
    builder = BuildKitBuilder(Daemon("unix:///nowhere.sock"), str(folder), {"PATH": ""})
    builder.build(request, TreeContext(tree), lambda _: None, Cancel())


@pytest.mark.parametrize("kind", ["read-only", "file", "full", "long name"])
def test_a_folder_that_can_not_be_written(tmp_path: Path, kind: str) -> None:
    """It is told with its cause and what to do, and is none of the user's faults: exit code 4."""
    folder, tree = tmp_path / "staged", {"f": Node(b"1" * 2_000_000)}
    if kind == "file":
        folder.write_text("")
    elif kind == "long name":
        tree = {"n" * 300: Node(b"1")}
    else:
        folder.mkdir()
        options = "ro" if kind == "read-only" else "size=1m"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=False)
        if done.returncode:
            pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(StagingError, match=r"^x: its context can't be staged: ") as caught:
            built(folder, tree)
    finally:
        if kind in ("read-only", "full"):
            subprocess.run(["umount", str(folder)], check=True)

    assert 4 == caught.value.exit_code
    assert "EDK_STATE_DIR" in caught.value.hint


def test_after_a_full_disk_it_goes_on(tmp_path: Path) -> None:
    """What was half written while the disk was full is written once there is room."""
    folder = tmp_path / "staged"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        staging, tree = Staging(str(folder)), {"a": Node(b"1"), "f": Node(b"1" * 1_500_000)}
        with pytest.raises(OSError, match="space"):
            staging.stage("x", b"", TreeContext(tree), _no_check)
        subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
        staged = staging.stage("x", b"", TreeContext(tree), _no_check)
        assert tree == held(staged.context)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_mode_that_forbids_is_no_hindrance(tmp_path: Path) -> None:
    """What somebody made read-only among the staged is written anew all the same."""
    staging = Staging(str(tmp_path))
    staged = staging.stage("x", b"", TreeContext({"d/f": Node(b"1")}), _no_check)
    Path(staged.context, "d/f").chmod(0o400)

    staging.stage("x", b"", TreeContext({"d/f": Node(b"2")}), _no_check)

    assert {"d": Node(), "d/f": Node(b"2")} == held(staged.context)
    shutil.rmtree(staged.context)
    assert stat.S_ISDIR(Path(staged.dockerfile).stat().st_mode)
