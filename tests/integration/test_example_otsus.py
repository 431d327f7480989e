"""The main promise: the example is built by the command line, and the pushed image segments a real file."""

import gzip
import io
import os
import re
import struct
import subprocess
import sys
import tarfile
import urllib.request
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.reading_back import RegistryReader

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/otsus-method"
SHAPE = (12, 10, 8)
ENVIRONMENT = {
    "WORKFLOW_DIR": "data",
    "BATCH_NAME": "batch",
    "OPERATOR_IN_DIR": "in",
    "OPERATOR_OUT_DIR": "out",
}

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def chequered(x, y, z):
    """Tell whether a voxel belongs to the object of the test's image."""
    return 3 <= x < 9 and 2 <= y < 7 and z % 3 != 0


def voxels():
    """List the coordinates of all voxels as they lie in a file: x fastest."""
    return [(x, y, z) for z in range(SHAPE[2]) for y in range(SHAPE[1]) for x in range(SHAPE[0])]


def header(datatype, bits):
    """Write a NIfTI-1 header by hand, oblique and anisotropic, not with the code under test."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *SHAPE, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, datatype, bits)
    struct.pack_into("<4f", head, 76, 1.0, 0.7, 0.7, 2.5)
    struct.pack_into("<3f", head, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<2h", head, 252, 1, 1)
    struct.pack_into("<12f", head, 280, 0.69, -0.1, 0, -90, 0.1, 0.69, 0, 40, 0, 0, 2.5, -300)
    head[344:348] = b"n+1\0"
    return bytes(head)


def image():
    """Write a chest-like CT: air of -1000 to -981 HU, an object of 30 to 49 HU, deterministic noise."""
    values = [(30 if chequered(*at) else -1000) + sum(at) * 7 % 20 for at in voxels()]
    return gzip.compress(header(4, 16) + struct.pack(f"<{len(values)}h", *values))


@pytest.fixture(scope="module")
def tag():
    """Give a platform version that no other run has used, so that nothing is skipped."""
    return f"0.0.0-otsus-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def built(engine_endpoint, registry_host, tag, tmp_path_factory):
    """Build the example by the command line and give its finished process; the chart stays local."""
    nowhere = tmp_path_factory.mktemp("platform") / "none"
    environment = {
        **os.environ,
        "DOCKER_HOST": engine_endpoint,
        "KAAPANA_BUILD_VERSION": tag,
        "KAAPANA_REPO_PATH": str(nowhere),
    }
    return subprocess.run(
        [sys.executable, "-m", "edk", "build", "--dir", "examples/otsus-method", "--no-import"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )


@pytest.fixture(scope="module")
def engine(engine_endpoint):
    """Give a client of the engine."""
    import docker

    with closing(docker.DockerClient(base_url=engine_endpoint, timeout=120)) as client:
        yield client


@pytest.fixture(scope="module")
def pulled(built, engine, registry_host, tag):
    """Give the image as the registry has it: the local name is dropped before the pull."""
    assert built.returncode == 0, built.stdout + built.stderr
    forget(engine, f"{registry_host}/otsus-method:{tag}")
    yield engine.images.pull(f"{registry_host}/otsus-method", tag=tag)
    forget(engine, f"{registry_host}/otsus-method:{tag}")


def forget(engine, ref):
    """Drop a name from the engine, if it has it; layers stay, for the next build's sake."""
    if any(ref in known.tags for known in engine.images.list()):
        engine.images.remove(ref, force=True, noprune=True)


def archive(files):
    """Pack files, by path, as the tar that the engine takes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def run(engine, image, files, command=None, environment=None):
    """Run an image over files; give its exit code, what it printed and a reader of what it wrote."""
    environment = ENVIRONMENT if environment is None else environment
    container = engine.containers.create(image, command, environment=environment, network_disabled=True)
    try:
        container.put_archive("/", archive(files))
        container.start()
        code = container.wait(timeout=120)["StatusCode"]
        written = {}
        if code == 0:
            chunks, _ = container.get_archive("/data")
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
                written = {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}
        return code, container.logs().decode(), written
    finally:
        container.remove(force=True)


def test_build_pushes_both_images(built, registry_host, tag):
    """The build ends with 0, and both images of the extension are in the registry under the version."""
    assert built.returncode == 0, built.stdout + built.stderr
    for name in ("otsus-method", "dag-otsus-method"):
        with urllib.request.urlopen(f"http://{registry_host}/v2/{name}/tags/list", timeout=10) as answer:
            assert tag in answer.read().decode()


def test_mask_is_right(pulled, engine):
    """The pushed image segments a NIfTI file: every voxel is right, and the geometry is the image's."""
    code, printed, written = run(engine, pulled.id, {"data/batch/case-1/in/ct.nii.gz": image()})

    assert code == 0, printed
    mask = gzip.decompress(written["data/batch/case-1/out/ct.nii.gz"])
    expected = bytes(int(chequered(*at)) for at in voxels())
    assert expected == mask[352:]
    source = header(2, 8)
    for described in (slice(40, 56), slice(70, 74), slice(76, 108), slice(252, 348)):
        assert source[described] == mask[described]
    assert f"{sum(expected)} of {len(expected)} voxels" in printed


def test_report_is_written_by_the_same_image(pulled, engine):
    """The report's program, run over what the segmentation left, writes a page with the histogram."""
    _, _, written = run(engine, pulled.id, {"data/batch/case-1/in/ct.nii.gz": image()})
    environment = {**ENVIRONMENT, "OPERATOR_IN_DIR": "out", "OPERATOR_OUT_DIR": "report"}
    command = ["python3", "-u", "/kaapana/app/otsus_report.py"]

    code, printed, pages = run(engine, pulled.id, written, command, environment)

    assert code == 0, printed
    page = pages["data/batch/case-1/report/otsus-report-case-1-ct.html"].decode()
    assert "<svg" in page
    assert "150 of 960 voxels" in page


def test_without_input_it_says_so(pulled, engine):
    """An element without an image ends the container with 1 and names the folder."""
    code, printed, _ = run(engine, pulled.id, {"data/batch/case-1/in/readme.txt": b"no image"})

    assert code == 1
    assert "no input in /data/batch/case-1/in" in printed


def test_dag_image_holds_what_airflow_needs(built, engine, registry_host, tag):
    """The DAG image carries the DAG and its operators where the installer takes them from, with the images built."""
    assert built.returncode == 0, built.stdout + built.stderr
    ref = f"{registry_host}/dag-otsus-method"
    forget(engine, f"{ref}:{tag}")
    container = engine.containers.create(engine.images.pull(ref, tag=tag).id, ["true"])
    try:
        chunks, _ = container.get_archive("/kaapana/tmp/dags")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            held = {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}
    finally:
        container.remove(force=True)
        forget(engine, f"{ref}:{tag}")

    reference = f'"{registry_host}/otsus-method@{RegistryReader(registry_host).digest("otsus-method", tag)}"'.encode()
    files = EXAMPLE / "extension/docker/files"
    expected = {
        "dags/dag_otsus_method.py": (files / "dag_otsus_method.py").read_bytes(),
        **{
            f"dags/otsus_method/{path.name}": re.sub(rb'f"[^"]*/otsus-method:[^"]*"', reference, path.read_bytes())
            for path in (files / "otsus-method").glob("*.py")
        },
    }
    assert expected == held
