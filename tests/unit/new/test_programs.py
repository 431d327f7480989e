"""The programs of new extensions, run on made-up data as their containers do."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edk.domain.new_extension import NewExtension
from tests.unit.new.making import IMAGE, write


def header(order: str = "<", size: tuple[int, ...] = (12, 10, 8), voxel: tuple[float, ...] = (0.7, 0.7, 2.5)) -> bytes:
    """Write a NIfTI-1 header by hand."""
    made = bytearray(352)
    struct.pack_into(f"{order}i", made, 0, 348)
    struct.pack_into(f"{order}{1 + len(size)}h", made, 40, len(size), *size)
    struct.pack_into(f"{order}{1 + len(voxel)}f", made, 76, 1, *voxel)
    made[344:348] = b"n+1\0"
    return bytes(made)


class Program:
    """A program with its data.

    Args:
        command: that starts it.
        folder: holds what goes in.
        out: holds what comes out.
        environ: what the platform says.
    """

    def __init__(self, command: list[str], folder: Path, out: Path, environ: dict[str, str]) -> None:
        self.command, self.folder, self.out, self.environ = command, folder, out, environ

    def put(self, name: str, content: bytes) -> None:
        """Put a file into the input."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        environ = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **self.environ}
        return subprocess.run(self.command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def written(self) -> dict[str, bytes]:
        """Return the output by file name."""
        return {path.name: path.read_bytes() for path in self.out.glob("*")} if self.out.is_dir() else {}


def _program(tmp_path: Path, generation: str, image: str) -> Program:
    folder = write(NewExtension("lung-volume", v2=generation == "v2", from_image=image), tmp_path / "made")
    script = folder / "processing-containers/lung-volume/files" / ("run.sh" if image else "lung_volume.py")
    command = ["sh" if image else sys.executable, str(script)]
    data = tmp_path / "data with spaces"
    if generation == "v2":
        environ = {"CASES_DIR": str(data / "cases"), "RESULTS_DIR": str(data / "results")}
        (data / "cases").mkdir(parents=True)
        return Program(command, data / "cases/case-1", data / "results/case-1", environ)
    names = {"BATCH_NAME": "batch", "OPERATOR_IN_DIR": "in", "OPERATOR_OUT_DIR": "out"}
    (data / "batch").mkdir(parents=True)
    return Program(command, data / "batch/case-1/in", data / "batch/case-1/out", {"WORKFLOW_DIR": str(data), **names})


@pytest.fixture(params=["v1", "v2"])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    """The Python program of each generation."""
    return _program(tmp_path, request.param, "")


@pytest.fixture(params=["v1", "v2"])
def wrapper(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    """The shell script of each generation."""
    return _program(tmp_path, request.param, IMAGE)


def test_images_are_described(python: Program) -> None:
    """Packed or not, of either byte order; other files are none of its business."""
    python.put("a.nii.gz", gzip.compress(header()))
    python.put("b.nii", header(">", (3, 2), (1.0, 2.0)))
    python.put("notes.txt", b"x")

    done = python.run()

    assert (0, "") == (done.returncode, done.stderr)
    assert "2 done, 0 failed" in done.stdout
    assert {"size": [12, 10, 8], "voxel_mm": [0.7, 0.7, 2.5]} == json.loads(python.written()["a.json"])
    assert {"size": [3, 2], "voxel_mm": [1.0, 2.0]} == json.loads(python.written()["b.json"])
    assert ["a.json", "b.json"] == sorted(python.written())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("short.nii", header()[:100]),
        ("no.nii", b"x" * 400),
        ("axes.nii", header()[:40] + b"\x09\0" + header()[42:]),
        ("cut.nii.gz", gzip.compress(os.urandom(900))[:200]),
        ("no.nii.gz", b"no gzip"),
        ("empty.nii.gz", b""),
    ],
)
def test_a_file_that_is_no_image_fails_alone(python: Program, name: str, content: bytes) -> None:
    """It is named, the others are done, and the exit code tells."""
    python.put(name, content)
    python.put("z.nii", header())

    done = python.run()

    assert 1 == done.returncode
    assert f"{name}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "1 done, 1 failed" in done.stdout
    assert ["z.json"] == list(python.written())


@pytest.mark.parametrize("generation", ["v1", "v2"])
@pytest.mark.parametrize("image", ["", IMAGE], ids=["python", "wrapper"])
def test_nothing_to_work_on_is_a_failure(tmp_path: Path, generation: str, image: str) -> None:
    """An empty batch, which a workflow must not pass over in silence."""
    done = _program(tmp_path, generation, image).run()

    assert 1 == done.returncode
    assert "0 done, 0 failed" in done.stdout


def test_an_element_without_an_image_is_a_failure(python: Program) -> None:
    """And its folder is named."""
    python.put("notes.txt", b"x")

    done = python.run()

    assert 1 == done.returncode
    assert "no .nii or .nii.gz in" in done.stderr
    assert {} == python.written()


def test_the_wrapper_passes_folders_to_the_algorithm(wrapper: Program) -> None:
    """Until it is given a command, it hands the input on; names with blanks are no obstacle."""
    wrapper.put("a scan.dcm", b"\0\1")

    done = wrapper.run()

    assert (0, "") == (done.returncode, done.stderr)
    assert "1 done, 0 failed" in done.stdout
    assert {"a scan.dcm": b"\0\1"} == wrapper.written()


def test_a_command_that_fails_in_the_middle_fails_the_element(wrapper: Program) -> None:
    """Even if a later one succeeds; the exit code is told, and the next element is worked on."""
    script = Path(wrapper.command[1])
    text = script.read_text(encoding="utf-8")
    command = '  cp -R "$1/." "$2/"\n'
    assert command in text
    script.write_text(text.replace(command, '  [ -e "$1/good" ] || (exit 7)\n  touch "$2/after"\n'), encoding="utf-8")
    wrapper.put("bad", b"")
    later = Path(str(wrapper.folder).replace("case-1", "case-2"))
    later.mkdir(parents=True)
    (later / "good").touch()

    done = wrapper.run()

    assert 1 == done.returncode
    assert "case-1" in done.stderr
    assert "failed with exit code 7" in done.stderr
    assert "1 done, 1 failed" in done.stdout
    assert {} == wrapper.written()


@pytest.mark.parametrize("image", ["", IMAGE], ids=["python", "wrapper"])
def test_a_workflow_of_tasks_runs_on_its_own_example(tmp_path: Path, image: str) -> None:
    """What the task make-example writes, the task process takes."""
    program = _program(tmp_path, "v2", image)
    script = Path(program.command[1]).parent / "example" / ("make.sh" if image else "make_image.py")
    program.environ["EXAMPLES"] = "3"
    made = Program([program.command[0], str(script)], program.folder, program.out, program.environ).run()
    done = program.run()

    assert (0, "") == (made.returncode, made.stderr)
    assert (0, "") == (done.returncode, done.stderr)
    assert "3 done, 0 failed" in done.stdout
    results = Path(program.environ["RESULTS_DIR"])
    assert ["example-0", "example-1", "example-2"] == sorted(path.name for path in results.iterdir())
    if not image:
        found = json.loads((results / "example-0/image.json").read_text())
        assert {"size": [16, 12, 8], "voxel_mm": [1.0, 1.0, 2.5]} == found
