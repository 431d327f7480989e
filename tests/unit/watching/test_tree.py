"""The tree of watches, on real folders and a reader that only counts."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from edk.adapters.watching.reader import InotifyReader
from edk.adapters.watching.tree import WatchTree
from edk.domain.watching import Polled, select


class FakeReader:
    """Numbers watches by the inode of their folder, as the kernel gives one folder one watch."""

    def __init__(self) -> None:
        self.held: dict[int, str] = {}
        self.asked: list[str] = []
        self.most = 1000
        self.before_adding: Callable[[str], None] = lambda folder: None

    def add(self, folder: str, mask: int) -> int:
        """Watch a folder."""
        self.asked.append(folder)
        self.before_adding(folder)
        wd = Path(folder).stat().st_ino
        if wd not in self.held and len(self.held) >= self.most:
            raise OSError(errno.ENOSPC, "no more watches")
        self.held[wd] = folder
        return wd

    def remove(self, wd: int) -> None:
        """Drop a watch."""
        del self.held[wd]

    def forget(self, wd: int) -> None:
        """Take note that a folder is gone."""
        del self.held[wd]


@pytest.fixture
def reader() -> FakeReader:
    """Return a reader that holds nothing."""
    return FakeReader()


@pytest.fixture
def root(tmp_path: Path) -> str:
    """Return a root with ``a/b/c`` and ``d``."""
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "d").mkdir()
    return str(tmp_path)


@pytest.fixture
def tree(reader: FakeReader, root: str) -> WatchTree:
    """Return a tree that is settled."""
    tree = WatchTree(select([root]), 100, cast("InotifyReader", reader))
    tree.settle(root)
    return tree


def names(tree: WatchTree, root: str) -> list[str]:
    """Return what is watched, relative to the root."""
    return sorted(folder[len(root) :] for folder in tree.folders())


def test_settling_again_changes_nothing(tree: WatchTree, reader: FakeReader, root: str) -> None:
    """All folders are watched; nothing is newly watched the second time."""
    assert ["", "/a", "/a/b", "/a/b/c", "/d"] == names(tree, root)
    assert [] == tree.settle(root)
    assert 5 == len(reader.held) == len(tree)


def test_only_topmost_folders_are_called_new(tree: WatchTree, root: str) -> None:
    """What lies below a newly watched folder goes without saying."""
    Path(root, "d/e/f").mkdir(parents=True)
    Path(root, "a/g").mkdir()

    assert [f"{root}/a/g", f"{root}/d/e"] == sorted(tree.settle(root))


def test_a_folder_is_listed_when_its_watch_stands(tree: WatchTree, reader: FakeReader, root: str) -> None:
    """A folder that appears at the last moment before its parent's watch stands is found."""
    Path(root, "d/new").mkdir()
    reader.before_adding = lambda folder: Path(folder, "late").mkdir() if folder.endswith("new") else None
    tree.settle(f"{root}/d/new")

    assert f"{root}/d/new/late" in tree


def test_a_folder_in_the_place_of_another(tree: WatchTree, reader: FakeReader, root: str) -> None:
    """Where folders changed places before the events say so, each is watched under its new path, and nothing else."""
    Path(root, "a").rename(Path(root, "x"))
    Path(root, "d").rename(Path(root, "a"))
    tree.settle(f"{root}/a")

    assert ["", "/a"] == names(tree, root)
    assert 2 == len(reader.held)
    tree.settle(f"{root}/x")
    assert ["", "/a", "/x", "/x/b", "/x/b/c"] == names(tree, root)
    assert {wd: tree.path_of(wd) for wd in reader.held} == reader.held


def test_dropping_takes_all_below(tree: WatchTree, reader: FakeReader, root: str) -> None:
    """A folder that left is dropped with what is below it, also if one between has been forgotten."""
    tree.forget(Path(root, "a/b").stat().st_ino)
    tree.drop(f"{root}/a")

    assert ["", "/d"] == names(tree, root)
    assert 2 == len(reader.held)


def test_no_watch_is_asked_for_after_a_refusal(reader: FakeReader, root: str) -> None:
    """After the system refused one watch, the rest is polled without asking again, and asked for the next time."""
    tree = WatchTree(select([root]), 100, cast("InotifyReader", reader))
    reader.most = 1
    tree.settle(root)

    assert 2 == len(reader.asked)
    assert {f"{root}/a": 3, f"{root}/d": 1} == {polled.path: polled.folders for polled in tree.polled.values()}
    reader.most = 100
    assert [f"{root}/a", f"{root}/d"] == sorted(tree.settle(root))
    assert {} == tree.polled


def test_without_a_reader_the_root_is_polled(root: str) -> None:
    """Where there can be no watches the root is polled, and nobody walks through it."""
    tree = WatchTree(select([root]), 100, None, "no inotify")
    tree.settle(root)

    assert {root: Polled(root, "no inotify")} == tree.polled
