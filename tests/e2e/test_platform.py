"""Into the platform, by the command line, against a stand-in that answers as kube-helm does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.helm_world import Behaviour, RefusedError
from tests.fakes.kube_helm import FakeKubeHelm
from tests.support.command import Command, Run
from tests.support.extension import Extension
from tests.support.watching import save, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def chart_of(whole: Extension) -> str:
    """Return the name of the extension's chart."""
    return f"x-{whole.suffix}-workflow"


def change(whole: Extension, text: str) -> None:
    """Change the chart."""
    whole.write(f"{chart_of(whole)}/README.md", text)


def chart(edk: Command, whole: Extension, platform: FakeKubeHelm, *arguments: str) -> Run:
    """Run `edk chart` with a platform."""
    reaching = edk.with_environ(KUBE_HELM_URL=platform.url, EDK_INSTALL_TIMEOUT="3")
    return reaching("chart", "--dir", str(whole.path), *arguments)


def changed(platform: FakeKubeHelm) -> list[str]:
    """Return what was changed on the platform since last asked."""
    calls, platform.world.calls = platform.world.calls, []
    return [call.split()[0] for call in calls]


def test_a_chart_goes_there_only_if_it_changed(edk: Command, whole: Extension) -> None:
    """Uploaded; unchanged, and not uploaded; changed, uploaded and re-installed; unchanged, and left alone."""
    with FakeKubeHelm("/kube-helm-api", behaviour=Behaviour(deletion_looks=1, ready_looks=1)) as platform:
        chart(edk, whole, platform).expect(0)
        assert ["upload"] == changed(platform)

        second = chart(edk, whole, platform).expect(0)
        assert "unchanged, not uploaded again" in second.out
        assert [] == changed(platform)

        only = chart(edk, whole, platform, "--install").expect(0)
        assert "is not installed" in only.out
        assert [] == changed(platform)

        first = chart(edk, whole, platform, "--install=always", "--json").expect(0)
        assert ["deployed"] == [event["status"] for event in first.named("ChartInstalled")]
        assert ["install"] == changed(platform)

        change(whole, "two")
        again = chart(edk, whole, platform, "--install").expect(0)
        assert "60 s" in again.out
        assert ["upload", "delete", "install"] == changed(platform)
        release = platform.world.releases[chart_of(whole)]
        assert platform.world.charts[chart_of(whole), VERSION] is release.chart

        chart(edk, whole, platform, "--install").expect(0)
        assert [] == changed(platform)


def test_an_installation_that_fails(edk: Command, whole: Extension) -> None:
    """The platform's words are shown, with where to look, and the exit code is 1; the next run goes on with it."""
    with FakeKubeHelm(behaviour=Behaviour(install_fails=True)) as platform:
        run = chart(edk, whole, platform, "--install=always").expect(1)
        assert f"(500): Chart install command failed for {chart_of(whole)}" in run.out
        assert "deployment/kube-helm-deployment" in run.out

        platform.behaviour.install_fails = False
        platform.behaviour.pods = ("init:imagepullbackoff",)
        pulling = chart(edk, whole, platform, "--install=always").expect(1)
        assert "its pods are init:imagepullbackoff" in pulling.out

        platform.behaviour.pods = ("completed",)
        platform.behaviour.ready_looks = 10**6
        change(whole, "two")
        late = chart(edk, whole, platform, "--install").expect(1)
        assert "is not ready after 3 s: it is deployed, its pods are pending" in late.out


def test_a_build_ends_with_what_came_of_the_installation(edk: Command, whole: Extension) -> None:
    """`edk build --install` builds, uploads and installs; a failed release is its exit code."""
    with FakeKubeHelm(behaviour=Behaviour(release_fails=True)) as platform:
        reaching = edk.with_environ(KUBE_HELM_URL=platform.url)
        failed = reaching("build", "--dir", str(whole.path), "--install=always", "--json").expect(1)
        assert [1] == [event["exit_code"] for event in failed.named("RunFinished")]
        platform.behaviour.release_fails = False
        reaching("build", "--dir", str(whole.path), "--install").expect(0)

        assert ["upload", "install", "delete", "install"] == changed(platform)


