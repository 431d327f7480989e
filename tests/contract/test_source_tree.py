"""What every SourceTree does, the machine's and the one in memory."""

# ruff: noqa: D102 (the methods of stand-ins are those of their protocol)

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pytest

from edk.adapters.files import FileTree
from edk.ports import SourceTree
from tests.fakes.tree import FakeTree


class Disk(Protocol):
    """A disk to make files on, and trees that look at it."""

    root: str

    def tree(self) -> SourceTree: ...
    def write(self, name: str, content: bytes) -> None: ...
    def mkdir(self, name: str) -> None: ...
    def link(self, name: str, target: str) -> None: ...
    def fifo(self, name: str) -> None: ...
    def chmod(self, name: str, mode: int) -> None: ...
    def delete(self, name: str) -> None: ...


class RealDisk:
    """A folder of the machine."""

    def __init__(self, root: Path) -> None:
        self.root = os.fspath(root)

    def tree(self) -> FileTree:
        return FileTree()

    def write(self, name: str, content: bytes) -> None:
        path = Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def mkdir(self, name: str) -> None:
        Path(self.root, name).mkdir(parents=True)

    def link(self, name: str, target: str) -> None:
        Path(self.root, name).symlink_to(target)

    def fifo(self, name: str) -> None:
        os.mkfifo(Path(self.root, name))

    def chmod(self, name: str, mode: int) -> None:
        Path(self.root, name).chmod(mode)

    def delete(self, name: str) -> None:
        Path(self.root, name).unlink()


class MemoryDisk:
    """A folder in memory."""

    root = "/w"

    def __init__(self) -> None:
        self.disk = FakeTree()
        self.disk.mkdir(self.root)

    def tree(self) -> FakeTree:
        return self.disk.fresh()

    def write(self, name: str, content: bytes) -> None:
        self.disk.tick()
        self.disk.write(f"{self.root}/{name}", content)

    def mkdir(self, name: str) -> None:
        self.disk.mkdir(f"{self.root}/{name}")

    def link(self, name: str, target: str) -> None:
        self.disk.link(f"{self.root}/{name}", target)

    def fifo(self, name: str) -> None:
        self.disk.fifo(f"{self.root}/{name}")

    def chmod(self, name: str, mode: int) -> None:
        self.disk.chmod(f"{self.root}/{name}", mode)

    def delete(self, name: str) -> None:
        self.disk.delete(f"{self.root}/{name}")


