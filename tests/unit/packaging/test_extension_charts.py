"""Which charts a build packages, and when it need not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from edk.domain import events as ev
from edk.domain.errors import ChartError
from edk.domain.workspace import Root
from edk.orchestrator.charts import package_charts
from edk.orchestrator.package import folders_by_name, package_extension_charts
from edk.orchestrator.services import Services
from edk.ports import ChartPackager
from tests.unit.core.bench import EXTENSION, Bench
from tests.unit.core.building import dockerfile

OTHER = Root("/w/more", "extension", 0)
FAR = Root("/w/extensions", "extensions", 1)
ONE = {
    "one/Chart.yaml": "apiVersion: v2\nname: one\nversion: 0.0.0\n",
    "one/values.yaml": 'global:\n  image: "localhost:32000/dag-one"\n',
    "docker/Dockerfile": dockerfile("dag-one", "FROM scratch"),
}
TWO = {
    "two/Chart.yaml": "apiVersion: v2\nname: two\nversion: 0.0.0\n",
    "two/values.yaml": 'global:\n  image: "localhost:32000/dag-two"\n',
    "two-docker/Dockerfile": dockerfile("dag-two", "FROM scratch"),
}


@dataclass
class CountingPackager:
    """Writes a chart's files into one, and keeps the names of what it packaged."""

    packaged: list[str] = field(default_factory=list)
    error: ChartError | None = None
    manifests: str = ""
    renders: bool = True

    def render(self, archive: str, values: Mapping[str, str]) -> str:
        """Return the manifests that the test wants."""
        return self.manifests

    def package(self, chart_dir: str, out_dir: str) -> str:
        """Write the archive, or fail."""
        self.packaged.append(Path(chart_dir).name)
        if self.error is not None:
            raise self.error
        archive = Path(out_dir, f"{Path(chart_dir).name}-0.6.0.tgz")
        archive.parent.mkdir(exist_ok=True)
        archive.write_bytes(b"".join(f.read_bytes() for f in sorted(Path(chart_dir).rglob("*")) if f.is_file()))
        return str(archive)


@dataclass
class Shop:
    """A bench whose builds end in charts."""

    bench: Bench
    packager: CountingPackager = field(default_factory=CountingPackager)
    by: str = "fake"

    @property
    def services(self) -> Services:
        """The bench's, with the packager."""

        def packager() -> tuple[ChartPackager, str]:
            return self.packager, self.by

        return replace(self.bench.services, packager=packager)

    def build(self) -> tuple[int, int]:
        """Build, package, and return how many charts were packaged, and how many failed."""
        plan = self.bench.plan()
        done = package_extension_charts(self.services, plan, self.bench.build(plan))
        return done.archives, done.failed

    def told(self, kind: type) -> list[ev.Event]:
        """Return the events of one kind so far."""
        return [event for event in self.bench.sink.events if isinstance(event, kind)]

    def last_by(self) -> list[str]:
        """Return by what each chart was packaged, as told since last asked."""
        by = [event.by for event in self.bench.sink.events if isinstance(event, ev.ChartPackaged)]
        self.bench.sink.events.clear()
        return by


OpenShop = Callable[..., Shop]


@pytest.fixture
def shop(tmp_path: Path) -> OpenShop:
    """Makes a shop over files of the extension; its state is a folder of the test."""

    def open_shop(files: dict[str, str], *more: Root) -> Shop:
        bench = Bench(files, (EXTENSION, *more), state_dir=str(tmp_path))
        for root in more:
            bench.disk.mkdir(root.path)
        return Shop(bench)

    return open_shop


def test_an_unchanged_chart_is_not_packaged_again(shop: OpenShop) -> None:
    """The second time the archive that is there is named, as unchanged."""
    opened = shop(ONE)

    assert [(1, 0), (1, 0)] == [opened.build(), opened.build()]

    assert ["one"] == opened.packager.packaged
    first, second = (event for event in opened.told(ev.ChartPackaged) if isinstance(event, ev.ChartPackaged))
    assert structs.replace(first, by="unchanged", seconds=0.0) == structs.replace(second, seconds=0.0)
    assert Path(second.archive).is_file()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("one/values.yaml", 'global:\n  image: "localhost:32000/dag-one"\n  extra: 1\n'),
        ("one/Chart.yaml", "apiVersion: v2\nname: one\nversion: 0.0.0\ndescription: new\n"),
        ("one/values.yaml", 'global:\n  image: "localhost:32000/dag-two"\n'),
        ("one/templates/x.yaml", "kind: ConfigMap\n"),
    ],
)
def test_a_changed_chart_is_packaged_again(path: str, content: str, shop: OpenShop) -> None:
    """A further value, a description, another value of the same length, a further file: all of it is in the archive."""
    opened = shop(ONE)
    opened.build()

    opened.bench.write(path, content)
    opened.build()

    assert ["one", "one"] == opened.packager.packaged