@pytest.mark.parametrize("command", ["chart", "build"])
def test_a_platform_that_is_away(edk: Command, whole: Extension, command: str) -> None:
    """The exit code is 4, and the address is named."""
    away = edk.with_environ(KUBE_HELM_URL="http://127.0.0.1:9")
    run = away(command, "--dir", str(whole.path), "--install").expect(4)

    assert "127.0.0.1:9" in run.out


def test_a_platform_that_goes_away_in_the_middle(edk: Command, whole: Extension) -> None:
    """A gateway that answers for it is not it: exit code 4, and the next run has it installed."""
    with FakeKubeHelm() as platform:
        chart(edk, whole, platform, "--install=always").expect(0)
        install, platform.world.install = platform.world.install, _away  # type: ignore[method-assign]
        change(whole, "two")
        chart(edk, whole, platform, "--install").expect(4)
        platform.world.install = install  # type: ignore[method-assign]
        assert {} == platform.world.releases
        chart(edk, whole, platform, "--install").expect(0)

        assert [chart_of(whole)] == list(platform.world.releases)


def _away(*_: object) -> str:
    raise RefusedError(503, "no healthy upstream")


@pytest.mark.parametrize("arguments", [("--install",), ("--import-images",), ("--install", "--no-import")])
def test_asked_for_without_a_platform(edk: Command, whole: Extension, arguments: tuple[str, ...]) -> None:
    """It is wrong usage, told before anything is built."""
    run = edk("build", "--dir", str(whole.path), *arguments).expect(2)

    assert arguments[0] in run.err
    assert "" == run.out


def test_images_are_imported(edk: Command, whole: Extension) -> None:
    """What was built goes as an archive through the volume, which is empty afterwards; once is enough."""
    volume = Path(edk.environ["VOLUME_PATH"])
    with FakeKubeHelm(volume=volume) as platform:
        reaching = edk.with_environ(KUBE_HELM_URL=platform.url, REGISTRY_URL="reg.example.org/kaapana")
        first = reaching("build", "--dir", str(whole.path), "--import-images", "--json").expect(0)
        refs = {event["ref"] for event in first.named("ImageImported")}
        assert {f"{whole.name('seg')}_{VERSION}.tar", f"{whole.name('seg')}_0.9.1.tar"} <= set(platform.imported)
        assert f"reg.example.org/kaapana/{whole.name('seg')}:{VERSION}" in refs
        assert not any(whole.name("base") in ref for ref in refs)
        assert all("manifest.json" in names for names in platform.imported.values())
        assert [] == list(volume.iterdir())

        platform.imported.clear()
        second = reaching("build", "--dir", str(whole.path), "--import-images", "--json").expect(0)
        assert {} == platform.imported
        assert refs == {event["ref"] for event in second.named("ImageKeptOnPlatform")}

        whole.write("containers/seg/run.sh", "echo two\n")
        reaching("build", "--dir", str(whole.path), "--import-images").expect(0)
        assert {f"{whole.name('seg')}_{VERSION}.tar", f"{whole.name('seg')}_0.9.1.tar"} == {
            name for name in platform.imported if "-seg-" in name
        }


def test_images_that_are_not_taken(edk: Command, whole: Extension) -> None:
    """The platform's words are shown, nothing is installed, and the exit code is 1."""
    with FakeKubeHelm() as platform:
        reaching = edk.with_environ(KUBE_HELM_URL=platform.url)
        run = reaching("build", "--dir", str(whole.path), "--import-images", "--install=always").expect(1)

        assert "can not be found" in run.out
        assert "nothing is installed" in run.out
        assert ["upload"] == changed(platform)


def test_a_watcher_installs_after_a_save(edk: Command, whole: Extension) -> None:
    """A save that changes the chart has it re-installed, aside; one that does not has nothing sent."""
    with FakeKubeHelm() as platform:
        reaching = edk.with_environ(KUBE_HELM_URL=platform.url)
        with watching(reaching, whole.path, arguments=("--install=always",)) as watcher:
            watcher.wait("ChartInstalled")
            assert ["upload", "install"] == changed(platform)
            mark = watcher.mark()
            values = whole.path / chart_of(whole) / "values.yaml"
            save(values, values.read_text() + '  more: "1"\n')
            watcher.wait("ChartInstalled", mark)

            assert ["upload", "delete", "install"] == changed(platform)
