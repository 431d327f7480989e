"""Charts from the files to what the cluster would run, with the real helm."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

import edk
from edk.adapters.archive import ArchivePackager
from edk.adapters.files import FileTree
from edk.adapters.helm import HelmPackager
from edk.adapters.kube_helm import KubeHelmPlatform
from edk.domain.charts.archives import read_archive
from edk.domain.charts.reading import is_chart_file, read_chart
from edk.domain.charts.versions import chart_version, dag_image_tags
from edk.domain.errors import ChartError
from edk.orchestrator.chart_staging import StagingOptions, stage_chart
from edk.orchestrator.charts import ChartSource, Packaging, package_charts
from edk.orchestrator.deliver import Delivery, deliver
from edk.ports import ChartPackager
from tests.fakes.clock import FakeClock
from tests.fakes.kube_helm import FakeKubeHelm

pytestmark = pytest.mark.integration

BUILD_VERSION = "0.6.0-12-g09bb59b20"
INSTALLER = Path(edk.__file__).parent / "bundled" / "charts" / "dag-installer-chart"
PLATFORM_VALUES = (
    *("--set-string", "global.services_namespace=services"),
    *("--set-string", "global.registry_url=registry.example.org/platform"),
    *("--set-string", f"global.kaapana_build_version={BUILD_VERSION}"),
)
FILES = {
    "Chart.yaml": (
        '---\napiVersion: v2\nname: demo-workflow\nversion: "0.0.0"\ntype: application\nkeywords:\n- kaapanaworkflow\n'
    ),
    "requirements.yaml": (
        "---\ndependencies:\n  - name: dag-installer-chart\n    version: 0.0.0\n"
        "    repository: file://../../../../../../services/utils/dag-installer-chart/\n"
    ),
    "values.yaml": '---\nglobal:\n    image: "dag-demo"\n    action: "copy"\n',
}


class Silent:
    """A sink that fails the test on a failed chart."""

    def emit(self, event: Any) -> None:
        """Take one event."""
        assert "ChartFailed" != type(event).__name__, event

    def close(self) -> None:
        """Nothing is left."""


@pytest.fixture
def helm() -> str:
    """The real helm."""
    found = shutil.which("helm")
    if found is None:
        pytest.skip("helm is not installed")
    return found


@pytest.fixture(params=["helm", "own"])
def packager(request: pytest.FixtureRequest, helm: str, tmp_path: Path) -> ChartPackager:
    """Each packager in turn."""
    return ArchivePackager() if request.param == "own" else HelmPackager(helm, str(tmp_path / "home"))


def rendered(helm: str, archive: str) -> list[dict[str, Any]]:
    """What the cluster would be given."""
    text = run(helm, "template", "demo", archive, *PLATFORM_VALUES)
    return [document for document in yaml.safe_load_all(text) if document]


def run(*arguments: str) -> str:
    """Run a program; fail with what it says."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_a_workflow_chart_asks_for_an_image_that_is_built(helm: str, packager: ChartPackager, tmp_path: Path) -> None:
    """From a chart whose dependency points nowhere to an installed Job, and kube-helm takes it on the way."""
    folder = tmp_path / "ext" / "demo-workflow"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    chart = read_chart("demo-workflow", {name: text.encode() for name, text in FILES.items()})
    with FakeKubeHelm() as kube_helm:
        delivery = Delivery(KubeHelmPlatform(kube_helm.url), kube_helm.url, Silent(), FakeClock())
        packaging = Packaging(
            FileTree(), {"dag-installer-chart": str(INSTALLER)},
            StagingOptions(chart_version(BUILD_VERSION), "localhost:32000"), str(tmp_path / "staging"),
            str(tmp_path / "out"), packager, "x", partial(deliver, to=delivery), Silent(), FakeClock(),
        )  # fmt: skip
        (result,) = package_charts([ChartSource(chart, str(folder))], packaging)

        assert {"demo-workflow": "0.6.0+12.g09bb59b20"} == kube_helm.charts
    jobs = [d for d in rendered(helm, result.archive) if d["kind"] == "Job"]
    images = {container["image"] for job in jobs for container in job["spec"]["template"]["spec"]["containers"]}
    installer = yaml.safe_load((INSTALLER / "Chart.yaml").read_text())["version"]
    built = {f"localhost:32000/dag-demo:{tag}" for tag in dag_image_tags(chart, installer, BUILD_VERSION)}

    assert {"dag-demo", "remove-dag-demo"} == {job["metadata"]["name"] for job in jobs}
    assert {f"localhost:32000/dag-demo:{installer}"} == images
    assert images <= built
    assert FILES == {name: (folder / name).read_text() for name in FILES}
    assert set(FILES) == {path.name for path in folder.iterdir()}


