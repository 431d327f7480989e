"""What every Platform does: the one in memory, and kube-helm's adapter against its stand-in over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edk.adapters.archive import ArchivePackager
from edk.adapters.kube_helm import KubeHelmPlatform
from edk.domain.errors import ChartError
from edk.domain.platform import Extension, ReleaseStatus, extension_named, same_moment
from edk.ports import Platform
from tests.fakes.helm_world import HelmWorld
from tests.fakes.kube_helm import FakeKubeHelm
from tests.fakes.platform import FakePlatform

WORKFLOW = ("kaapanaworkflow",)
NAME = "demo-workflow"


@dataclass
class Stage:
    """A platform, and what stands behind it."""

    platform: Platform
    world: HelmWorld
    folder: Path

    def chart(
        self, version: str = "1.2.3", name: str = NAME, keywords: tuple[str, ...] = WORKFLOW, template: str = ""
    ) -> str:
        """Package a chart and return its archive."""
        folder = self.folder / name
        (folder / "templates").mkdir(parents=True, exist_ok=True)
        words = ", ".join(keywords)
        (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\nkeywords: [{words}]\n")
        (folder / "values.yaml").write_text("extension_params:\n  token: {default: x}\n")
        namespace = template or "services"
        (folder / "templates" / "a.yaml").write_text(f"kind: ConfigMap\nmetadata:\n  namespace: {namespace}\n")
        return ArchivePackager().package(str(folder), str(self.folder))

    def uploaded(self, version: str = "1.2.3", **more: object) -> None:
        """Upload a chart."""
        self.platform.upload_chart(self.chart(version, **more))  # type: ignore[arg-type]

    def installed(self, version: str = "1.2.3") -> None:
        """Upload and install a chart."""
        self.uploaded(version)
        self.platform.install_chart(NAME, version, WORKFLOW)

    def extension(self, name: str = NAME) -> Extension:
        """Return what is listed of a chart."""
        return extension_named(name, self.platform.extensions())


@pytest.fixture(params=["memory", "http"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Each platform in turn; both find the archive ``x.tar``."""
    if request.param == "memory":
        fake = FakePlatform(images=("x.tar",))
        yield Stage(fake, fake.world, tmp_path)
        return
    with FakeKubeHelm("/kube-helm-api", images=("x.tar",)) as served:
        yield Stage(KubeHelmPlatform(served.url, {}), served.world, tmp_path)


def test_it_answers(stage: Stage) -> None:
    """Health is no more than an answer."""
    stage.platform.health()


def test_a_chart_that_was_uploaded_is_listed(stage: Stage) -> None:
    """With its version, what it asks for when installed, and no release."""
    assert Extension(NAME) == stage.extension()
    stage.uploaded()

    assert Extension(NAME, ("1.2.3",), parameters=("token",)) == stage.extension()


def test_several_versions_are_listed_together(stage: Stage) -> None:
    """The latest comes first; one entry is one chart."""
    stage.uploaded("1.2.3")
    stage.uploaded("1.10.0+4.gabc")

    assert {"1.2.3", "1.10.0+4.gabc"} == set(stage.extension().versions)
    assert 1 == len(stage.platform.extensions())


def test_a_chart_without_a_known_keyword_is_not_listed(stage: Stage) -> None:
    """It is taken all the same."""
    stage.uploaded(keywords=())

    assert () == stage.platform.extensions()


def test_the_list_may_be_old(stage: Stage) -> None:
    """A chart that was uploaded a moment ago may be missing in it."""
    stage.world.behaviour.list_delay = 60.0
    assert () == stage.platform.extensions()
    stage.uploaded()

    assert () == stage.platform.extensions()


def test_a_chart_in_the_admin_namespace_is_refused(stage: Stage) -> None:
    """The error says what the platform says."""
    with pytest.raises(ChartError, match=r"500.*can not contain resources under admin_namespace"):
        stage.uploaded(template='"{{ .Values.global.admin_namespace }}"')
    assert () == stage.platform.extensions()


def test_what_is_no_chart_is_refused(stage: Stage) -> None:
    """The error names the file."""
    bad = stage.folder / "bad-1.0.0.tgz"
    bad.write_bytes(b"no chart")

    with pytest.raises(ChartError, match=r"500.*Failed to write chart file bad-1\.0\.0\.tgz"):
        stage.platform.upload_chart(str(bad))


