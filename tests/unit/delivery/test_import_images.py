"""Images on their way into containerd: which are sent, under which name, and what is left behind."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from edk.domain import events as ev
from edk.domain.cluster import NodeImage
from edk.domain.errors import EdkError
from edk.orchestrator.import_images import Imported, import_images, imports_of
from tests.fakes.cluster import FakeCluster
from tests.fakes.platform import FakePlatform
from tests.fakes.registry import FakeRegistry
from tests.unit.core.bench import Bench
from tests.unit.core.building import base, dockerfile

FILES = {
    "base/Dockerfile": base("base", "FROM scratch"),
    "seg/Dockerfile": dockerfile("seg", "FROM local-only/base:latest"),
    "seg/SegOperator.py": 'class SegOperator(KaapanaBaseOperator):\n    def __init__(self):\n'
    '        super().__init__(image="localhost:32000/seg:0.9.1")\n',
    "rep/Dockerfile": dockerfile("rep", "FROM scratch"),
}
REFS = {"reg.example.org/seg:0.6.0", "reg.example.org/seg:0.9.1", "reg.example.org/rep:0.6.0"}


class ArchivableRegistry(FakeRegistry):
    """A registry whose configs can be read, as an archive needs it."""

    def blob(self, repository: str, digest: str) -> Iterable[bytes]:
        """Yield a config."""
        yield self._repositories[repository].configs[digest]


class Yard:
    """A bench whose builds end in imports."""

    def __init__(self, volume: Path) -> None:
        self.volume = volume
        self.bench = Bench(FILES, platform_registry="reg.example.org", volume_path=str(volume), kube_helm_url="u")
        self.bench.registry = ArchivableRegistry()
        self.bench.builder._registry = self.bench.registry
        self.bench.services = replace(
            self.bench.services, registry=self.bench.registry, builder=self.bench.builder, cluster=FakeCluster(away="x")
        )
        self.platform = FakePlatform(images=("seg_0.6.0.tar", "seg_0.9.1.tar", "rep_0.6.0.tar"))

    def build(self) -> Imported:
        """Build and import, and forget what was told before."""
        self.bench.sink.events.clear()
        plan = self.bench.plan()
        state = self.bench.build(plan)
        return import_images(self.bench.services, self.platform, imports_of(plan, state, "reg.example.org"))

    def nodes_have(self, *images: NodeImage) -> None:
        """Let the cluster answer."""
        self.bench.services = replace(self.bench.services, cluster=FakeCluster(images))

    def refs(self, kind: type) -> set[str]:
        """Return the refs of the events of one kind."""
        return {event.ref for event in self.bench.sink.events if isinstance(event, kind)}


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """An empty registry, an empty platform."""
    return Yard(tmp_path)


def test_every_tag_of_what_was_built_is_imported(yard: Yard) -> None:
    """Under the platform's name for it, without bases; no archive is left behind."""
    assert Imported() == yard.build()
    assert REFS == yard.refs(ev.ImageImported)
    assert {"seg_0.6.0.tar", "seg_0.9.1.tar", "rep_0.6.0.tar"} == set(yard.platform.imported)
    assert [] == list(yard.volume.iterdir())


def test_what_was_imported_is_not_imported_again(yard: Yard) -> None:
    """Unless it is built anew."""
    yard.build()
    yard.build()
    assert (set(), REFS) == (yard.refs(ev.ImageImported), yard.refs(ev.ImageKeptOnPlatform))
    yard.bench.write("rep/Dockerfile", dockerfile("rep", "FROM scratch\nENV A=1"))
    yard.build()

    assert {"reg.example.org/rep:0.6.0"} == yard.refs(ev.ImageImported)


def test_what_a_node_has_is_not_imported(yard: Yard) -> None:
    """Also where nothing is remembered, as long as every node has it."""
    yard.build()
    yard.bench.cache.forget()
    digest = _digest(yard, "seg")
    yard.nodes_have(NodeImage("a", (f"x/seg@{digest}",)), NodeImage("b", (f"x/seg@{digest}",)))
    yard.build()

    assert {"reg.example.org/rep:0.6.0"} == yard.refs(ev.ImageImported)
    assert {"every node has it"} == {e.reason for e in yard.bench.sink.events if isinstance(e, ev.ImageKeptOnPlatform)}


def test_what_a_node_lost_is_imported_again(yard: Yard) -> None:
    """Whatever is remembered: a node that tells all it has, and has it not, lacks it."""
    yard.build()
    yard.nodes_have(NodeImage("a", ("docker.io/other:1",)))
    yard.build()

    assert REFS == yard.refs(ev.ImageImported)


def test_a_node_that_tells_not_all_it_has_is_not_believed(yard: Yard) -> None:
    """A list of fifty images may leave some out."""
    yard.build()
    yard.nodes_have(*(NodeImage("a", (f"docker.io/other:{number}",)) for number in range(50)))
    yard.build()

    assert set() == yard.refs(ev.ImageImported)


def test_an_import_that_fails_leaves_its_archive_and_the_others_go_on(yard: Yard) -> None:
    """The platform's words are shown; the next run tries it again."""
    yard.platform.images.remove("seg_0.9.1.tar")

    assert Imported(failed=1) == yard.build()
    (failed,) = [event for event in yard.bench.sink.events if isinstance(event, ev.ImageImportFailed)]
    assert "can not be found" in failed.message
    assert ["seg_0.9.1.tar"] == [path.name for path in yard.volume.iterdir()]
    assert tarfile.is_tarfile(yard.volume / "seg_0.9.1.tar")
    yard.platform.images.append("seg_0.9.1.tar")
    assert Imported() == yard.build()
    assert {"reg.example.org/seg:0.9.1"} == yard.refs(ev.ImageImported)
    assert [] == list(yard.volume.iterdir())


def test_a_platform_that_is_away_is_asked_once(yard: Yard) -> None:
    """The rest is left for the next run."""
    yard.platform.away = "no route"

    assert Imported(failed=1, away=True) == yard.build()
    assert 1 == len(yard.refs(ev.ImageImportFailed))


def test_a_volume_that_can_not_be_written_is_told(yard: Yard) -> None:
    """With its path."""
    yard.volume.rmdir()
    yard.volume.write_text("in the way")
    yard.build()

    assert all(str(yard.volume) in e.message for e in yard.bench.sink.events if isinstance(e, ev.ImageImportFailed))
    assert REFS == yard.refs(ev.ImageImportFailed)


def _digest(yard: Yard, repository: str) -> str:
    found = yard.bench.registry.head(repository, "0.6.0")
    if found is None:
        raise EdkError(f"no {repository}")
    return found.digest
