"""Charts on their way to the platform: what is sent, what is installed, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from edk.adapters.archive import ArchivePackager
from edk.domain import events as ev
from edk.domain.charts.archives import read_archive
from edk.domain.errors import ChartError, PlatformUnreachableError
from edk.domain.platform import InstallMode
from edk.orchestrator.chart_shelf import read_archives
from edk.orchestrator.deliver import DELIVERED, Delivery, Parcel, deliver
from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock
from tests.fakes.helm_world import Behaviour
from tests.fakes.platform import FakePlatform

NAME = "demo-workflow"


@dataclass
class Scene:
    """A platform, a state, and the charts that go there."""

    folder: Path
    behaviour: Behaviour = field(default_factory=Behaviour)
    events: list[ev.Event] = field(default_factory=list)
    cache: FakeCache = field(default_factory=FakeCache)
    clock: FakeClock = field(default_factory=FakeClock)
    keywords: tuple[str, ...] = ("kaapanaworkflow",)

    def __post_init__(self) -> None:
        self.platform = FakePlatform(self.behaviour, now=self.clock.now)
        self.emit = self.events.append

    def close(self) -> None:
        """Nothing is left; the scene is its own sink."""

    def send(self, text: str = "one", install: InstallMode = "no", version: str = "1.2.3", timeout: float = 60) -> bool:
        """Package a chart that holds a text, and deliver it; forget what was told before."""
        self.events.clear()
        folder = self.folder / NAME
        folder.mkdir(exist_ok=True)
        words = ", ".join(self.keywords)
        (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {NAME}\nversion: {version}\nkeywords: [{words}]\n")
        (folder / "values.yaml").write_text(f"extension_params: {{{text}: x}}\n")
        archive = ArchivePackager().package(str(folder), str(self.folder))
        to = Delivery(self.platform, "http://kube-helm", self, self.clock, self.cache, install, timeout)
        return deliver(Parcel(NAME, version, self.keywords, archive), to)

    @property
    def kinds(self) -> list[str]:
        """The names of the events."""
        return [type(event).__name__ for event in self.events]

    @property
    def calls(self) -> list[str]:
        """What was changed on the platform since last asked."""
        calls, self.platform.world.calls = self.platform.world.calls, []
        return [call.split()[0] for call in calls]

    def installed(self, text: str = "one") -> None:
        """Have a chart uploaded and installed."""
        self.send(text, "always")
        assert ["upload", "install"] == self.calls


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An empty platform, and an empty state."""
    return Scene(tmp_path)


def test_an_unchanged_chart_is_sent_once(scene: Scene) -> None:
    """The second time it is told that it is there."""
    assert scene.send()
    assert not scene.send()
    assert ["upload"] == scene.calls
    assert [ev.ChartUnchangedOnPlatform(NAME, "1.2.3", "http://kube-helm")] == scene.events


@pytest.mark.parametrize("change", ["content", "version", "forgotten", "gone from the platform", "another platform"])
def test_a_chart_is_sent_again_if_anything_is_other(scene: Scene, change: str) -> None:
    """Its content, its version, a lost state, or a platform that lost it or never had it."""
    scene.send()
    match change:
        case "forgotten":
            scene.cache.forget()
        case "gone from the platform":
            scene.platform.world.charts.clear()
        case "another platform":
            scene.cache.stored = {(kind, key + "x"): value for (kind, key), value in scene.cache.stored.items()}

    assert scene.send("two" if change == "content" else "one", version="1.2.4" if change == "version" else "1.2.3")
    assert ["upload", "upload"] == scene.calls


def test_going_back_to_an_older_chart_sends_it(scene: Scene) -> None:
    """What counts is what was sent last, not what ever was."""
    for text in ("one", "two", "one"):
        scene.send(text)

    assert 3 == len(scene.calls)


def test_a_refused_upload_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the new nor the old content counts as there after it."""
    scene.send()
    scene.platform.world.upload = _refuse  # type: ignore[method-assign]
    with pytest.raises(ChartError, match="refused"):
        scene.send("two")
    scene.platform.world.upload = partial(type(scene.platform.world).upload, scene.platform.world)  # type: ignore[method-assign]

    assert scene.send("one")


def _refuse(filename: str, content: bytes) -> str:
    raise ChartError(f"{filename} refused")


def test_broken_memory_costs_an_upload(scene: Scene) -> None:
    """What can't be read is as good as forgotten."""
    scene.send()
    scene.cache.stored = dict.fromkeys(scene.cache.stored, b"\xff{")

    assert scene.send()


