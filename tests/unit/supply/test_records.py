"""Documents about images, as files of the state folder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edk.adapters.records import RecordFiles


def digest(number: int) -> str:
    """One of many digests."""
    return f"sha256:{number:064x}"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """By kind and digest; what was never written is not there."""
    records = RecordFiles(str(tmp_path), 10)
    records.write("sbom", digest(1), b"{}")

    assert b"{}" == records.read("sbom", digest(1))
    assert records.read("provenance", digest(1)) is None
    assert [f"{1:064x}.json"] == [path.name for path in (tmp_path / "sbom").iterdir()]


def test_the_newest_are_kept(tmp_path: Path) -> None:
    """When there are too many, the oldest go; what is no record of ours stays."""
    (tmp_path / "sbom").mkdir()
    (tmp_path / "sbom" / "notes.json").write_text("mine")
    for number in range(30):
        path = tmp_path / "sbom" / f"{number:064x}.json"
        path.write_text("old")
        os.utime(path, (number, number))
    records = RecordFiles(str(tmp_path), 5)
    records.write("sbom", digest(99), b"new")

    left = sorted(path.name for path in (tmp_path / "sbom").iterdir())
    assert sorted([*(f"{n:064x}.json" for n in (26, 27, 28, 29, 99)), "notes.json"]) == left


def test_their_number_stays_bounded(tmp_path: Path) -> None:
    """Whichever threads write them."""
    records = RecordFiles(str(tmp_path), 5)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: records.write("sbom", digest(n), b"x"), range(200)))

    assert 5 <= len(list((tmp_path / "sbom").iterdir())) <= 5 + 20 + 8


@pytest.mark.parametrize("wrong", ["", "sha256:../../etc/passwd", "sha512:" + "0" * 64, digest(1) + "\n"])
def test_only_a_digest_makes_a_path(tmp_path: Path, wrong: str) -> None:
    """Nothing else leads anywhere in the file system."""
    records = RecordFiles(str(tmp_path), 5)

    with pytest.raises(ValueError, match="no digest"):
        records.write("sbom", wrong, b"x")
    assert [] == list(tmp_path.rglob("*.json"))


def test_a_state_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """As the system says it; reading finds nothing."""
    file = tmp_path / "file"
    file.write_text("")
    records = RecordFiles(str(file), 5)

    with pytest.raises(OSError, match="ile"):
        records.write("sbom", digest(1), b"x")
    assert records.read("sbom", digest(1)) is None
