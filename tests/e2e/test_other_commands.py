"""`edk chart`, `edk build-image` and `edk doctor` by the command line, with a kube-helm that speaks real HTTP."""

from __future__ import annotations

import json
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.kube_helm import FakeKubeHelm
from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def test_build_uploads_the_chart(edk: Command, whole: Extension) -> None:
    """With KUBE_HELM_URL a build ends with the chart on the platform."""
    with FakeKubeHelm() as platform:
        run = edk.with_environ(KUBE_HELM_URL=platform.url)("build", "--dir", str(whole.path), "--json").expect(0)

        assert {f"x-{whole.suffix}-workflow": VERSION} == platform.charts
    assert 1 == len(run.named("ChartUploaded"))


def test_no_import_uploads_nothing(edk: Command, whole: Extension) -> None:
    """With --no-import the platform hears nothing."""
    with FakeKubeHelm() as platform:
        edk.with_environ(KUBE_HELM_URL=platform.url)("build", "--dir", str(whole.path), "--no-import").expect(0)

        assert [] == platform.requests


def test_chart_alone(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """`edk chart` packages and uploads, and builds no image."""
    with FakeKubeHelm(prefix="/kube-helm-api") as platform:
        edk.with_environ(KUBE_HELM_URL=platform.url)("chart", "--dir", str(whole.path)).expect(0)

        assert {f"x-{whole.suffix}-workflow": VERSION} == platform.charts
    assert not registry.has(whole.name("seg"), VERSION)


def test_chart_needs_neither_engine_nor_registry(edk: Command, whole: Extension) -> None:
    """`edk chart --no-import` works where nothing else is, and says where the archive is."""
    alone = edk.with_environ(DOCKER_HOST="unix:///nowhere.sock", LOCAL_REGISTRY_URL="localhost:1")

    run = alone("chart", "--dir", str(whole.path), "--no-import", "--json").expect(0)

    assert tarfile.is_tarfile(run.named("ChartPackaged")[0]["archive"])


def test_chart_without_helm(edk: Command, whole: Extension) -> None:
    """Without helm the archive is written by the EDK itself, and holds the same files."""
    by_helm = edk("chart", "--dir", str(whole.path), "--json").expect(0).named("ChartPackaged")[0]
    with tarfile.open(by_helm["archive"]) as archive:
        # helm writes what requirements.yaml says into Chart.yaml, and leaves the file out.
        expected = {*archive.getnames(), f"x-{whole.suffix}-workflow/requirements.yaml"}

    without = edk.with_environ(PATH="/usr/bin:/bin")("chart", "--dir", str(whole.path), "--json").expect(0)

    (packaged,) = without.named("ChartPackaged")
    assert "own writer" == packaged["by"]
    with tarfile.open(packaged["archive"]) as archive:
        assert expected == set(archive.getnames())


def test_refused_chart(edk: Command, whole: Extension) -> None:
    """What the platform says against a chart is shown as it says it; exit code 1."""
    said = "File upload failed: resource in namespace admin is not allowed"
    with FakeKubeHelm(answer=(500, said)) as platform:
        run = edk.with_environ(KUBE_HELM_URL=platform.url)("chart", "--dir", str(whole.path)).expect(1)

    assert said in run.out


def test_platform_is_away(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Where kube-helm does not answer, the images stand and exit code 4 tells."""
    run = edk.with_environ(KUBE_HELM_URL="http://127.0.0.1:9/kube-helm")("build", "--dir", str(whole.path)).expect(4)

    assert "127.0.0.1:9" in run.out + run.err
    assert registry.has(whole.name("seg"), VERSION)


def test_chart_with_the_platform_away(edk: Command, whole: Extension) -> None:
    """`edk chart` ends with 4 too."""
    edk.with_environ(KUBE_HELM_URL="http://127.0.0.1:9")("chart", "--dir", str(whole.path)).expect(4)


def test_folder_without_charts(edk: Command, extension: Extension) -> None:
    """`edk chart` of a folder without a chart says so."""
    extension.image("seg")

    run = edk("chart", "--dir", str(extension.path)).expect(3)

    assert str(extension.path) in run.err


def test_two_charts(edk: Command, whole: Extension) -> None:
    """Two charts of one extension are both packaged and uploaded."""
    whole.chart(whole.name("dag"), "second-workflow")
    with FakeKubeHelm() as platform:
        edk.with_environ(KUBE_HELM_URL=platform.url)("chart", "--dir", str(whole.path)).expect(0)

        assert {f"x-{whole.suffix}-workflow", "second-workflow"} == set(platform.charts)


def test_one_dockerfile_alone(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """`edk build-image` builds one Dockerfile, with another name and version if asked."""
    folder = extension.image("seg")
    extension.image("other")

    edk("build-image", "--dir", str(folder)).expect(0)
    edk("build-image", "--dir", str(folder), "--image-name", extension.name("new"), "--image-version", "7.8").expect(0)

    assert registry.has(extension.name("seg"), VERSION)
    assert registry.has(extension.name("new"), "7.8")
    assert not registry.has(extension.name("other"), VERSION)


def test_dockerfile_elsewhere(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """`--dockerfile` may lie outside of the context."""
    folder = extension.image("seg")
    apart = extension.path.parent / "Apart"
    apart.write_text(f'FROM {extension.base}\nLABEL IMAGE="{extension.name("apart")}"\nCOPY data.txt /apart.txt\n')

    edk("build-image", "--dir", str(folder), "--dockerfile", str(apart)).expect(0)

    assert "seg 1\n" == registry.text(extension.name("apart"), VERSION, "apart.txt")


def test_archive_loads_into_an_engine(edk: Command, extension: Extension, engine_endpoint: str) -> None:
    """`--tar` writes an archive that an engine loads under the image's whole name."""
    import docker

    folder = extension.image("seg")

    edk("build-image", "--dir", str(folder), "--tar").expect(0)

    archive = Path(edk.environ["VOLUME_PATH"]) / f"{extension.name('seg')}.tar"
    with closing(docker.DockerClient(base_url=engine_endpoint, timeout=60)) as engine:
        (loaded,) = engine.images.load(archive.read_bytes())
        tags = loaded.tags
        assert f"localhost:32000/{extension.name('seg')}:{VERSION}" in tags
        for tag in tags:
            engine.images.remove(tag, force=True, noprune=True)


def test_archive_is_imported(edk: Command, extension: Extension) -> None:
    """`--import` has the platform import the archive that it wrote."""
    folder = extension.image("seg")
    name = f"{extension.name('seg')}.tar"
    with FakeKubeHelm(images=(name,)) as platform:
        edk.with_environ(KUBE_HELM_URL=platform.url)("build-image", "--dir", str(folder), "--import").expect(0)

        assert [f"GET /import-container?filename={name}"] == platform.requests
    assert (Path(edk.environ["VOLUME_PATH"]) / name).is_file()


def test_import_that_is_refused(edk: Command, extension: Extension) -> None:
    """An import that the platform refuses ends with 1 and its words."""
    folder = extension.image("seg")
    with FakeKubeHelm() as platform:
        run = edk.with_environ(KUBE_HELM_URL=platform.url)("build-image", "--dir", str(folder), "--import").expect(1)

    assert "can not be found" in run.out + run.err


def test_import_without_a_platform(edk: Command, extension: Extension) -> None:
    """`--import` without KUBE_HELM_URL is wrong usage."""
    folder = extension.image("seg")

    run = edk("build-image", "--dir", str(folder), "--import").expect(2)

    assert "KUBE_HELM_URL" in run.err


def test_doctor_finds_all_well(edk: Command) -> None:
    """`edk doctor` ends with 0 where a build would work, and its JSON says of each part how it is."""
    run = edk("doctor", "--json").expect(0)

    report = json.loads(run.out)
    states = {check["name"]: check["status"] for check in report["checks"]}
    assert "edk.doctor/v1" == report["schema"]
    assert ("ok", "ok") == (states["engine"], states["registry"])


def test_doctor_finds_what_is_missing(edk: Command) -> None:
    """`edk doctor` ends with 4 where a build would fail, within seconds, with a remedy for each failure."""
    sick = edk.with_environ(
        DOCKER_HOST="unix:///nowhere.sock", LOCAL_REGISTRY_URL="localhost:1", KUBE_HELM_URL="http://127.0.0.1:9"
    )

    run = sick("doctor", "--json").expect(4)

    report = json.loads(run.out)
    failures = [check for check in report["checks"] if check["status"] == "failure"]
    assert any("/nowhere.sock" in check["detail"] for check in failures)
    assert any("localhost:1" in check["detail"] for check in failures)
    assert all(check["remedy"] for check in failures)
    assert 15 > run.seconds
