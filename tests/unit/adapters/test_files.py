"""What the machine's files need beyond the contract: remembered digests, racy stamps, changes while reading."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from edk.adapters import files
from edk.adapters.files import FileTree
from edk.adapters.store import SqliteStore
from edk.domain.errors import ContextChangedError
from tests.fakes.cache import FakeCache

HOUR_NS = 3_600_000_000_000


def later() -> int:
    """A clock an hour ahead, by which every file has settled."""
    return time.time_ns() + HOUR_NS


def digest_of(tree: FileTree, path: Path) -> str:
    """The digest by a look at the file as it is now."""
    return tree.digest(os.fspath(path), tree.stat(os.fspath(path)))


def test_a_settled_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a store knows costs no reading, in this process and the next."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    store = SqliteStore(os.fspath(tmp_path / "state"))
    digest = digest_of(FileTree(store, later), path)
    store.close()
    monkeypatch.setattr(files, "_pieces", None)  # whatever reads now fails

    assert digest == digest_of(FileTree(SqliteStore(os.fspath(tmp_path / "state")), later), path)


def test_a_file_just_written_is_hashed_again(tmp_path: Path) -> None:
    """A write that leaves size and times as they were is seen, since a fresh file's digest is not kept."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    cache = FakeCache()
    tree = FileTree(cache, lambda: path.stat().st_ctime_ns + 1_999_999_999)

    assert sha256(b"one").hexdigest() == digest_of(tree, path)
    assert {} == cache.digests


def test_same_size_and_time_with_other_content_is_seen(tmp_path: Path) -> None:
    """Restored times do not hide a change: nobody can set ctime."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = path.stat()
    tree = FileTree(FakeCache(), later)
    first = digest_of(tree, path)
    time.sleep(0.02)  # beyond the granularity of the kernel's clock
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert before.st_mtime_ns == path.stat().st_mtime_ns
    assert first != digest_of(tree.fresh(), path)


def test_a_file_that_never_rests_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file written to during each attempt gives an error, never a digest of a mixture."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10)
    pieces = files._pieces

    def written_to(descriptor: int, limit: int | None):
        yield from pieces(descriptor, limit)
        path.write_bytes(os.urandom(10))
        os.utime(path, ns=(1, time.monotonic_ns()))

    monkeypatch.setattr(files, "_pieces", written_to)

    with pytest.raises(ContextChangedError, match="changed each of the 3 times"):
        digest_of(FileTree(), path)


def test_a_file_that_grows_faster_than_it_is_read_still_ends(tmp_path: Path) -> None:
    """No more is hashed than was there at first."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10)
    descriptor = os.open(path, os.O_RDONLY)
    found = files._pieces(descriptor, 15)
    assert b"x" * 10 == next(found)
    with path.open("ab") as file:
        file.write(b"y" * 100)

    assert [b"y" * 5] == list(found)
    os.close(descriptor)


def test_a_link_swapped_in_is_not_followed(tmp_path: Path) -> None:
    """A file that became a link since it was listed is refused."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"s")
    path = tmp_path / "a"
    path.write_bytes(b"x")
    tree = FileTree()
    entry = tree.stat(os.fspath(path))
    path.unlink()
    path.symlink_to(secret)

    with pytest.raises(OSError, match="regular"):
        tree.digest(os.fspath(path), entry)
    with pytest.raises(OSError, match="regular"):
        list(tree.chunks(os.fspath(path)))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Listing, reading, hashing and half-read chunks give back what they opened."""
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    path = os.fspath(tmp_path / "a")
    before = len(list(Path("/proc/self/fd").iterdir()))
    tree = FileTree()
    for _ in range(5):
        tree.fresh().list(os.fspath(tmp_path))
        tree.read(path, 3_000_000)
        digest_of(tree, tmp_path / "a")
        half = iter(tree.chunks(path))
        next(half)
        del half
        with pytest.raises(ValueError, match="more than"):
            tree.read(path, 1)

    assert before == len(list(Path("/proc/self/fd").iterdir()))