def test_back_to_what_it_was_is_packaged_again(shop: OpenShop) -> None:
    """The archive on disk is that of the other content, though this one is known."""
    opened = shop(ONE)
    opened.build()
    opened.bench.write("one/values.yaml", "global: {}\n")
    opened.build()

    opened.bench.write("one/values.yaml", ONE["one/values.yaml"])
    opened.build()

    assert ["fake", "fake", "fake"] == opened.last_by()


def test_another_version_is_packaged_again(shop: OpenShop) -> None:
    """The platform's version is the chart's."""
    opened = shop(ONE)
    opened.build()
    services = opened.services
    plan = opened.bench.plan()
    newer = replace(services, settings=replace(services.settings, build_version="0.7.0"))

    done = package_extension_charts(newer, plan, opened.bench.build(plan))

    assert (1, 0) == (done.archives, done.failed)
    assert ["one", "one"] == opened.packager.packaged


def test_another_packager_packages_again(shop: OpenShop) -> None:
    """What helm makes is not what our own writer makes."""
    opened = shop(ONE)
    opened.build()
    opened.by = "helm"
    opened.build()

    assert ["fake", "helm"] == opened.last_by()


@pytest.mark.parametrize("hand", ["deleted", "changed", "emptied", "a folder"])
def test_an_archive_that_somebody_touched_is_made_again(hand: str, shop: OpenShop, tmp_path: Path) -> None:
    """What is named in the end is always what was packaged."""
    opened = shop(ONE)
    opened.build()
    archive = tmp_path / "charts" / "one-0.6.0.tgz"
    right = archive.read_bytes()
    match hand:
        case "deleted":
            archive.unlink()
        case "changed":
            archive.write_bytes(right + b" ")
        case "emptied":
            archive.write_bytes(b"")
        case _:
            archive.unlink()
            archive.mkdir()
            opened.packager.error = ChartError("is a folder")

    assert ((1, 0) if hand != "a folder" else (0, 1)) == opened.build()
    assert ["one", "one"] == opened.packager.packaged
    assert hand == "a folder" or right == archive.read_bytes()


def test_a_lost_state_costs_work_and_no_truth(shop: OpenShop) -> None:
    """Without memory of it, the chart is packaged again."""
    opened = shop(ONE)
    opened.build()
    opened.bench.cache.forget()
    opened.build()

    assert ["one", "one"] == opened.packager.packaged


def test_a_failed_packaging_is_not_remembered(shop: OpenShop) -> None:
    """The next run tries again."""
    opened = shop(ONE)
    opened.packager.error = ChartError("no space", "free some")
    assert (0, 1) == opened.build()
    opened.packager.error = None

    assert (1, 0) == opened.build()
    assert [ev.ChartFailed("one", "no space", "free some")] == opened.told(ev.ChartFailed)


def test_a_chart_whose_image_failed_is_not_packaged_and_says_so(shop: OpenShop) -> None:
    """The chart would install what is not there; the other one is packaged."""
    broken = dockerfile("dag-one", "FROM scratch", "RUN exit 1")
    opened = shop({**ONE, **TWO, "docker/Dockerfile": broken})

    assert (1, 1) == opened.build()

    assert ["two"] == opened.packager.packaged
    (failed,) = opened.told(ev.ChartFailed)
    assert isinstance(failed, ev.ChartFailed)
    assert ("one", True) == (failed.chart, failed.message.endswith(": dag-one"))
    assert failed.hint


def test_a_chart_whose_image_is_blocked_is_not_packaged(shop: OpenShop) -> None:
    """Since what it stands on failed."""
    base = 'FROM scratch\nLABEL REGISTRY="local-only" IMAGE="base-x"\nRUN exit 1\n'
    opened = shop({**ONE, "docker/Dockerfile": dockerfile("dag-one", "FROM local-only/base-x"), "b/Dockerfile": base})

    assert (0, 1) == opened.build()
    assert [] == opened.packager.packaged


