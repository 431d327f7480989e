"""`edk images` and `edk prune` as a user runs them, on a registry that the set-up started for the test alone."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command, Run
from tests.support.extension import Extension, workflow
from tests.support.outages import OwnRegistry
from tests.support.reading_back import RegistryReader
from tests.support.started import StartedRegistry

pytestmark = pytest.mark.e2e
NOW = ("--min-age", "0")


@pytest.fixture
def edk(edk_of_started: Command) -> Command:
    """The command line of who has a registry of its own."""
    return edk_of_started


@pytest.fixture
def extension(started: StartedRegistry, busybox: str, tmp_path: Path) -> Extension:
    """A whole extension, in the extensions folder."""
    return workflow(tmp_path / "home/extensions/whole", started.take(busybox))


def quiet(edk: Command) -> Command:
    """The command line without an engine: other people's images are not a test's to remove."""
    return edk.with_environ(DOCKER_HOST="unix:///nowhere.sock")


def built(edk: Command, extension: Extension, versions: int) -> list[str]:
    """Build so many versions of the processing image, and return their digests, the last one last."""
    digests = []
    for version in range(versions):
        extension.write("containers/seg/run.sh", f"echo version {version}\n")
        edk("build", "--all", "--no-import").expect(0)
        digests.append(RegistryReader(edk.environ["EDK_REGISTRY"]).digest(extension.name("seg"), "1.2.3"))
    return digests


def told(run: Run) -> dict[str, Any]:
    """What a run with ``--json`` printed."""
    value: dict[str, Any] = json.loads(run.expect(0).out)
    return value


def registry_of_charts(started: StartedRegistry, dag: str) -> bool:
    """Tell whether the DAG image still stands where the present chart asks for it."""
    reader = RegistryReader(started.host)
    digest = reader.digest(dag, "1.2.3")
    return digest == reader.digest(f"edk/{digest[7:23]}/{dag}", "1.2.3")


def test_superseded_images_go_and_all_else_stays(edk: Command, extension: Extension, started: StartedRegistry) -> None:
    """Looked at, removed, the disk freed as was said before; the next build has nothing to do.

    Each version of an image made another DAG image, which is superseded with it, and where charts found that one.
    """
    digests = built(edk, extension, 4)
    edk_alone = quiet(edk)
    unused = told(edk_alone("images", "--unused", "--json", "--keep", "2", *NOW))
    said = told(edk_alone("prune", "--dry-run", "--json", "--keep", "2", *NOW))
    pid = started.pid

    done = told(edk_alone("prune", "--yes", "--gc", "--json", "--keep", "2", *NOW))

    seg = extension.name("seg")
    dag = extension.name("dag")
    superseded = [image["digest"] for image in unused["images"] if image["repository"] == seg]
    assert digests[:2] == sorted(superseded, key=digests.index)
    assert (False, True) == (said["done"], done["done"])
    removed = set(done["removed"]["images"])
    assert {f"{seg}@{digest}" for digest in digests[:2]} == {each for each in removed if each.startswith(f"{seg}@")}
    assert {dag, seg} == {each.partition("@")[0].rpartition("/")[2] for each in removed}
    assert registry_of_charts(started, dag)
    assert said["frees"] == done["collected"] > 0
    assert started.pid != pid
    reader = RegistryReader(started.host)
    assert ["", "", *digests[2:]] == [reader.digest(seg, digest) for digest in digests]
    assert "echo version 3\n" == reader.text(seg, "1.2.3", "run.sh")
    assert 0 == edk("build", "--all", "--no-import", "--json").expect(0).named("RunFinished")[0]["built"]
    assert [] == told(edk_alone("images", "--unused", "--json", "--keep", "2", *NOW))["images"]


def test_without_a_terminal_nothing_is_removed(edk: Command, extension: Extension) -> None:
    """It says so, and is no failure."""
    built(edk, extension, 2)
    asked = ("prune", "--keep", "0", *NOW)

    run = quiet(edk)(*asked).expect(0)

    assert "3 images and 0 charts are superseded" in run.out
    assert "nothing was removed: there is no terminal to ask on" in run.out
    superseded = told(quiet(edk)(*asked, "--json"))["superseded"]
    names = [image["repository"].rpartition("/")[2] for image in superseded]
    assert sorted(map(extension.name, ("seg", "dag", "dag"))) == sorted(names)


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("n", 2), ("", 2)])
def test_on_a_terminal_it_asks(edk: Command, extension: Extension, answer: str, left: int) -> None:
    """Only a yes removes."""
    digests = built(edk, extension, 2)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        edk.argv(["prune", "--keep", "0", *NOW]),
        env=dict(quiet(edk).environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=edk.cwd,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = _all_of(ours)
    assert 0 == process.wait(30), shown

    reader = RegistryReader(edk.environ["EDK_REGISTRY"])
    assert "Go on? [y/N]" in shown
    assert left == sum(bool(reader.digest(extension.name("seg"), digest)) for digest in digests)


def _all_of(terminal: int) -> str:
    """Return all that a terminal shows until nobody has it open any more."""
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
    return shown.decode()


def test_another_registry_is_told_how(edk: Command, tmp_path: Path) -> None:
    """Nothing of it is stopped; the steps are for where it may run."""
    with OwnRegistry(tmp_path / "elsewhere") as other:
        elsewhere = quiet(edk).with_environ(EDK_REGISTRY=other.host)

        run = elsewhere("prune", "--gc", "--yes").expect(0)
        steps = told(elsewhere("prune", "--gc", "--yes", "--json"))["steps"]

    collect = "kubectl -n services exec deployment/local-registry -- registry garbage-collect"
    assert collect in run.out
    assert any(collect in line for line in steps)


def test_a_limit_in_the_settings_that_is_none_is_told(edk: Command) -> None:
    """Once it is asked for."""
    wrong = quiet(edk).with_environ(EDK_BUILD_CACHE_LIMIT="much")

    assert "build_cache_limit" in wrong("prune", "--yes", "--build-cache").expect(2).err


@pytest.mark.parametrize(
    "arguments",
    [("--keep", "-1"), ("--min-age", "soon"), ("--build-cache", "much"), ("--dir", "/nowhere")],
)
def test_wrong_usage_is_told(edk: Command, arguments: tuple[str, ...]) -> None:
    """With the option's name, and nothing is removed."""
    assert arguments[0] in quiet(edk)("prune", "--yes", *arguments).expect(2).err


def test_a_registry_that_is_away_is_told(edk: Command, started: StartedRegistry) -> None:
    """Exit code 4, for both commands."""
    started.stop()

    for command in (("prune", "--yes"), ("images",)):
        assert "Nothing answers at registry" in edk(*command).expect(4).err
