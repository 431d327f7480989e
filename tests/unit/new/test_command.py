"""`edk new` by the command line: where it writes, what it says, and that a plan finds nothing wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from edk.cli import main
from tests.unit.new.making import IMAGE, VARIANTS


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extensions folder, a state of the test's own, and no platform's repository."""
    for name in list(os.environ):
        if name.startswith(("EDK_", "KAAPANA_")):
            monkeypatch.delenv(name)
    made = tmp_path.resolve() / "extensions"
    made.mkdir()
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(made))
    monkeypatch.setenv("KAAPANA_REPO_PATH", str(tmp_path / "none"))
    return made


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def plan_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The plan of a folder."""
    capsys.readouterr()
    assert 0 == main(["plan", "--dir", str(folder), "--offline", "--json"])
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plan


@pytest.mark.parametrize(("gpu", "v2", "image"), VARIANTS)
def test_a_plan_finds_nothing_wrong(
    place: Path, capsys: pytest.CaptureFixture[str], gpu: bool, v2: bool, image: str
) -> None:
    """Every operator's image is built here, every base and every chart's dependency is there."""
    flags = ["--gpu"] * gpu + ["--v2"] * v2 + (["--from-image", image] if image else [])
    assert 0 == main(["new", "lung-volume", *flags])

    plan = plan_of(place / "lung-volume", capsys)
    # The platform's installer of workflows is the platform's matter.
    said = [d for d in plan["diagnostics"] if not (d["code"] == "EDK406" and "workflow-installer" in d["message"])]
    images = {each["name"]: each for each in plan["images"]}
    base = image or f"local-only/base-python-{'gpu' if gpu else 'cpu'}:latest"

    assert [] == said
    assert {"local"} == {each["status"] for each in plan["operator_images"]}
    assert {"lung-volume"} == {each["name"] for each in plan["operator_images"]}
    assert {"build"} == {each["action"] for each in plan["images"]}
    assert [base] == images["lung-volume"]["bases"]
    assert (not v2) == ("dag-lung-volume" in images)
    (chart,) = plan["charts"]
    assert ("lung-volume-workflow", "" if v2 else "dag-lung-volume") == (chart["name"], chart["dag_image"] or "")
    assert (["{DEFAULT_REGISTRY}/lung-volume"] if v2 else []) == chart["processing_containers"]


def test_it_says_what_it_wrote_and_what_comes_next(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file, and nothing else is there."""
    assert 0 == main(["new", "lung"])
    lines = capsys.readouterr().out.splitlines()

    files = sorted(str(path.relative_to(place / "lung")) for path in (place / "lung").rglob("*") if path.is_file())
    assert f"{place}/lung: written" == lines[0]
    assert [f"  {file}" for file in files] == lines[1:-1]
    assert f"next: edk build --dir {place}/lung" == lines[-1]
    assert ["lung"] == names(place)


def test_as_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object."""
    assert 0 == main(["new", "lung", "--v2", "--gpu", "--json"])
    told = json.loads(capsys.readouterr().out)

    files = sorted(str(path.relative_to(place / "lung")) for path in (place / "lung").rglob("*") if path.is_file())
    assert {
        "schema": "edk.new/v1",
        "name": "lung",
        "folder": f"{place}/lung",
        "files": files,
        "images": ["lung"],
        "chart": "lung-workflow",
        "base": "local-only/base-python-gpu:latest",
        "next": f"edk build --dir {place}/lung",
    } == told


def test_without_an_extensions_folder_the_current_one_is_taken(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And --dir goes before both."""
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "none"))

    assert 0 == main(["new", "one"])
    assert 0 == main(["new", "two", "--dir", "../there"])
    assert ["one"] == names(tmp_path / "here")
    assert ["two"] == names(tmp_path / "there")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Lung"], "for example lung"),
        (["other"], "extensions/other is there already"),
        (["lung", "--dir", "nowhere"], "--dir 'nowhere' does not exist"),
        (["lung", "--dir", ""], "--dir is empty"),
        (["lung", "--from-image", "A:b"], "--from-image: 'A:b' is no image reference"),
        (["base-installer"], "bases/base-installer/Dockerfile:5 yields an image 'base-installer' already"),
    ],
)
def test_what_is_refused(place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """With exit code 2, and nothing is written."""
    (place / "other").mkdir()
    (place / "other/mine").write_text("mine")

    assert 2 == main(["new", *arguments])
    assert said in capsys.readouterr().err
    assert ["other"] == names(place)
    assert ["mine"] == names(place / "other")


def test_a_second_one_of_a_name_elsewhere_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its images and chart would have the names of the first."""
    assert 0 == main(["new", "lung", "--from-image", IMAGE])

    assert 2 == main(["new", "lung", "--dir", str(tmp_path)])
    assert f"{place}/lung/" in capsys.readouterr().err
    assert not (tmp_path / "lung").exists()
