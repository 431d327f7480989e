"""New extensions as the command line writes them: built, pushed and packaged for real, and their images run."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import struct
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import Command, Run, base_environ
from tests.support.reading_back import RegistryReader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

VERSION = "1.2.3"
PLATFORM = ("global.services_namespace=services", "global.registry_url=r.example/p", "global.kaapana_build_version=9")
BATCH = {"WORKFLOW_DIR": "data", "BATCH_NAME": "batch", "OPERATOR_IN_DIR": "in", "OPERATOR_OUT_DIR": "out"}


@dataclass(frozen=True)
class Made:
    """A new extension, built.

    Args:
        name: of it.
        folder: of it.
        run: of the build.
    """

    name: str
    folder: Path
    run: Run

    @property
    def archive(self) -> str:
        """The chart's archive."""
        (packaged,) = self.run.named("ChartPackaged")
        return str(packaged["archive"])


@pytest.fixture(scope="module")
def command(engine_endpoint: str, registry_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command line with a home of its own; upstream images are those of this machine's set-up."""
    home = tmp_path_factory.mktemp("home")
    (home / "extensions").mkdir()
    (home / "state").mkdir()
    usual = Path(os.environ.get("EDK_STATE_DIR") or Path.home() / ".local/state/edk", "edk.yaml")
    if usual.is_file():
        shutil.copy(usual, home / "state/edk.yaml")
    made = Command(home, dict(base_environ(engine_endpoint, home)))
    yield made
    made.end()


@pytest.fixture(scope="module")
def client(engine_endpoint: str) -> Iterator[Any]:
    """A client of the engine."""
    import docker

    with closing(docker.DockerClient(base_url=engine_endpoint, timeout=120)) as made:
        yield made


@pytest.fixture
def registry(registry_host: str) -> RegistryReader:
    """What reads the registry."""
    return RegistryReader(registry_host)


@pytest.fixture
def helm() -> str:
    """The real helm."""
    found = shutil.which("helm")
    if found is None:
        pytest.skip("helm is not installed")
    return found


def make(command: Command, kind: str, *flags: str) -> Made:
    """Write a new extension, and build it as its last line says."""
    name = f"new-{kind}-{uuid.uuid4().hex[:8]}"
    told = json.loads(command("new", name, *flags, "--json").expect(0).out)
    _, *arguments = told["next"].split()
    run = command(*arguments, "--no-import", "--json", timeout=800).expect(0)
    return Made(name, Path(told["folder"]), run)


def rendered(helm: str, made: Made) -> list[dict[str, Any]]:
    """Lint the packaged chart, and return what the cluster would be given."""
    values = [word for value in PLATFORM for word in ("--set-string", value)]
    for command in ("lint", "template"):
        done = subprocess.run([helm, command, made.archive, *values], capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stdout + done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def containers(documents: list[dict[str, Any]]) -> set[str]:
    """The images of all Jobs."""
    jobs = [document for document in documents if document["kind"] == "Job"]
    return {each["image"] for job in jobs for each in job["spec"]["template"]["spec"]["containers"]}


def image() -> bytes:
    """Write a NIfTI-1 header by hand, packed."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<4h", head, 40, 3, 12, 10, 8)
    struct.pack_into("<4f", head, 76, 1, 0.5, 0.5, 2.0)
    return gzip.compress(bytes(head))


def run_image(
    client: Any, made: Made, files: dict[str, bytes], environ: dict[str, str], command: list[str] | None = None
) -> dict[str, bytes]:
    """Run the pushed image over files below /, expect success, and return what is below their top folders then.

    A command is put in the place of the entry point, as Kubernetes does.
    """
    ref = f"localhost:32000/{made.name}:{VERSION}"
    client.images.pull(ref)
    entry = {"entrypoint": command} if command else {}
    container = client.containers.create(ref, environment=environ, network_disabled=True, **entry)
    try:
        container.put_archive("/", _packed(files))
        container.start()
        code = container.wait(timeout=120)["StatusCode"]
        assert 0 == code, container.logs().decode()
        top = "/data" if environ else "/home/kaapana"
        chunks, _ = container.get_archive(top)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            return {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}  # type: ignore[union-attr]
    finally:
        container.remove(force=True)
        client.images.remove(ref, force=True, noprune=True)


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture(scope="module")
def default(command: Command) -> Made:
    """A new extension without options."""
    return make(command, "default")


@pytest.fixture(scope="module")
def tasks(command: Command) -> Made:
    """A new extension whose workflow is one of tasks."""
    return make(command, "v2", "--v2")


def test_the_default_runs(default: Made, command: Command, client: Any) -> None:
    """Its image is pushed, and describes an image; nothing is left to build."""
    written = run_image(client, default, {"data/batch/case-1/in/ct.nii.gz": image()}, BATCH)

    assert {"size": [12, 10, 8], "voxel_mm": [0.5, 0.5, 2.0]} == json.loads(written["data/batch/case-1/out/ct.json"])
    again = command("build", "--dir", str(default.folder), "--no-import", "--json").expect(0)
    assert [] == again.images("ImageBuilt")


def test_its_chart_asks_for_a_dag_image_that_there_is(default: Made, registry: RegistryReader, helm: str) -> None:
    """In the registry, under a path that holds its digest, and the tag that the installer's chart has."""
    (asked,) = containers(rendered(helm, default))
    repository, _, tag = asked.removeprefix("localhost:32000/").partition(":")

    digest = registry.digest(f"dag-{default.name}", VERSION)
    assert f"edk/{digest[7:23]}/dag-{default.name}" == repository
    assert digest == registry.digest(repository, tag)


def test_with_a_graphics_card(command: Command, client: Any, registry: RegistryReader) -> None:
    """The image asks the container runtime for the driver, and the program runs without a card too."""
    made = make(command, "gpu", "--gpu")

    written = run_image(client, made, {"data/batch/case-1/in/ct.nii.gz": image()}, BATCH)
    assert "data/batch/case-1/out/ct.json" in written
    assert "NVIDIA_VISIBLE_DEVICES=all" in registry.config(made.name, VERSION)["config"]["Env"]


def test_the_chart_of_a_workflow_of_tasks_carries_it(tasks: Made, helm: str, registry: RegistryReader) -> None:
    """DAG and form for the platform's installer, the images in the DAG being those that were built."""
    documents = rendered(helm, tasks)
    (carried,) = [document["data"] for document in documents if document["kind"] == "ConfigMap"]

    written = {path.name: path.read_text() for path in (tasks.folder / "workflow-chart/files").iterdir()}
    assert {f"dag_{tasks.name.replace('-', '_')}.py", "workflow.json"} == set(written)
    exact = f'image="localhost:32000/{tasks.name}@{registry.digest(tasks.name, VERSION)}"'
    as_built = {name: re.sub(r'image=f"[^"]*"', exact, text) for name, text in written.items()}
    assert as_built == carried
    assert {"r.example/p/workflow-installer:9"} == containers(documents)


def test_tasks_run_as_the_image_says(tasks: Made, client: Any) -> None:
    """One after the other, by the commands of the processing-container.json that the platform reads from it."""
    place = "home/kaapana/processing-container.json"
    read = run_image(client, tasks, {}, {}, ["cp", "/processing-container.json", f"/{place}"])
    container = json.loads(read["kaapana/processing-container.json"])
    commands = {task["identifier"]: " ".join(task["command"]) for task in container["templates"]}

    script = f"{commands['make-example']} && {commands['process']}"
    written = run_image(client, tasks, {}, {}, ["sh", "-c", script])

    results = {name: json.loads(text) for name, text in written.items() if name.startswith("kaapana/results/")}
    assert ["kaapana/results/example-0/image.json", "kaapana/results/example-1/image.json"] == sorted(results)
    assert {(16, 12, 8)} == {tuple(found["size"]) for found in results.values()}


def test_around_an_image_without_python(command: Command, client: Any, busybox: str) -> None:
    """Its own shell runs the wrapper, which hands the input on until it is given a command."""
    made = make(command, "image", "--from-image", busybox)

    written = run_image(client, made, {"data/batch/case-1/in/a scan.dcm": b"\0\1"}, BATCH)

    assert b"\0\1" == written["data/batch/case-1/out/a scan.dcm"]