def test_helm_takes_what_our_writer_makes(helm: str, tmp_path: Path) -> None:
    """The archive passes show, lint and template, and says the same as helm's own."""
    folder = tmp_path / "demo-workflow"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("file://", ""))
    shutil.copytree(INSTALLER, folder / "charts" / "dag-installer-chart")
    ours = ArchivePackager().package(str(folder), str(tmp_path / "ours"))
    helms = HelmPackager(helm, str(tmp_path / "home")).package(str(folder), str(tmp_path / "helms"))

    assert yaml.safe_load(run(helm, "show", "chart", helms)) == yaml.safe_load(run(helm, "show", "chart", ours))
    assert "1 chart(s) linted, 0 chart(s) failed" in run(helm, "lint", ours, *PLATFORM_VALUES)
    assert rendered(helm, helms) == rendered(helm, ours)


def test_helm_refuses_a_template_that_is_broken(helm: str, tmp_path: Path) -> None:
    """A mistake in a template is found before the upload, with its place."""
    folder = tmp_path / "broken"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: broken\nversion: 1.0.0\n")
    (folder / "templates" / "a.yaml").write_text("kind: {{ .Values.open\n")

    with pytest.raises(ChartError, match=r"templates/a\.yaml:1"):
        HelmPackager(helm, str(tmp_path / "home")).package(str(folder), str(tmp_path))


def test_parameters_of_an_extension_are_given_to_lint(helm: str, tmp_path: Path) -> None:
    """A template that needs what the user fills in on installation is right."""
    folder = tmp_path / "asks"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: asks\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text('extension_params:\n  secret_name:\n    default: ""\n')
    (folder / "templates" / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ sha256sum .Values.global.secret_name | trunc 4 }}x\n"
    )

    assert HelmPackager(helm, str(tmp_path / "home")).package(str(folder), str(tmp_path)).endswith("asks-1.0.0.tgz")


@pytest.mark.parametrize(
    "rules",
    [
        "# comment\n*.txt\n  /root.md\nsub/*.md\ndocs/\n[ab]?.log\n\\*.star\n",
        "!*[^g]\n",
        "?.txt\nx/*\n[^a-z]*.star\n",
        "templates/*.tpl\n/sub/\n.*\n",
    ],
)
def test_what_helm_ignores_is_what_staging_ignores(helm: str, tmp_path: Path, rules: str) -> None:
    """The same rules leave the same files out."""
    names = (
        "a.txt", "deep/a.txt", "root.md", "sub/root.md", "x/sub/y.md", "docs/a", "x/docs/b", "docsfile",
        "a1.log", "c1.log", "ab1.log", "x/b2.log", "one.star", "*.star", "templates/.hidden.yaml",
        "templates/_x.tpl", "templates/sub/.hidden.yaml", ".dot",
    )  # fmt: skip
    folder = tmp_path / "ignoring"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "Chart.yaml").write_text('apiVersion: v2\nname: ignoring\nversion: "1.0.0"\n')
    (folder / ".helmignore").write_text(rules)
    archive = HelmPackager(helm, str(tmp_path / "home")).package(str(folder), str(tmp_path))
    helms = set(read_archive(Path(archive).read_bytes(), archive)[1]) - {".helmignore"}
    ours = set(stage_chart(FileTree(), str(folder), {}, StagingOptions()).files)

    assert helms == ours


def test_the_bundled_installer_is_read(helm: str) -> None:
    """Its image is known to be the chart's own matter, and it has no findings."""
    files = {
        path.relative_to(INSTALLER).as_posix(): path.read_bytes()
        for path in INSTALLER.rglob("*")
        if path.is_file() and is_chart_file(path.relative_to(INSTALLER).as_posix())
    }
    chart = read_chart("dag-installer-chart", files)

    assert () == chart.diagnostics
    assert {""} == {image.value for image in chart.images}
