"""The use case of `edk new` over fakes: what is refused, and what is written."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from edk.adapters.files import FileTree
from edk.commands.wiring import BUNDLED
from edk.domain.errors import UsageError
from edk.domain.new_extension import NewExtension
from edk.domain.workspace import Root
from edk.orchestrator.new import NewRequest, NewResult, create_extension
from edk.orchestrator.scan import TEMPLATES
from edk.orchestrator.services import Services
from tests.unit.core.bench import Bench
from tests.unit.new.making import TEMPLATE_FOLDER, files_of

PARENT = "/w/extensions"
DOCKERFILE = 'FROM debian\n\nLABEL IMAGE="{}"\n'


class Making:
    """Everything around `create_extension`, with one other extension and the bundled bases beside the new one."""

    def __init__(self) -> None:
        self.written: dict[str, dict[str, bytes]] = {}
        roots = (Root(PARENT, "extensions", 1), Root("/bundled", "bundled", 3))
        self.bench = Bench({}, roots, extensions_dir=PARENT)
        self.bench.disk.write(f"{PARENT}/other/Dockerfile", DOCKERFILE.format("other"))
        self.bench.disk.write("/bundled/bases/base/Dockerfile", DOCKERFILE.format("base-python-cpu"))
        for path in TEMPLATE_FOLDER.rglob("*"):
            if path.is_file():
                self.bench.disk.write(
                    f"/bundled/{TEMPLATES}/{path.relative_to(TEMPLATE_FOLDER).as_posix()}", path.read_bytes()
                )

    @property
    def services(self) -> Services:
        """The services."""
        return self.bench.services

    def __call__(self, name: str, **options: object) -> NewResult:
        """Make an extension."""
        extension = NewExtension(name, **options)  # type: ignore[arg-type]
        request = NewRequest(extension, PARENT, self.bench.roots, "/bundled")
        return create_extension(self.services, request, self._write)

    def refusal(self, name: str, **options: object) -> str:
        """Return what is said where one is refused, with the hint; nothing is written, and no lock is kept."""
        with pytest.raises(UsageError) as raised:
            self(name, **options)
        assert {} == self.written
        assert [] == self.bench.locks.held
        return f"{raised.value.message} | {raised.value.hint}"

    def _write(self, folder: str, files: Mapping[str, bytes]) -> None:
        self.written[folder] = dict(files)


@pytest.fixture
def making() -> Making:
    """Everything around it."""
    return Making()


def test_what_is_written_is_what_the_templates_give(making: Making) -> None:
    """In a folder called after the extension, and the files are told."""
    result = making("lung", gpu=True)

    expected = files_of(NewExtension("lung", gpu=True))
    assert NewResult(f"{PARENT}/lung", tuple(expected)) == result
    assert {f"{PARENT}/lung": {path: text.encode() for path, text in expected.items()}} == making.written
    assert [] == making.bench.locks.held


def test_an_empty_folder_is_no_obstacle(making: Making) -> None:
    """Somebody made it beforehand."""
    making.bench.disk.mkdir(f"{PARENT}/lung")

    assert making("lung").files


def test_a_name_that_is_not_allowed(making: Making) -> None:
    """With the reason and a proposal."""
    assert (
        "'Lung_2' can't be the name of an extension: names are words of a-z and 0-9 joined by single hyphens, "
        "and begin with a letter | for example lung-2"
    ) == making.refusal("Lung_2")


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_something_is_there(making: Making, kind: str) -> None:
    """Nothing is written into it."""
    disk = making.bench.disk
    if kind == "link":
        disk.link(f"{PARENT}/lung", "elsewhere")
    else:
        disk.write(f"{PARENT}/lung/x" if kind == "folder" else f"{PARENT}/lung", "mine")

    assert f"{PARENT}/lung is there already, and is not written into" in making.refusal("lung")


@pytest.mark.parametrize("image", ["lung", "dag-lung"])
def test_an_image_of_that_name_is_there(making: Making, image: str) -> None:
    """Wherever in the roots; its Dockerfile is named with the line."""
    making.bench.disk.write(f"{PARENT}/other/deep/Dockerfile", DOCKERFILE.format(image))

    assert f"{PARENT}/other/deep/Dockerfile:3 yields an image '{image}' already" in making.refusal("lung")


def test_a_bundled_base_has_that_name(making: Making) -> None:
    """An extension of that name would stand in its place."""
    assert "/bundled/bases/base/Dockerfile:3 yields" in making.refusal("base-python-cpu")


def test_a_workflow_of_tasks_has_no_dag_image(making: Making) -> None:
    """So its name may be taken."""
    making.bench.disk.write(f"{PARENT}/other/deep/Dockerfile", DOCKERFILE.format("dag-lung"))

    assert making("lung", v2=True).files


def test_a_chart_of_that_name_is_there(making: Making) -> None:
    """It is named."""
    making.bench.disk.write(
        f"{PARENT}/other/chart/Chart.yaml", 'apiVersion: v2\nname: lung-workflow\nversion: "0.0.0"\n'
    )

    assert f"{PARENT}/other/chart/Chart.yaml is a chart 'lung-workflow' already" in making.refusal("lung")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("Ghcr.io/Owner/x", "'Owner' in the name must be lower case"),
        ("x:", "the tag '' is not allowed"),
        ("x y", "is not allowed"),
        ("x\nRUN rm -rf /", "is no image reference"),
        ("${X}", "is no image reference"),
        ("scratch", "it holds nothing, not even a shell"),
        ("local-only/base-python-gpu:latest", "did you mean local-only/base-python-cpu?"),
        ("local-only/lung:latest", "would be built from itself"),
        ("localhost:32000/dag-lung:1", "would be built from itself"),
    ],
)
def test_an_image_that_can_not_be_built_from(making: Making, image: str, said: str) -> None:
    """It is no reference, holds nothing, or is not there."""
    assert said in making.refusal("lung", from_image=image)


@pytest.mark.parametrize(
    "image",
    ["ghcr.io/owner/x:1", "debian", f"x@sha256:{'a' * 64}", "local-only/other:latest", "localhost:32000/given:1"],
)
def test_an_image_to_build_from(making: Making, image: str) -> None:
    """As it was given; whether another registry has it is the build's matter."""
    making("lung", from_image=image)

    dockerfile = making.written[f"{PARENT}/lung"]["processing-containers/lung/Dockerfile"]
    assert f"FROM {image}\n".encode() == dockerfile.splitlines(keepends=True)[0]


def test_two_at_once(making: Making) -> None:
    """The second one is told who is at it."""
    making.bench.locks.busy[f"new:{PARENT}/lung"] = 1

    assert "edk build (pid 12) is making /w/extensions/lung" in making.refusal("lung")


def test_the_bundled_templates_are_no_sources(making: Making) -> None:
    """Their Dockerfiles and charts are not read for a build: nothing is called by a placeholder."""
    from edk.orchestrator.scan import ScanRequest, scan

    workspace = scan(FileTree(), making.bench.cache, ScanRequest((Root(BUNDLED, "bundled", 3),)))

    assert {"base-installer", "base-python-cpu", "base-python-gpu"} == {target.name for target in workspace.targets}
    assert ["dag-installer-chart"] == [located.chart.name for located in workspace.charts]
