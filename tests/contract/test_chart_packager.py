"""What every ChartPackager does: helm, and our own writer."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from edk.adapters.archive import ArchivePackager
from edk.adapters.helm import HelmPackager
from edk.domain.charts.archives import read_archive
from edk.domain.errors import ChartError
from edk.ports import ChartPackager

FILES = {
    "Chart.yaml": 'apiVersion: v2\nname: demo\nversion: "0.6.0+12.g09bb59b20"\ntype: application\n',
    "requirements.yaml": 'dependencies:\n- name: part\n  version: "0.0.0"\n  repository: ""\n',
    "values.yaml": "global:\n  image: dag-demo # a comment\n",
    "README.md": "read me",
    "templates/deep/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.global.image }}\n",
    "charts/part/Chart.yaml": 'apiVersion: v1\nname: part\nversion: "0.0.0"\n',
    "charts/part/templates/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: part\n",
}


@pytest.fixture(params=["helm", "own"])
def packager(request: pytest.FixtureRequest, tmp_path: Path) -> ChartPackager:
    """Each packager in turn."""
    if request.param == "own":
        return ArchivePackager()
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not installed")
    return HelmPackager(helm, str(tmp_path / "home"))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A staged chart with a dependency inside."""
    return write(tmp_path / "staged" / "demo", FILES)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_archive_is_named_after_chart_and_version(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """The folder for archives is made as needed, and holds nothing but the archive."""
    archive = packager.package(str(chart), str(tmp_path / "a" / "out"))

    assert str(tmp_path / "a" / "out" / "demo-0.6.0+12.g09bb59b20.tgz") == archive
    assert [Path(archive)] == list((tmp_path / "a" / "out").iterdir())


def test_the_archive_holds_the_chart_and_its_dependency(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """All files stand below a folder of the chart's name, values with their comments."""
    archive = Path(packager.package(str(chart), str(tmp_path)))
    name, files = read_archive(archive.read_bytes(), str(archive))

    assert "demo" == name
    assert {*FILES} - {"requirements.yaml"} <= files.keys()
    assert FILES["values.yaml"].encode() == files["values.yaml"]


def test_an_unchanged_chart_is_an_unchanged_archive(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """Bytes are the same whenever, wherever and by whom it is packaged."""
    first = Path(packager.package(str(chart), str(tmp_path / "one"))).read_bytes()
    for path in chart.rglob("*"):
        path.touch()
        path.chmod(0o755)
    copy = Path(shutil.copytree(chart, tmp_path / "elsewhere" / "demo"))
    second = Path(packager.package(str(copy), str(tmp_path / "two"))).read_bytes()

    assert first == second


def test_members_carry_no_time_and_no_owner(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """Chart.yaml is the first member, the others are sorted."""
    content = gzip.decompress(Path(packager.package(str(chart), str(tmp_path))).read_bytes())
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = tar.getmembers()
    names = [member.name for member in members]

    assert {(0, 0, 0, "", 0o644)} == {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members}
    assert ["demo/Chart.yaml", *sorted(names[1:])] == names


def test_an_archive_is_replaced(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """A second run puts the new archive in the old one's place."""
    first = Path(packager.package(str(chart), str(tmp_path)))
    (chart / "README.md").write_text("changed")
    second = Path(packager.package(str(chart), str(tmp_path)))

    assert first == second
    assert b"changed" == read_archive(second.read_bytes(), "")[1]["README.md"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Chart.yaml": "name: demo\n"}, "apiVersion|version"),
        ({"Chart.yaml": "apiVersion: v2\nname: demo\nversion: latest\n"}, "latest|version"),
        ({"Chart.yaml": "apiVersion: v2\nname: ../demo\nversion: 1.0.0\n"}, "demo"),
        ({"Chart.yaml": "a: [\n"}, "Chart.yaml:"),
        ({"requirements.yaml": "dependencies:\n- name: gone\n  version: 1.0.0\n"}, "gone"),
    ],
)
def test_a_chart_that_helm_refuses_is_refused(
    packager: ChartPackager, chart: Path, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    """The error says what is wrong, and no archive is left, not even a part of one."""
    write(chart, changes)

    with pytest.raises(ChartError, match=words):
        packager.package(str(chart), str(tmp_path / "out"))
    assert [] == list((tmp_path / "out").glob("**/*"))


def test_a_folder_that_cannot_be_written_is_told(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """The error names the path."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ChartError, match="file"):
        packager.package(str(chart), str(tmp_path / "file" / "out"))


def test_nothing_is_written_into_the_staged_chart(packager: ChartPackager, chart: Path, tmp_path: Path) -> None:
    """No lock and no archive stands in the chart afterwards."""
    packager.package(str(chart), str(tmp_path / "out"))

    assert {*FILES} == {p.relative_to(chart).as_posix() for p in chart.rglob("*") if p.is_file()}
