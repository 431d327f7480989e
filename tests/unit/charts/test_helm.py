"""How helm is run: bounded, alone, and told of by what it says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edk.adapters.helm import HelmPackager
from edk.domain.errors import ChartError


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart that is right."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.0.0\n")
    return folder


def program(tmp_path: Path, script: str) -> str:
    """A stand-in for helm."""
    path = tmp_path / "helm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 60 & sleep 60", "did not end within 0.3 seconds"),
        ("kill -STOP $$", "did not end within 0.3 seconds"),
        ("kill -KILL $$", "helm lint was killed by SIGKILL"),
        ("echo what is wrong; exit 1", "helm lint failed:\nwhat is wrong"),
        ("exit 0", "helm package wrote 0 archives"),
        ('[ "$1" = lint ] || echo no gzip > "$4/demo-1.0.0.tgz"', "no chart archive"),
    ],
)
def test_a_helm_that_fails_hangs_or_is_killed_is_an_error(chart: Path, tmp_path: Path, script: str, words: str) -> None:
    """It is told within the time given, nothing of it goes on, and no archive is left."""
    packager = HelmPackager(program(tmp_path, script), str(tmp_path / "home"), timeout=0.3)
    began = time.monotonic()

    with pytest.raises(ChartError, match=words):
        packager.package(str(chart), str(tmp_path / "out"))
    assert time.monotonic() - began < 5
    assert [] == list((tmp_path / "out").iterdir())


def test_a_helm_that_is_not_there_is_an_error(chart: Path, tmp_path: Path) -> None:
    """The path that was tried is named."""
    with pytest.raises(ChartError, match="/nowhere/helm can't be run"):
        HelmPackager("/nowhere/helm", str(tmp_path / "home")).package(str(chart), str(tmp_path))


def test_helm_sees_nothing_of_the_user(chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins, repositories, the cluster and secrets of the environment stay away from it."""
    monkeypatch.setenv("SECRET", "s3cret")
    monkeypatch.setenv("HELM_PLUGINS", "/evil")
    monkeypatch.setenv("KUBECONFIG", "/root/.kube/config")
    packager = HelmPackager(program(tmp_path, "env; exit 1"), str(tmp_path / "home"))

    with pytest.raises(ChartError) as caught:
        packager.package(str(chart), str(tmp_path / "out"))
    seen = dict(line.split("=", 1) for line in caught.value.message.splitlines()[1:] if "=" in line)

    assert "SECRET" not in seen
    assert ("", "1") == (seen["HELM_PLUGINS"], seen["HELM_NO_PLUGINS"])
    assert str(tmp_path / "home" / "no-cluster") == seen["KUBECONFIG"]
    assert str(tmp_path / "home") == seen["HOME"]


def test_only_remote_dependencies_are_fetched(chart: Path, tmp_path: Path) -> None:
    """What stands in charts/ needs no helm dependency, and no lock."""
    calls = tmp_path / "calls"
    packager = HelmPackager(program(tmp_path, f'echo "$1" >> {calls}'), str(tmp_path / "home"))
    for repository in ("", "https://charts.example.org"):
        text = f'dependencies:\n- name: part\n  version: 1.0.0\n  repository: "{repository}"\n'
        (chart / "requirements.yaml").write_text(text)
        with pytest.raises(ChartError, match="wrote 0 archives"):
            packager.package(str(chart), str(tmp_path / "out"))

    assert ["lint", "package", "dependency", "lint", "package"] == calls.read_text().split()
