"""Odd surroundings: no home, closed streams, unreadable folders, paths of any bytes, very many files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command, finished
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def test_no_home_and_the_plainest_locale(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """Without HOME, TMPDIR and a locale, names that are no ASCII are built all the same."""
    extension.image("seg", "COPY . /in/\n", files={"däta.txt": "ü\n"})
    bare = edk.with_environ("HOME", "EDK_STATE_DIR", LANG="C", LC_ALL="C", XDG_STATE_HOME=str(edk.cwd / "xdg"))

    bare("build", "--dir", str(extension.path)).expect(0)

    assert "ü\n" == registry.text(extension.name("seg"), VERSION, "in/däta.txt")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(edk: Command, extension: Extension, registry: RegistryReader, closed: str) -> None:
    """Closed standard streams hinder nothing."""
    extension.image("seg")
    script = f'exec "$@" {closed}'
    arguments = ["sh", "-c", script, "sh", *map(str, edk.argv(["build", "--dir", str(extension.path)]))]

    done = subprocess.run(arguments, cwd=edk.cwd, env=edk.environ, capture_output=True, timeout=60, check=False)

    assert (0, b"") == (done.returncode, done.stderr)
    assert registry.has(extension.name("seg"), VERSION)


@pytest.mark.parametrize("command", [("--version",), ("plan",), ("plan", "--json"), ("build",), ("build", "--json")])
def test_output_that_is_full(edk: Command, extension: Extension, command: tuple[str, ...]) -> None:
    """Where the output can't be written, the cause is told, and it is no success."""
    extension.image("seg")
    more = ("--dir", str(extension.path)) if len(command) > 1 or "-" not in command[0] else ()
    with Path("/dev/full").open("wb") as full:
        run = finished(edk.start(*command, *more, stdout=full))

    assert 1 == run.code
    assert "No space left on device" in run.err
    assert "Traceback" not in run.err
    assert "Exception ignored" not in run.err


def test_folder_that_is_gone(edk: Command) -> None:
    """A relative --dir below a folder that was removed is wrong usage."""
    (edk.cwd / "gone").mkdir()
    script = 'cd gone && rmdir ../gone && exec "$@"'

    run = edk("plan", "--dir", ".", prefix=("sh", "-c", script, "sh")).expect(2)

    assert "'.'" in run.err


@pytest.mark.parametrize("name", ["with space", "ünï", "new\nline", "b\udcffyte", "-dash", "$(x)", "a'b\"c"])
def test_path_of_any_bytes(edk: Command, extension: Extension, name: str) -> None:
    """An extension whose path holds any bytes is built with its chart, and found unchanged the second time."""
    extension.image("seg")
    extension.chart(extension.name("seg"))
    place = extension.path.with_name(name)
    extension.path.rename(place)
    given = b"--dir=" + os.fsencode(place)

    edk("build", given).expect(0)

    run = edk("build", given, "--json").expect(0)
    assert [extension.name("seg")] == run.images("ImageSkipped")
    assert 1 == len(run.named("ChartPackaged"))


def test_unreadable_folder(edk: Command, extension: Extension) -> None:
    """A folder that may not be read is named; the image that needs it is blocked, all others are built."""
    extension.image("bad", "COPY . /in/\n", files={"secret/data.txt": "x\n"})
    extension.image("good")
    folder = extension.path / "containers/bad/secret"
    folder.chmod(0)

    run = edk("build", "--dir", str(extension.path), "--json", bound_by_modes=True)
    folder.chmod(0o755)

    run.expect(3)
    assert [extension.name("good")] == run.images("ImageFinished")
    assert any("containers/bad/secret" in event["diagnostic"]["file"] for event in run.named("DiagnosticFound"))


def test_unreadable_file(edk: Command, extension: Extension) -> None:
    """A file that may not be read is named, and costs only the image that needs it."""
    extension.image("bad", "COPY . /in/\n", files={"secret.txt": "x\n"})
    extension.image("good")
    (extension.path / "containers/bad/secret.txt").chmod(0)

    run = edk("build", "--dir", str(extension.path), bound_by_modes=True).expect(3)

    assert "containers/bad/secret.txt" in run.out + run.err
    assert f"{extension.name('good')}" in run.out
    assert "1 built" in run.out


def test_unreadable_root(edk: Command, extension: Extension) -> None:
    """A --dir that may not be read is wrong usage."""
    extension.path.chmod(0)

    run = edk("build", "--dir", str(extension.path), bound_by_modes=True)
    extension.path.chmod(0o755)

    run.expect(2)
    assert str(extension.path) in run.err


def test_state_that_can_not_be_written(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A state folder that may not be written costs nothing but the memory, and is told."""
    extension.image("seg")
    state = Path(edk.environ["EDK_STATE_DIR"])
    state.mkdir()
    state.chmod(0o555)

    run = edk("build", "--dir", str(extension.path), bound_by_modes=True)
    state.chmod(0o755)

    run.expect(0)
    assert str(state) in run.out
    assert registry.has(extension.name("seg"), VERSION)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_state(edk: Command, extension: Extension, content: bytes) -> None:
    """A damaged state is begun anew."""
    extension.image("seg")
    edk("build", "--dir", str(extension.path)).expect(0)
    state = Path(edk.environ["EDK_STATE_DIR"])
    for file in state.glob("*.sqlite*"):
        file.write_bytes(content)
    assert list(state.glob("*.sqlite*"))

    run = edk("build", "--dir", str(extension.path), "--json").expect(0)

    assert [extension.name("seg")] == run.images("ImageSkipped")


def test_many_files(edk: Command, extension: Extension) -> None:
    """Twenty thousand files beside and in a context are read in bounded time."""
    extension.image("seg", "COPY few/ /few/\n", files={"few/data.txt": "x\n"})
    for number in range(20_000):
        folder = extension.path / f"containers/seg/many/{number // 1000}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.txt").touch()

    run = edk("build", "--dir", str(extension.path), "--json").expect(0)

    assert 10 > run.named("ImageStarted")[0]["context_files"]
    assert 20 > run.seconds


def test_links_in_a_context(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """Links in a context are shipped as links, wherever they lead, and nothing outside is read."""
    extension.image("seg", "COPY . /in/\n")
    folder = extension.path / "containers/seg"
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to("..")
    (folder / "out").symlink_to("/etc/hostname")
    (folder / "in").symlink_to("data.txt")

    edk("build", "--dir", str(extension.path)).expect(0)

    assert "seg 1\n" == registry.text(extension.name("seg"), VERSION, "in/data.txt")
    with pytest.raises(AssertionError, match="has no in/out"):
        registry.file(extension.name("seg"), VERSION, "in/out")


def test_extension_inside_a_repository_with_hooks(edk: Command, extension: Extension) -> None:
    """No hook and no file system monitor of a user's repository ever runs."""
    extension.image("seg")
    subprocess.run(["git", "init", "-q", str(extension.path)], check=True, env=edk.environ)
    ran = extension.path.parent / "ran"
    hook = extension.path / ".git/hooks/fsmonitor"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    subprocess.run(
        ["git", "-C", str(extension.path), "config", "core.fsmonitor", str(hook)], check=True, env=edk.environ
    )

    edk("build", "--dir", str(extension.path)).expect(0)

    assert not ran.exists()