def test_a_platform_that_is_away_is_asked_once(scene: Scene) -> None:
    """The next chart fails with the same error, without a further wait."""
    scene.platform.away = "no route"
    to = Delivery(scene.platform, "u", scene, scene.clock, scene.cache)
    archive = scene.folder / "a-1.tgz"
    archive.write_bytes(b"x")
    with pytest.raises(PlatformUnreachableError) as first:
        deliver(Parcel("a", "1", (), str(archive)), to)
    scene.platform.away = ""
    with pytest.raises(PlatformUnreachableError) as second:
        deliver(Parcel("b", "1", (), str(archive)), to)

    assert first.value is second.value


def test_what_is_not_installed_is_only_uploaded(scene: Scene) -> None:
    """It is said, with how to install it and how long the page takes."""
    scene.send(install="installed")

    assert ["upload"] == scene.calls
    (told,) = [event for event in scene.events if isinstance(event, ev.Noticed)]
    assert "is not installed" in told.message
    assert "30 s" in told.hint
    assert "--install=always" in told.hint


def test_always_installs_it(scene: Scene) -> None:
    """It is followed until it is ready, and told with how long the lists take."""
    scene.send(install="always")

    assert ["upload", "install"] == scene.calls
    assert ["ChartUploaded", "ReleaseStatusSeen", "ChartInstalled"] == scene.kinds
    done = scene.events[-1]
    assert isinstance(done, ev.ChartInstalled)
    assert ("deployed", True, True) == (done.status, "30 s" in done.note, "60 s" in done.note)


def test_what_runs_already_is_left_alone(scene: Scene) -> None:
    """Nothing is deleted for a chart that did not change."""
    scene.installed()
    scene.send(install="installed")

    assert [] == scene.calls
    assert ["ChartUnchangedOnPlatform", "ChartInstalled"] == scene.kinds


def test_a_changed_chart_is_installed_again(scene: Scene) -> None:
    """The release is deleted, waited for until it is gone, and installed."""
    scene.installed()
    scene.behaviour.deletion_looks = 3
    scene.send("two", install="installed")

    assert ["upload", "delete", "install"] == scene.calls
    assert ["ReleaseStatusSeen", "ReleaseDeleted", "ReleaseStatusSeen", "ChartInstalled"] == scene.kinds[2:]
    assert scene.platform.world.releases[NAME].chart is scene.platform.world.charts[NAME, "1.2.3"]


def test_another_version_takes_the_release_over(scene: Scene) -> None:
    """The release of the version before is the one that is deleted."""
    scene.installed()
    scene.send("two", install="installed", version="1.2.4")

    assert ["upload", "delete", "install"] == scene.calls
    assert "1.2.4" == scene.platform.world.releases[NAME].chart.version


def test_what_somebody_else_installed_since_is_installed_again(scene: Scene) -> None:
    """Nobody knows which content that was."""
    scene.installed()
    scene.platform.world.delete(NAME)
    scene.clock.advance(60)
    scene.platform.world.install(NAME, "1.2.3")
    assert ["delete", "install"] == scene.calls
    scene.send(install="installed")

    assert ["delete", "install"] == scene.calls


def test_what_was_installed_by_hand_after_an_upload_runs_the_new_one(scene: Scene) -> None:
    """A lost state costs one re-install."""
    scene.installed()
    scene.cache.forget()
    scene.send(install="installed")

    assert ["upload", "delete", "install"] == scene.calls


def test_values_typed_in_are_told_to_be_lost(scene: Scene) -> None:
    """Their names are those of the chart that is listed."""
    scene.installed()
    scene.send("token", install="installed")

    assert any(isinstance(e, ev.Noticed) and e.message.endswith("lost: token") for e in scene.events)


def test_a_chart_for_several_releases_is_left_alone(scene: Scene) -> None:
    """The releases that run the chart before are named."""
    scene.keywords = ("kaapanaapplication", "kaapanamultiinstallable")
    scene.send()
    scene.platform.world.install(NAME, "1.2.3", "x-one", "p")
    scene.platform.world.install(NAME, "1.2.3", "x-two", "p")
    assert 3 == len(scene.calls)
    scene.send("two", install="always")

    assert ["upload"] == scene.calls
    (told,) = [event for event in scene.events if isinstance(event, ev.Noticed)]
    assert "x-one, x-two" in told.message


def test_the_list_before_the_installation_is_not_believed(scene: Scene) -> None:
    """Although the release before is listed as ready, the new one is waited for, and found in trouble."""
    scene.installed()
    scene.behaviour.list_delay = 30.0
    scene.behaviour.pods = ("errimagepull",)
    with pytest.raises(ChartError, match="deployed, but its pods are errimagepull") as caught:
        scene.send("two", install="installed")

    assert 25 <= scene.clock.monotonic()
    assert "kubectl" in caught.value.hint


