"""One registry by two names: that which it is reached by, and that which images and charts say."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

CLUSTER = "local-registry.services.svc.cluster.local:5000"
# No registry answers at the second of these names: whatever is sent there fails.
NAMES = [("127.0.0.1:32000", "localhost:32000"), ("localhost:32000", "registry.invalid:5000")]


@pytest.fixture(params=NAMES, ids=["both reach it", "one reaches it"])
def names(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The name that the registry is reached by, and the one in references."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def command(edk: Command, names: tuple[str, str]) -> Command:
    """The command line with both names in its environment."""
    return edk.with_environ(LOCAL_REGISTRY_URL=names[0], EDK_REGISTRY=names[1])


def test_pushes_go_by_one_name_and_references_say_the_other(
    command: Command, names: tuple[str, str], whole: Extension, registry: RegistryReader
) -> None:
    """In the plan, in the events, in the chart; and a second run finds everything there."""
    reached, said = names
    arguments = ("build", "--dir", str(whole.path), "--no-import", "--json")

    run = command(*arguments).expect(0)

    images = [whole.name(short) for short in ("base", "dag", "seg")]
    assert sorted(images) == run.images("ImageFinished")
    assert all(registry.has(name, "latest" if name == whole.name("base") else "1.2.3") for name in images)
    plan = command("plan", "--dir", str(whole.path), "--json").expect(0).plan
    assert {said} == {ref.split("/")[0] for image in plan["images"] for ref in image["refs"]}
    assert {said} == {ref.split("/")[0] for event in run.named("ImageFinished") for ref in event["refs"]}
    assert {"skip"} == {image["action"] for image in plan["images"]}
    (packaged,) = run.named("ChartPackaged")
    url = values_of(packaged["archive"])["global"]["custom_registry_url"]
    assert (said, "edk") == tuple(url.split("/")[:2])
    assert reached != said


def test_a_dependent_is_built_on_the_digest_by_the_name_that_reaches_it(
    command: Command, names: tuple[str, str], whole: Extension, registry: RegistryReader
) -> None:
    """The engine pulls by it; the log of the image shows so."""
    run = command("build", "--dir", str(whole.path), "--no-import", "--json").expect(0)

    logs = {event["image"]: Path(event["log"]).read_text() for event in run.named("ImageStarted")}
    base = f"{names[0]}/{whole.name('base')}@{registry.digest(whole.name('base'), 'latest')}"
    assert base in logs[whole.name("seg")]
    assert base in logs[whole.name("dag")]


@pytest.mark.parametrize("written", ["127.0.0.1:32000", "localhost:32000", "local-only"])
def test_a_base_is_found_by_each_name(written: str, edk: Command, extension: Extension) -> None:
    """One target, whichever name its dependents write."""
    extension.local_base("base")
    extension.image("x", base=f"{written}/{extension.name('base')}:latest")
    command = edk.with_environ(LOCAL_REGISTRY_URL="127.0.0.1:32000", EDK_REGISTRY="localhost:32000")

    run = command("build", "--dir", str(extension.path), "--json").expect(0)

    assert [extension.name("base"), extension.name("x")] == [event["image"] for event in run.named("ImageFinished")]


@pytest.mark.parametrize("written", [CLUSTER, "localhost:32000", "local-only"])
def test_in_the_cluster_a_base_is_found_by_each_name(written: str, edk: Command, extension: Extension) -> None:
    """Planned without asking, for its registry is not here."""
    extension.local_base("base")
    extension.image("x", base=f"{written}/{extension.name('base')}:latest")
    command = edk.with_environ(LOCAL_REGISTRY_URL=CLUSTER)

    plan = command("plan", "--dir", str(extension.path), "--json", "--offline").expect(0).plan

    planned = {image["name"]: image for image in plan["images"]}
    assert [extension.name("base")] == planned[extension.name("x")]["depends_on"]
    assert [f"{written}/{extension.name('base')}:latest"] == planned[extension.name("x")]["bases"]
    assert {"localhost:32000"} == {ref.split("/")[0] for image in plan["images"] for ref in image["refs"]}


def values_of(archive: str) -> dict[str, dict[str, str]]:
    """Return the values of a packaged chart."""
    name = Path(archive).name.rpartition("-")[0]
    with tarfile.open(archive) as tar:
        opened = tar.extractfile(f"{name}/values.yaml")
        assert opened is not None
        values: dict[str, dict[str, str]] = yaml.safe_load(opened.read())
        return values
