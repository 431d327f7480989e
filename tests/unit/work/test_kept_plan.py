"""A plan that takes what it can from the state says what one from nothing says, whatever was done to the files."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.sized_tree import write_sized_tree
from edk.adapters import files, marking, marks
from edk.adapters.files import FileTree
from edk.adapters.store.store import SqliteStore
from edk.domain.workspace import Root
from edk.orchestrator import keeping
from edk.orchestrator.pipeline import PlanRequest, make_plan
from edk.orchestrator.services import Services
from edk.settings import Settings
from edk.ui.plan_json import plan_as_json
from tests.unit.core.bench import Bench

MINUTE_NS = 60_000_000_000
IMAGES = 20
STEPS = 25


@contextmanager
def services_on(state: str, *, later_ns: int = MINUTE_NS, **more: Any) -> Iterator[Services]:
    """Give services of a process of its own, to which all files seem to have been written so long ago."""
    store = SqliteStore(state, lambda _sentence: None)
    tree = FileTree(store, lambda: time.time_ns() + later_ns)
    settings = replace(Settings(build_version="0.6.0"), state_dir=state)
    try:
        yield replace(Bench({}).services, settings=settings, open_tree=tree.fresh, cache=store, **more)
    finally:
        store.close()


def said(services: Services, root: Path) -> dict[str, Any]:
    """Return what a plan says, with all that goes into its images."""
    plan = make_plan(services, services.open_tree(), PlanRequest((Root(str(root), "extension", 0),)))
    inputs = [(i.key, dict(i.parts), i.context, i.files, i.fingerprint, i.carried) for i in plan.images]
    return {**plan_as_json(plan), "inputs": msgspec.to_builtins(inputs), "files": plan.workspace.files}


def from_nothing(root: Path) -> dict[str, Any]:
    """Return what a plan says without a state."""
    with services_on("") as services:
        return said(services, root)


@pytest.fixture(autouse=True)
def small_trees_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trees of any size be kept, in pieces of a few targets each."""
    monkeypatch.setattr(keeping, "WORTH_FOLDERS", 0)
    monkeypatch.setattr(keeping, "PIECE", 7)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree of extensions with links, an ignore file and a hidden folder."""
    root = write_sized_tree(tmp_path / "tree", IMAGES)
    image = root / "extension-1" / "processing-containers" / "sized-1-0"
    (image / ".dockerignore").write_text("*.md\n")
    (image / "files" / "link.py").symlink_to("part_0.py")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "Dockerfile").write_text('FROM scratch\nLABEL IMAGE="hidden"\n')
    (root / "bases" / "linked.Dockerfile").symlink_to("../.hidden/Dockerfile")
    return root


class Edits:
    """Edits of files as people and tools make them, by a seed."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._random = random.Random(seed)

    def do(self) -> str:
        """Make one edit and return what it was."""
        edit = self._random.choice(
            [
                *(self.same_size, self.same_size_and_time, self.append, self.touch, self.mode, self.delete),
                *(self.create, self.rename, self.replace, self.relink, self.rewrite_label, self.folder, self.ignore),
                *(self.break_dockerfile, self.break_python, self.behind_the_link, self.swap),
            ]
        )
        edit()
        return edit.__name__

    def _file(self, pattern: str = "*") -> Path:
        found = [p for p in self._root.rglob(pattern) if p.is_file() and not p.is_symlink()]
        return self._random.choice(sorted(found))

    def same_size(self) -> None:
        """Change a byte."""
        path = self._file("*.py")
        data = bytearray(path.read_bytes() or b"#")
        data[-1:] = b" " if data[-1:] == b"\n" else b"\n"
        path.write_bytes(bytes(data))

    def same_size_and_time(self) -> None:
        """Change a byte, and set the times back as archivers do."""
        path = self._file("Dockerfile")
        before = path.stat()
        path.write_bytes(path.read_bytes().swapcase())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def append(self) -> None:
        """Write more."""
        path = self._file()
        path.write_bytes(path.read_bytes() + b"# more\n")

    def touch(self) -> None:
        """Set the time alone."""
        self._file().touch()

    def mode(self) -> None:
        """Make a file executable, or no longer."""
        path = self._file()
        path.chmod(path.stat().st_mode ^ 0o111)

    def delete(self) -> None:
        """Remove a file."""
        self._file().unlink()

    def create(self) -> None:
        """Write a new file beside another."""
        path = self._file()
        (path.parent / f"new_{self._random.randrange(100)}.py").write_text("VALUE = 1\n")

    def rename(self) -> None:
        """Move a file aside."""
        path = self._file()
        path.rename(path.with_name(f"moved_{path.name}"))

    def replace(self) -> None:
        """Put another file of the same content in the place of one, as editors do."""
        path = self._file("*.py")
        other = path.with_name(".saving")
        shutil.copy2(path, other)
        other.replace(path)

    def swap(self) -> None:
        """Let two files change their names."""
        one, other = self._file("part_*.py"), self._file("Step*.py")
        aside = one.with_name(".aside")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)

    def relink(self) -> None:
        """Let a link lead elsewhere."""
        for link in sorted(self._root.rglob("link.py")):
            link.unlink()
            link.symlink_to(self._random.choice(["part_0.py", "part_1.py", "none.py", "/etc/hostname"]))

    def rewrite_label(self) -> None:
        """Give an image another name."""
        path = self._file("Dockerfile")
        path.write_text(path.read_text().replace('IMAGE="', 'IMAGE="x'))

    def folder(self) -> None:
        """Move a folder, or copy one."""
        folder = self._file("Dockerfile").parent
        target = folder.with_name(f"{folder.name}-{self._random.randrange(100)}")
        if not target.exists():
            (shutil.copytree if self._random.random() < 0.5 else shutil.move)(folder, target)

    def ignore(self) -> None:
        """Leave something else out of a context."""
        path = self._file("Dockerfile").with_name(".dockerignore")
        path.write_text(f"files/part_{self._random.randrange(7)}.py\n")

    def break_dockerfile(self) -> None:
        """Leave a Dockerfile half written."""
        self._file("Dockerfile").write_text("FROM\nCOPY")

    def break_python(self) -> None:
        """Leave an operator half written."""
        path = self._file("*Operator.py")
        path.write_text(path.read_text() + "def (:\n")

    def behind_the_link(self) -> None:
        """Change a file that only a link leads to."""
        path = self._root / ".hidden" / "Dockerfile"
        if path.exists():
            path.write_text(f'FROM scratch\nLABEL IMAGE="hidden-{self._random.randrange(100)}"\n')