def test_every_state_is_told_once(scene: Scene) -> None:
    """As the platform words it, from pending to ready."""
    scene.behaviour.pending_looks = 2
    scene.behaviour.ready_looks = 4
    scene.send(install="always")
    seen = [(e.status, e.pods) for e in scene.events if isinstance(e, ev.ReleaseStatusSeen)]

    assert [
        ("pending-install", ()),
        ("deployed", ("pending",)),
        ("deployed", ("completed",)),
    ] == seen


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(install_fails=True), "Chart install command failed for demo-workflow"),
        (Behaviour(release_fails=True), "release demo-workflow is failed"),
        (Behaviour(pods=("running", "crashloopbackoff")), "but its pods are running, crashloopbackoff"),
        (Behaviour(ready_looks=10**6), "not ready after 60 s: it is deployed, its pods are pending"),
        (Behaviour(pending_looks=10**6), "not ready after 60 s: it is pending-install"),
        (Behaviour(list_delay=10**6), "not ready after 60 s: it is deployed, its pods are not told"),
    ],
)
def test_an_installation_that_does_not_come_to_run(scene: Scene, behaviour: Behaviour, words: str) -> None:
    """It fails with the platform's words, and is tried again the next time."""
    scene.send()
    scene.platform.extensions()
    scene.platform.world.behaviour = behaviour
    with pytest.raises(ChartError, match=words):
        scene.send(install="always")
    scene.platform.world.behaviour = Behaviour()
    assert scene.calls
    scene.send(install="always")

    assert "install" in scene.calls
    assert "ChartInstalled" == scene.kinds[-1]


def test_a_deletion_that_gets_stuck(scene: Scene) -> None:
    """It is told with the state, and nothing is installed over it; later it is gone on with."""
    scene.installed()
    scene.behaviour.never_gone = True
    with pytest.raises(ChartError, match="release demo-workflow is not gone after 60 s: uninstalling"):
        scene.send("two", install="installed")
    assert ["upload", "delete"] == scene.calls
    scene.behaviour.never_gone = False
    scene.send("two", install="installed")

    assert ["install"] == scene.calls


def test_interrupted_in_between_it_is_gone_on_with(scene: Scene) -> None:
    """A release that we deleted is installed by the next run, though nothing is installed then."""
    scene.installed()
    scene.behaviour.install_fails = True
    with pytest.raises(ChartError) as caught:
        scene.send("two", install="installed")
    assert "nothing of it runs now" in caught.value.hint
    scene.behaviour.install_fails = False
    assert ["upload", "delete", "install"] == scene.calls
    scene.send("two", install="installed")

    assert ["install"] == scene.calls


def test_a_chart_that_is_not_listed_is_installed_too(scene: Scene) -> None:
    """Whether its pods run can't be known, which is said."""
    scene.keywords = ()
    scene.send(install="always")
    done = scene.events[-1]

    assert isinstance(done, ev.ChartInstalled)
    assert "not told" in done.note


def test_what_helm_says_may_be_unreadable(scene: Scene) -> None:
    """The list tells then, also that nothing changed since."""
    scene.behaviour.unreadable = True
    scene.installed()
    scene.send("two", install="installed")
    assert ["upload", "delete", "install"] == scene.calls
    scene.send("two", install="installed")

    assert [] == scene.calls


def test_a_chart_that_is_packaged_anew_meanwhile_is_not_remembered(scene: Scene) -> None:
    """What was sent may be the one or the other: it is sent once more."""
    sent = scene.platform.upload_chart

    def upload(archive: str) -> str:
        said = sent(archive)
        Path(archive).write_bytes(Path(archive).read_bytes() + b"\0")
        return said

    scene.platform.upload_chart = upload  # type: ignore[method-assign]
    scene.send()
    scene.platform.upload_chart = sent  # type: ignore[method-assign]

    assert scene.send()


def test_a_list_that_can_not_be_had_costs_an_upload(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken for there that is not told to be."""
    scene.send()

    def fail() -> None:
        raise ChartError("Failed to get extensions")

    monkeypatch.setattr(scene.platform, "extensions", fail)

    assert scene.send()




def test_what_the_platform_has_is_kept_as_a_copy(scene: Scene) -> None:
    """The last upload and the last installation, though the chart is packaged under one name again and again."""
    scene.installed("one")
    scene.send("two")
    scene.send("three")
    (scene.folder / f"{NAME}-1.2.3.tgz").unlink()

    kept = {path.name: archive.uses for archive in read_archives(str(scene.folder / DELIVERED))
            for path in [Path(archive.path)]}  # fmt: skip
    texts = {path.name: read_archive(path.read_bytes(), "")[1]["values.yaml"].decode()
             for path in (scene.folder / DELIVERED).iterdir()}  # fmt: skip

    assert {f"{NAME}.installed.tgz", f"{NAME}.uploaded.tgz"} == set(kept) == set(texts)
    assert "{one: x}" in texts[f"{NAME}.installed.tgz"]
    assert "{three: x}" in texts[f"{NAME}.uploaded.tgz"]