@pytest.fixture(params=["real", "memory"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    """A disk of either kind, with an empty root."""
    return RealDisk(tmp_path) if request.param == "real" else MemoryDisk()


def test_lists_by_name_with_kinds_and_sizes(disk: Disk) -> None:
    """A listing is sorted by name, and tells kind, size and link target of each entry."""
    disk.write("b.py", b"12345")
    disk.mkdir("a")
    disk.link("c", "../nowhere")
    disk.fifo("d")

    found = [(e.name, e.kind, e.size, e.target) for e in disk.tree().list(disk.root)]

    assert [
        ("a", "dir", 0, ""),
        ("b.py", "file", 5, ""),
        ("c", "link", 0, "../nowhere"),
        ("d", "other", 0, ""),
    ] == found


def test_a_listed_folder_stays_as_it_was_seen(disk: Disk) -> None:
    """One tree is one generation: what is written later shows in the next tree only."""
    disk.write("a", b"1")
    tree = disk.tree()
    before = tree.list(disk.root)

    disk.write("b", b"2")

    assert before == tree.list(disk.root)
    assert ["a", "b"] == [entry.name for entry in disk.tree().list(disk.root)]


def test_names_that_are_no_utf8_survive(disk: Disk) -> None:
    """A name of any bytes can be listed and read."""
    name = os.fsdecode(b"caf\xe9\n")
    disk.write(name, b"x")
    tree = disk.tree()

    assert [name] == [entry.name for entry in tree.list(disk.root)]
    assert b"x" == tree.read(f"{disk.root}/{name}", 10)


def test_listing_a_file_or_a_link_to_a_folder_is_an_error(disk: Disk) -> None:
    """Nothing but a folder can be listed; links are not followed."""
    disk.mkdir("folder")
    disk.write("file", b"")
    disk.link("link", "folder")

    for name in ("file", "link"):
        with pytest.raises(NotADirectoryError):
            disk.tree().list(f"{disk.root}/{name}")


def test_what_is_not_there_raises_file_not_found(disk: Disk) -> None:
    """Every method says FileNotFoundError for a path that does not exist."""
    path = f"{disk.root}/missing"
    tree = disk.tree()

    with pytest.raises(FileNotFoundError):
        tree.list(path)
    with pytest.raises(FileNotFoundError):
        tree.stat(path)
    with pytest.raises(FileNotFoundError):
        tree.read(path, 1)
    with pytest.raises(FileNotFoundError):
        list(tree.chunks(path))


def test_reads_up_to_the_limit_and_not_beyond(disk: Disk) -> None:
    """A file of exactly the limit is read, one byte more is refused."""
    disk.write("a", b"12345")
    path = f"{disk.root}/a"

    assert b"12345" == disk.tree().read(path, 5)
    with pytest.raises(ValueError, match="more than 4"):
        disk.tree().read(path, 4)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("kind", ["dir", "link", "fifo"])
def test_only_regular_files_are_opened(disk: Disk, kind: str) -> None:
    """A folder, a link or a FIFO is refused at once, by every way of reading."""
    disk.write("target", b"x")
    make = {"dir": disk.mkdir, "link": lambda name: disk.link(name, "target"), "fifo": disk.fifo}[kind]
    make("it")
    tree = disk.tree()
    path = f"{disk.root}/it"

    with pytest.raises(OSError, match="regular file"):
        tree.read(path, 10)
    with pytest.raises(OSError, match="regular file"):
        list(tree.chunks(path))
    with pytest.raises(OSError, match="regular file"):
        tree.digest(path, tree.stat(path))


def test_digest_is_sha256_of_the_content_as_it_is_now(disk: Disk) -> None:
    """The digest follows the content, also when the size stays."""
    disk.write("a", b"one")
    path = f"{disk.root}/a"
    tree = disk.tree()
    assert sha256(b"one").hexdigest() == tree.digest(path, tree.stat(path))

    disk.write("a", b"two")
    later = disk.tree()

    assert sha256(b"two").hexdigest() == later.digest(path, later.stat(path))


def test_chunks_give_the_content(disk: Disk) -> None:
    """Pieces joined are the file; an empty one has none."""
    content = bytes(range(256)) * 10_000
    disk.write("big", content)
    disk.write("empty", b"")

    assert content == b"".join(disk.tree().chunks(f"{disk.root}/big"))
    assert [] == list(disk.tree().chunks(f"{disk.root}/empty"))


def test_stamps_and_modes_tell_changes(disk: Disk) -> None:
    """A mode shows as permission bits, and a rewrite changes the stamp."""
    disk.write("a", b"1")
    disk.chmod("a", 0o750)
    before = disk.tree().stat(f"{disk.root}/a")
    disk.delete("a")
    disk.write("a", b"1")
    after = disk.tree().stat(f"{disk.root}/a")

    assert 0o750 == before.mode
    assert before.stamp != after.stamp


def test_stat_and_list_agree(disk: Disk) -> None:
    """An entry looked at alone equals the one in its folder's listing."""
    disk.write("a", b"1")
    disk.link("l", "a")
    tree = disk.tree()

    assert tree.list(disk.root) == tuple(tree.stat(f"{disk.root}/{name}") for name in ("a", "l"))


def test_the_beginning_of_a_file_is_read_alone(disk: Disk) -> None:
    """No more than asked for, all that there is of a shorter one, and nothing of what is no regular file."""
    disk.write("a", b"0123456789")
    disk.link("link", "a")
    disk.fifo("fifo")
    tree = disk.tree()

    assert (b"0123", b"0123456789") == (tree.beginning(f"{disk.root}/a", 4), tree.beginning(f"{disk.root}/a", 99))
    for name in ("link", "fifo", "none"):
        with pytest.raises(OSError, match=name):
            tree.beginning(f"{disk.root}/{name}", 4)
