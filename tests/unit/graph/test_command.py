"""`edk graph` by the command line, without a registry."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from edk.cli import main
from tests.unit.docs.tables import ROOT

LUNG = ROOT / "examples/lung-toolkit"
OTSUS = ROOT / "examples/otsus-method"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's settings counts."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "extensions"))
    monkeypatch.setenv("KAAPANA_REPO_PATH", str(tmp_path / "kaapana"))


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command prints."""
    assert code == main(["graph", "--offline", *arguments])
    return capsys.readouterr().out


def names(text: str) -> list[str]:
    """The names of images of a graph in JSON."""
    return sorted(image["name"] for image in json.loads(text)["images"])


def test_an_extension(capsys: pytest.CaptureFixture[str]) -> None:
    """Its DAG image on top, with what it names and what all stand on."""
    lines = told(capsys, "--dir", str(OTSUS)).splitlines()

    assert "? dag-otsus-method" == lines[0].strip()
    assert "├─ ? otsus-method" == lines[1].strip()
    assert "4 images: ? 4 not asked for" == lines[-1]


def test_one_image(capsys: pytest.CaptureFixture[str]) -> None:
    """With what it needs, and what needs it."""
    shown = told(capsys, "--dir", str(LUNG), "--image", "lung-lobes", "--format", "json")

    assert ["base-lung", "base-lung-atlas", "base-python-cpu", "dag-lung-toolkit", "lung-lobes"] == names(shown)


def test_an_image_that_no_extension_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Is shown by itself, also where no folder was named."""
    assert ["base-python-cpu", "base-python-gpu"] == names(
        told(capsys, "--dir", str(OTSUS), "--image", "base-python-gpu", "--format", "json")
    )
    assert ["base-python-cpu"] == names(told(capsys, "--image", "base-python-cpu", "--format", "json"))


def test_no_such_image(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest one is named."""
    assert 2 == main(["graph", "--offline", "--dir", str(OTSUS), "--image", "otsu-method"])
    assert "did you mean 'otsus-method'?" in capsys.readouterr().err


def test_nothing_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an extensions folder there is no default."""
    assert 2 == main(["graph"])
    assert "name the folder with --dir DIR" in capsys.readouterr().err


def test_the_extensions_folder_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is in it."""
    for name in ("one", "two"):
        folder = tmp_path / "extensions" / name / "docker"
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(f'FROM scratch\nLABEL IMAGE="{name}"\n')

    assert ["one", "two"] == names(told(capsys, "--format", "json"))


@pytest.mark.parametrize("fold", ["--fold", "--no-fold"])
def test_every_format(fold: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names every image."""
    images = names(told(capsys, "--dir", str(LUNG), "--format", "json"))
    for form in ("tree", "mermaid", "dot", "svg"):
        shown = told(capsys, "--dir", str(LUNG), "--format", form, fold)
        assert [] == [name for name in images if name not in shown]
        assert form != "svg" or ET.fromstring(shown).tag.endswith("svg")


def test_faults_in_the_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Are shown at their image, and make the exit code 3."""
    (tmp_path / "Dockerfile").write_text('FROM local-only/nobody:latest\nLABEL IMAGE="x"\n')

    assert "✗ x" in told(capsys, "--dir", str(tmp_path), code=3)