@pytest.mark.parametrize("seed", range(6))
def test_after_any_edit_the_plan_is_the_one_from_nothing(tree: Path, tmp_path: Path, seed: int) -> None:
    """What is kept never outlives what it was made of, be the files settled or written to a moment ago."""
    chance = random.Random(seed)
    edits = Edits(tree, seed)
    done: list[str] = []
    for _ in range(STEPS):
        done += [edits.do() for _ in range(chance.randrange(3))]
        later = chance.choice([0, MINUTE_NS])

        with services_on(str(tmp_path / "state"), later_ns=later) as services:
            kept = said(services, tree)

        assert from_nothing(tree) == kept, f"after {', '.join(done)}"


class Looks:
    """Counts what is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed: list[str] = []
        self.marked: list[str] = []
        self.opened: list[str] = []
        self._note(monkeypatch, files, "_list", self.listed)
        self._note(monkeypatch, marking, "mark_of_folder", self.marked)
        self._note(monkeypatch, files, "_regular", self.opened)

    def _note(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, noted: list[str]) -> None:
        real = getattr(module, name)

        def noting(path: str) -> Any:
            noted.append(path)
            return real(path)

        monkeypatch.setattr(module, name, noting)

    def clear(self) -> None:
        """Begin anew."""
        for noted in (self.listed, self.marked, self.opened):
            noted.clear()


def plan(root: Path, state: Path, **more: Any) -> dict[str, Any]:
    """Plan in a process of its own and return what the plan says."""
    with services_on(str(state), **more) as services:
        return said(services, root)


def test_of_an_unchanged_tree_each_folder_is_looked_at_once(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No entries are made, and no file is opened."""
    plan(tree, tmp_path / "state")
    looks = Looks(monkeypatch)

    plan(tree, tmp_path / "state")

    assert ([], []) == (looks.listed, looks.opened)
    assert len(looks.marked) == len(set(looks.marked)) > 40


