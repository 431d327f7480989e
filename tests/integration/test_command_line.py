"""Wrong usage: exit code 2, what is wrong quoted, no traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cases import special
from tests.support.command import Command
from tests.support.extension import Extension

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "COMMAND"),
        (("bild",), "bild"),
        (("build",), "--dir"),
        (("build", "--dir", "missing"), "'missing'"),
        (("build", "--dir", ""), "--dir"),
        (("build", "--dir", "file"), "'file'"),
        (("build", "--dir", "/"), "'/'"),
        (("build", "--dir=-x"), "'-x'"),
        (("build", "--dir", "with\nnewline"), "'with\\nnewline'"),
        (("build", "--dir", b"byte\xff"), "byte\\udcff"),
        (("build", "--dir", "empty", "--jobs", "0"), "--jobs"),
        (("build", "--dir", "empty", "--jobs", "-1"), "--jobs"),
        (("build", "--dir", "empty", "--jobs", "1000000"), "1000000"),
        (("build", "--dir", "empty", "--jobs", "many"), "many"),
        (("build", "--dir", "empty", "--frobnicate"), "--frobnicate"),
        (("build", "--dir", "empty", "--build-arg", "=x"), "=x"),
        (("build", "--dir", "empty", "--image", "none"), "none"),
        (("build", "--dir", "empty", "--platform", "not a platform"), "not a platform"),
        (("build", "--dir", "empty", "--network", "not a mode"), "not a mode"),
        (("plan", "--dir", "missing"), "'missing'"),
        (("chart", "--dir", "missing"), "'missing'"),
        (("build-image", "--dir", "missing"), "'missing'"),
        (("build-image", "--dir", "empty"), "Dockerfile"),
        (("build-image", "--dir", "empty", "--dockerfile", "nope"), "nope"),
        (("init", "--from", "missing"), "'missing'"),
    ],
)
def test_wrong_usage(edk: Command, arguments: tuple[str | bytes, ...], says: str) -> None:
    """A wrong command line ends with 2 and quotes what is wrong."""
    (edk.cwd / "file").touch()
    (edk.cwd / "empty").mkdir()

    run = edk(*arguments).expect(2)

    assert says in run.err
    assert run.seconds < 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDK_JOBS", "many"),
        ("EDK_JOBS", "-1"),
        ("EDK_RETRIES", "x"),
        ("EDK_REGISTRY", "http://localhost:32000"),
        ("EDK_CLASSIC_BUILDER", "perhaps"),
        ("KAAPANA_BUILD_VERSION", "not a tag"),
    ],
)
def test_wrong_environment(edk: Command, extension: Extension, name: str, value: str) -> None:
    """A variable that can't be used ends with 2 and is quoted."""
    extension.image("seg")

    run = edk.with_environ(**{name: value})("plan", "--dir", str(extension.path)).expect(2)

    assert value in run.err


def test_wrong_configuration(edk: Command, extension: Extension) -> None:
    """A key that nobody knows ends with 2, its file and line, and the nearest one."""
    extension.image("seg")
    extension.write("edk.yaml", "# mine\njobbs: 3\n")

    run = edk("plan", "--dir", str(extension.path)).expect(2)

    assert "edk.yaml:2" in run.err
    assert "'jobs'" in run.err


@pytest.mark.parametrize(
    "content",
    [
        "a: [\n",
        "- a\n",
        "jobs: many\n",
        "a: 1\n",
        "\tjobs: 1\n",
        "x: *nope\n",
        "jobs: " + "[" * 5000 + "\n",
        "? {}\n: 1\n",
    ],
)
def test_broken_configuration(edk: Command, extension: Extension, content: str) -> None:
    """A configuration that can't be read ends with 2 and names the line."""
    extension.image("seg")
    extension.write("edk.yaml", content)

    run = edk("plan", "--dir", str(extension.path)).expect(2)

    assert f"{extension.path}/edk.yaml:" in run.err


@pytest.mark.parametrize("kind", ["fifo", "folder", "/dev/zero"])
def test_configuration_that_is_no_file(edk: Command, extension: Extension, kind: str) -> None:
    """What is no file is not opened."""
    extension.image("seg")
    special(kind, "edk.yaml")(extension)

    run = edk("plan", "--dir", str(extension.path), timeout=20).expect(2)

    assert "edk.yaml" in run.err


@pytest.mark.parametrize("kind", ["relative", "slash", "link", "space", "unicode", "newline", "dash", "bytes"])
def test_one_folder_by_many_names(edk: Command, extension: Extension, kind: str) -> None:
    """However a folder is called, its plan is the same."""
    extension.image("seg")
    names = {"space": "a b", "unicode": "ä\u0308", "newline": "a\nb", "dash": "-x", "bytes": "b\udcff"}
    place = edk.cwd / names.get(kind, "plain")
    match kind:
        case "link":
            place.symlink_to(extension.path)
        case _:
            extension.path.rename(place)
    given = {"relative": "plain", "slash": f"{place}//", "dash": "./-x"}.get(kind, str(place))

    run = edk("plan", "--dir", os.fsencode(given), "--json").expect(0)

    assert [extension.name("seg")] == [image["name"] for image in run.plan["images"]]


def test_empty_folder(edk: Command, tmp_path: Path) -> None:
    """An empty folder is built at once, and it is said that there was nothing."""
    (tmp_path / "empty").mkdir()

    run = edk("build", "--dir", str(tmp_path / "empty"))

    run.expect(0)
    assert "no images" in run.out


@pytest.mark.parametrize("command", ["build", "plan", "init", "chart", "doctor", "build-image"])
def test_help_has_an_example(edk: Command, command: str) -> None:
    """Each command explains itself, with an example and the exit codes."""
    run = edk(command, "--help").expect(0)

    assert f"edk {command}" in run.out
    assert "example:" in run.out
    assert "130 interrupted" in run.out