def test_nothing_is_told_of_a_release_that_is_none(stage: Stage) -> None:
    """Also when the chart was uploaded."""
    stage.uploaded()

    assert stage.platform.release(NAME) is None


def test_an_installed_chart_is_a_release(stage: Stage) -> None:
    """Its status is told at once, and the list shows the same one with its pods."""
    stage.installed()
    seen = stage.platform.release(NAME)
    extension = stage.extension()
    listed = extension.deployment(NAME)

    assert seen is not None
    assert listed is not None
    assert extension.installed
    assert (ReleaseStatus(NAME, "deployed", seen.deployed), True) == (seen, bool(seen.deployed))
    assert ("1.2.3", "deployed", ("completed",), True) == (listed.version, listed.status, listed.pods, listed.ready)
    assert same_moment(seen.deployed, listed.updated)


def test_an_installation_that_takes_time(stage: Stage) -> None:
    """Helm's state comes first, that of the pods later."""
    stage.world.behaviour.pending_looks = 1
    stage.world.behaviour.ready_looks = 1
    stage.installed()

    assert ["pending-install", "deployed"] == [_status(stage), _status(stage)]
    looks = [stage.extension().deployment(NAME) for _ in range(2)]
    assert [(("pending",), False), (("completed",), True)] == [(d.pods, d.ready) for d in looks if d]


def test_what_was_not_uploaded_can_not_be_installed(stage: Stage) -> None:
    """The error says what the platform says."""
    with pytest.raises(ChartError, match=r"500.*Chart install command failed for demo-workflow"):
        stage.platform.install_chart(NAME, "1.2.3", WORKFLOW)


def test_what_is_installed_is_not_installed_again(stage: Stage) -> None:
    """The platform answers that with 200, but it is an error to who wanted the new one to run."""
    stage.installed()

    with pytest.raises(ChartError, match=r"200.*Chart is already installed demo-workflow"):
        stage.platform.install_chart(NAME, "1.2.3", WORKFLOW)


def test_a_release_that_failed(stage: Stage) -> None:
    """It is told as such, with no pods."""
    stage.world.behaviour.release_fails = True
    stage.installed()
    listed = stage.extension().deployment(NAME)

    assert "failed" == _status(stage)
    assert listed is not None
    assert ("failed", (), False) == (listed.status, listed.pods, listed.ready)


def test_pods_in_trouble(stage: Stage) -> None:
    """Their states are told as they are, and known to be no mere delay."""
    stage.world.behaviour.pods = ("running", "init:imagepullbackoff")
    stage.installed()
    listed = stage.extension().deployment(NAME)

    assert listed is not None
    assert (("init:imagepullbackoff",), False) == (listed.trouble, listed.ready)


def test_a_deletion_takes_time(stage: Stage) -> None:
    """It is uninstalling for a while, then gone; the chart stays."""
    stage.world.behaviour.deletion_looks = 2
    stage.installed()

    assert f"Started uninstalling {NAME}" == stage.platform.delete_release(NAME, "1.2.3")
    assert ["uninstalling", "uninstalling", ""] == [_status(stage), _status(stage), _status(stage)]
    assert ("1.2.3",) == stage.extension().versions
    assert not stage.extension().installed


def test_what_helm_says_may_be_unreadable(stage: Stage) -> None:
    """There is a release then, whose status is not told."""
    stage.world.behaviour.unreadable = True
    stage.installed()

    assert ReleaseStatus(NAME, "") == stage.platform.release(NAME)


def test_a_chart_for_several_releases(stage: Stage) -> None:
    """Each release is told below its one chart, which itself does not count as installed."""
    stage.uploaded(keywords=("kaapanaapplication", "kaapanamultiinstallable"))
    for release in ("one", "two"):
        stage.world.install(NAME, "1.2.3", release, project="p")
    extension = stage.extension()

    assert (True, False) == (extension.multi, extension.installed)
    assert {"one", "two"} == {d.release for d in extension.deployments}


def test_an_image_archive_is_imported(stage: Stage) -> None:
    """One that is there is taken, another one is not."""
    assert "Successfully imported container x.tar" == stage.platform.import_image("x.tar")
    with pytest.raises(ChartError, match=r"500.*y\.tar can not be found"):
        stage.platform.import_image("y.tar")


def _status(stage: Stage) -> str:
    seen = stage.platform.release(NAME)
    return seen.status if seen is not None else ""
