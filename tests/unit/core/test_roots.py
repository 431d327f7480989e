"""Which folders are read, and in which order targets are looked up in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.orchestrator.roots import Places, roots_for


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A workspace with two extensions, a clone of the platform and bundled bases."""
    for folder in ("k/.git", "k/extensions/one", "k/extensions/two", "bundled", "empty"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path.resolve()


def roots(disk: Path, *dirs: str, extensions: str = "k/extensions", platform: str = "k") -> list[tuple[str, str, int]]:
    """Path below the disk, kind and distance of each root."""
    places = Places(str(disk / extensions), str(disk / platform), str(disk / "bundled"))
    found = roots_for([str(disk / folder) for folder in dirs], places)
    return [(str(Path(r.path).relative_to(disk)), r.kind, r.distance) for r in found]


def test_the_extension_comes_before_the_others_before_the_platform(disk: Path) -> None:
    """Nearest first; with a clone the bundled bases are not needed."""
    assert [
        ("k/extensions/one", "extension", 0),
        ("k/extensions", "extensions", 1),
        ("k", "platform", 2),
    ] == roots(disk, "k/extensions/one")


def test_without_a_clone_the_bundled_bases_are_there(disk: Path) -> None:
    """A folder that is no clone is not read as the platform."""
    assert [("empty", "extension", 0), ("bundled", "bundled", 3)] == roots(
        disk, "empty", extensions="none", platform="empty"
    )


def test_several_extensions_are_equally_near_and_each_is_one(disk: Path) -> None:
    """A folder given twice, or by a link, is one root."""
    (disk / "link").symlink_to("k/extensions/one")
    found = roots(disk, "k/extensions/one", "k/extensions/two", "link", "k/extensions/../extensions/two/")

    assert [("k/extensions/one", 0), ("k/extensions/two", 0)] == [(p, d) for p, k, d in found if k == "extension"]


def test_a_root_inside_one_that_was_asked_for_is_not_read_again(disk: Path) -> None:
    """All extensions at once are one root."""
    assert [("k/extensions", "extension", 0), ("k", "platform", 2)] == roots(disk, "k/extensions")
    assert [("k", "extension", 0)] == roots(disk, "k")