def test_a_chart_is_not_kept_back_by_images_that_it_does_not_name(shop: OpenShop) -> None:
    """Another image's failure is told by the image."""
    opened = shop({**ONE, "other/Dockerfile": dockerfile("other", "FROM scratch", "RUN exit 1")})

    assert (1, 0) == opened.build()


def test_a_mended_image_lets_its_chart_be_packaged(shop: OpenShop) -> None:
    """At the next run, with nothing else changed."""
    opened = shop({**ONE, "docker/Dockerfile": dockerfile("dag-one", "FROM scratch", "RUN exit 1")})
    opened.build()
    opened.bench.write("docker/Dockerfile", ONE["docker/Dockerfile"])

    assert (1, 0) == opened.build()


def test_the_charts_of_several_extensions_are_packaged(shop: OpenShop) -> None:
    """Those that were asked for; charts of folders that are only looked into are not."""
    opened = shop(ONE, OTHER, FAR)
    for path, content in TWO.items():
        opened.bench.write(f"{OTHER.path}/{path}", content)
    opened.bench.write(f"{FAR.path}/three/Chart.yaml", "apiVersion: v2\nname: three\nversion: 0.0.0\n")

    assert (2, 0) == opened.build()
    assert ["one", "two"] == sorted(opened.packager.packaged)


def test_of_two_charts_of_one_name_neither_is_packaged(shop: OpenShop) -> None:
    """They would be one archive; both places are told, and the third chart is packaged."""
    opened = shop({**ONE, **TWO}, OTHER)
    opened.bench.write(f"{OTHER.path}/deep/Chart.yaml", ONE["one/Chart.yaml"])

    assert (1, 2) == opened.build()

    assert ["two"] == opened.packager.packaged
    told = [d for d in opened.bench.plan().diagnostics if d.diagnostic.code == "EDK315"]
    assert [(EXTENSION, "one/Chart.yaml"), (OTHER, "deep/Chart.yaml")] == [(d.root, d.diagnostic.file) for d in told]
    assert ["/w/more/deep too", "/w/ext/one too"] == [d.diagnostic.message.split(" is in ")[1] for d in told]
    assert ["one", "one"] == [event.chart for event in opened.told(ev.ChartFailed) if isinstance(event, ev.ChartFailed)]


def test_a_chart_may_have_the_name_of_one_that_is_only_looked_into(shop: OpenShop) -> None:
    """An extension that was copied from the platform's."""
    opened = shop(ONE, FAR)
    opened.bench.write(f"{FAR.path}/one/Chart.yaml", ONE["one/Chart.yaml"])

    assert (1, 0) == opened.build()
    assert () == opened.bench.plan().diagnostics


def test_charts_that_others_depend_on_go_into_their_archives(shop: OpenShop) -> None:
    """They are found by name over all roots, and packaged with what needs them alone."""
    needing = ONE["one/Chart.yaml"] + "dependencies:\n- name: sub\n  version: 0.0.0\n- name: far\n  version: 0.0.0\n"
    sub = {"sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.0.0\n"}
    opened = shop({**ONE, **sub, "one/Chart.yaml": needing}, FAR)
    opened.bench.write(f"{FAR.path}/far/Chart.yaml", "apiVersion: v2\nname: far\nversion: 0.0.0\n")
    assert (1, 0) == opened.build()

    opened.bench.write(f"{FAR.path}/far/values.yaml", "a: 1\n")
    opened.build()

    assert ["one", "one"] == opened.packager.packaged


def test_no_chart_is_right_as_well(shop: OpenShop) -> None:
    """Nothing is packaged, nothing failed, nothing is told."""
    opened = shop({"x/Dockerfile": dockerfile("x", "FROM scratch")})

    assert (0, 0) == opened.build()
    assert [] == opened.told(ev.ChartFailed) + opened.told(ev.ChartPackaged)


def test_of_two_charts_of_one_name_the_nearest_is_the_dependency(shop: OpenShop) -> None:
    """The extension's own before that of a folder farther away."""
    chart = "apiVersion: v2\nname: same\nversion: 0.0.0\n"
    opened = shop({"near/Chart.yaml": chart}, FAR)
    opened.bench.write(f"{FAR.path}/same/Chart.yaml", chart)

    assert {"same": "/w/ext/near"} == dict(folders_by_name(opened.bench.plan().workspace.charts))


def test_no_source_gives_no_result() -> None:
    """Without charts nothing of the packaging is needed."""
    assert () == package_charts((), None)  # type: ignore[arg-type]