def test_after_a_save_in_one_context_no_other_is_read(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is walked again, and of all files the saved one alone is opened."""
    plan(tree, tmp_path / "state")
    saved = tree / "extension-1" / "processing-containers" / "sized-1-3" / "files" / "part_2.py"
    saved.write_text("VALUE = 7\n")
    looks = Looks(monkeypatch)

    plan(tree, tmp_path / "state")

    assert {str(saved)} == set(looks.opened)
    looks.clear()
    plan(tree, tmp_path / "state")
    assert ([], []) == (looks.listed, looks.opened)


def test_what_was_just_written_is_not_kept(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be written to again and bear the same times, so the next plan reads it again."""
    state = tmp_path / "state"
    plan(tree, state, later_ns=0)
    looks = Looks(monkeypatch)

    plan(tree, state, later_ns=0)

    assert str(tree / "bases" / "sized-base-0" / "Dockerfile") in looks.opened


def test_a_file_that_is_written_to_while_the_plan_is_made_is_read_by_the_next(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept has the mark of the file as it was listed, and the file has another one."""
    state = tmp_path / "state"
    path = tree / "bases" / "sized-base-0" / "files" / "part_0.py"
    real = FileTree.digest

    def digest(self: FileTree, asked: str, entry: Any) -> str:
        found = real(self, asked, entry)
        if asked == str(path):
            path.write_text("VALUE = 1\n" * 40)
        return found

    monkeypatch.setattr(FileTree, "digest", digest)
    plan(tree, state)
    monkeypatch.undo()
    monkeypatch.setattr(keeping, "WORTH_FOLDERS", 0)

    assert from_nothing(tree) == plan(tree, state)


def test_other_settings_are_another_plan(tree: Path, tmp_path: Path) -> None:
    """What was kept under other settings is not taken."""
    plan(tree, tmp_path / "state")

    with services_on(str(tmp_path / "state")) as services:
        other = replace(services, settings=replace(services.settings, references="as-written"))
        taken = said(other, tree)

    with services_on("") as services:
        assert said(replace(services, settings=replace(services.settings, references="as-written")), tree) == taken


def test_a_missing_piece_is_no_loss(tree: Path, tmp_path: Path) -> None:
    """The state may lose any of its rows at any time."""
    expected = plan(tree, tmp_path / "state")
    with services_on(str(tmp_path / "state")) as services:
        lost = replace(services, cache=_Losing(services.cache))

        assert expected == said(lost, tree)


class _Losing:
    """A cache that has lost the second piece of what was kept."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def readings(self, kind: str, keys: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = self._cache.readings(kind, keys)
        return {} if kind == keeping.KIND and keys[0].endswith(":1") else found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)


def test_marks_tell_whatever_an_entry_is_known_by(tmp_path: Path) -> None:
    """A listing has the same mark as the folder itself, and another one after each change."""
    seen = set()

    def mark() -> bytes:
        entries = FileTree().list(str(tmp_path))
        assert marks.mark_of_entries(entries)[0] == marks.mark_of_folder(str(tmp_path))
        return marks.mark_of_folder(str(tmp_path))

    path = tmp_path / "a"
    for change in (
        lambda: path.write_text("1"),
        lambda: path.write_text("2"),
        lambda: path.chmod(0o755),
        lambda: path.rename(tmp_path / "b"),
        lambda: (tmp_path / "link").symlink_to("b"),
        lambda: ((tmp_path / "link").unlink(), (tmp_path / "link").symlink_to("c")),
        (tmp_path / "folder").mkdir,
        lambda: (tmp_path / "folder").chmod(0o700),
        lambda: os.mkfifo(tmp_path / "pipe"),
    ):
        time.sleep(0.005)  # clocks of file systems tick in steps
        change()
        assert mark() not in seen
        seen.add(mark())
    assert marks.is_error(marks.mark_of_folder(str(tmp_path / "none")))
