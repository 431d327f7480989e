"""Saves on disk, images in the registry: what is saved is built, once, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def test_save_to_registry(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A save of one file gives its image, and no other one, a new digest; the image holds the saved line."""
    seg = light.image("seg")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        before = registry.digest(light.name("seg"), VERSION)
        mark = watcher.mark()

        closed = save(seg / "data.txt", "a saved line\n")
        served = watcher.wait("SaveServed", mark, image=light.name("seg"))
        settle(watcher, light)

        after = registry.digest(light.name("seg"), VERSION)
        assert before != after
        assert after == watcher.wait("ImageFinished", mark, image=light.name("seg"))["digest"]
        assert "a saved line\n" == registry.text(light.name("seg"), VERSION, "data.txt")
        assert "data.txt saved" == served["cause"]
        assert sorted([light.name("seg"), light.name(PROBE)]) == watcher.images("ImageStarted", mark)
        # The goal is 0.1 s, which bench/ measures; here only what would be wrong on any machine.
        assert 1 > watcher.wait("ImageStarted", mark, image=light.name("seg"))["time"] - closed
        (noticed,) = watcher.all("SavesNoticed", mark)[:1]
        assert [str(seg / "data.txt")] == noticed["files"]


def test_dependents_follow_their_base(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A saved base is built first, then what stands on it, from the new base; the rest is left alone."""
    base = extension.local_base("base")
    extension.image("child", "COPY data.txt /child.txt\n", base="base")
    extension.image("other")
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "base", "child", "other")
        mark = watcher.mark()

        save(base / "data.txt", "base 2\n")
        watcher.wait("SaveServed", mark, image=extension.name("child"))

        started = [event["image"] for event in watcher.all("ImageStarted", mark)]
        assert [extension.name("base"), extension.name("child")] == started
        assert "base 2\n" == registry.text(extension.name("child"), VERSION, "base.txt")


def vim(file: Path) -> None:
    """Save by vim, or by the steps that were recorded of it."""
    if shutil.which("vim"):
        command = ("vim", "-es", "-u", "NONE", "-c", "set nobackup writebackup backupcopy=no", "-c", "%s/1/2/", "-cwq")
        subprocess.run((*command, str(file)), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    file.rename(f"{file}~")
    file.write_text("seg 2\n")
    Path(f"{file}~").unlink()


def renamed_over(file: Path) -> None:
    """Write beside, and move over."""
    beside = file.with_name("data.txt.tmp1")
    beside.write_text("seg 2\n")
    beside.rename(file)


def sed(file: Path) -> None:
    """Edit in place."""
    subprocess.run(("sed", "-i", "s/1/2/", str(file)), check=True)


def in_pieces(file: Path) -> None:
    """Empty it, and write it letter by letter."""
    with file.open("w", buffering=1) as opened:
        for letter in "seg 2\n":
            opened.write(letter)
            opened.flush()


@pytest.mark.parametrize("way", [vim, renamed_over, sed, in_pieces])
def test_each_way_to_save_is_one_build(
    edk: Command, light: Extension, registry: RegistryReader, way: Callable[[Path], None]
) -> None:
    """However an editor saves, one build comes of it, of what is in the file in the end."""
    seg = light.image("seg")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        mark = watcher.mark()

        way(seg / "data.txt")
        watcher.wait("SaveServed", mark, image=light.name("seg"))
        settle(watcher, light)

        assert [light.name("seg")] == [n for n in watcher.images("ImageStarted", mark) if n != light.name(PROBE)]
        assert "seg 2\n" == registry.text(light.name("seg"), VERSION, "data.txt")


def test_no_change_no_build(edk: Command, light: Extension) -> None:
    """The same content again, a touch, litter of editors, and files that no image uses build nothing."""
    seg = light.image("seg")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        mark = watcher.mark()

        save(seg / "data.txt", "seg 1\n")
        settle(watcher, light)
        (seg / "data.txt").touch()
        settle(watcher, light)
        for name in (".data.txt.swp", "4913", "data.txt~", "unused.txt", ".#data.txt"):
            light.write(f"containers/seg/{name}", "x")
        settle(watcher, light)
        light.write("README.md", "read me\n")
        settle(watcher, light)

        assert [light.name(PROBE)] * 4 == watcher.images("ImageStarted", mark)
        assert [[light.name(PROBE)]] * 4 == [event["images"] for event in watcher.all("SavesNoticed", mark)]


def test_executable_bit(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A file made executable is a change: its mode is in the image."""
    seg = light.image("seg")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg")
        mark = watcher.mark()

        (seg / "data.txt").chmod(0o755)
        watcher.wait("SaveServed", mark, image=light.name("seg"))

        assert 0o111 == registry.file(light.name("seg"), VERSION, "data.txt")[1] & 0o111


def test_save_all(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """Three files saved together, in two images, are one batch and two builds."""
    one = light.image("one", "COPY . /\n", files={"a.txt": "1", "b.txt": "1"})
    two = light.image("two")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "one", "two", PROBE)
        mark = watcher.mark()

        with (one / "a.txt").open("w") as a, (two / "data.txt").open("w") as c, (one / "b.txt").open("w") as b:
            for file in (a, b, c):
                file.write("saved")
        watcher.wait("SaveServed", mark, image=light.name("one"))
        watcher.wait("SaveServed", mark, image=light.name("two"))
        settle(watcher, light)

        batches = watcher.all("SavesNoticed", mark)
        assert ["3 files saved: a.txt, b.txt, data.txt", "data.txt saved"] == [b["cause"] for b in batches]
        built = watcher.images("ImageStarted", mark)
        assert sorted(map(light.name, ("one", "two", PROBE))) == built
        assert "saved" == registry.text(light.name("one"), VERSION, "b.txt")


def git(folder: Path, *words: str) -> None:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false", "-c", "gc.auto=0")
    subprocess.run(("git", *identity, *words), cwd=folder, check=True, capture_output=True)


def test_branch_switch(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A checkout that changes 200 files of 10 images is one batch and 10 builds, and is called what it is."""
    shorts = [f"i{number}" for number in range(10)]
    files = {f"f{number}.txt": "main\n" for number in range(20)}
    for short in (*shorts, "left-alone"):
        light.image(short, "COPY . /\n", files=files)
    git(light.path, "init", "--quiet", "--initial-branch=main")
    git(light.path, "add", "--all")
    git(light.path, "commit", "--quiet", "--message=main")
    git(light.path, "checkout", "--quiet", "-b", "other")
    for short in shorts:
        light.image(short, "COPY . /\n", files=dict.fromkeys(files, "other\n"))
    git(light.path, "commit", "--quiet", "--all", "--message=other")
    git(light.path, "checkout", "--quiet", "main")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, *shorts, "left-alone", PROBE)
        mark = watcher.mark()

        git(light.path, "checkout", "--quiet", "other")
        for short in shorts:
            watcher.wait("SaveServed", mark, image=light.name(short))
        settle(watcher, light)

        first, probe = watcher.all("SavesNoticed", mark)
        assert "branch switched: 200 files" == first["cause"]
        assert sorted(map(light.name, shorts)) == sorted(first["images"])
        assert [light.name(PROBE)] == probe["images"]
        assert sorted(map(light.name, (*shorts, PROBE))) == watcher.images("ImageStarted", mark)
        assert {"other\n"} == {registry.text(light.name(short), VERSION, "f19.txt") for short in shorts}


def test_folders_come_and_go(edk: Command, light: Extension, registry: RegistryReader, tmp_path: Path) -> None:
    """A copied folder is picked up and built; a removed one is let go, and its image stays in the registry."""
    seg = light.image("seg")
    new = Extension(tmp_path / "elsewhere", "scratch", light.suffix)
    new.image("new", "COPY . /\n", files={f"deep/er/{n}.txt": "x\n" for n in range(60)})
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        mark = watcher.mark()

        shell = f"cp -r {new.path} {light.path}/copied"
        subprocess.run(shell.split(), check=True)
        watcher.wait("SaveServed", mark, image=light.name("new"))
        save(light.path / "copied/containers/new/deep/er/7.txt", "saved\n")
        watcher.first(lambda e: e["event"] == "SaveServed" and e["cause"] == "7.txt saved", mark)
        assert "saved\n" == registry.text(light.name("new"), VERSION, "deep/er/7.txt")
        assert [light.name("new")] * 2 == watcher.images("ImageStarted", mark)

        shutil.rmtree(seg)
        gone = watcher.wait("ImageOrphaned", mark)
        assert light.name("seg") == gone["image"]
        assert registry.has(light.name("seg"), VERSION)


def test_files_that_say_what_to_build(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A changed .dockerignore builds anew; a changed name gives another image, and the old one is left behind."""
    seg = light.image("seg", "COPY . /\n", files={"data.txt": "1", "secret.txt": "1"})
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        mark = watcher.mark()

        light.write("containers/seg/.dockerignore", "secret.txt\n")
        watcher.wait("SaveServed", mark, image=light.name("seg"))
        with pytest.raises(AssertionError, match=r"has no secret\.txt"):
            registry.text(light.name("seg"), VERSION, "secret.txt")

        save(seg / "Dockerfile", (seg / "Dockerfile").read_text().replace(light.name("seg"), light.name("renamed")))
        watcher.wait("SaveServed", mark, image=light.name("renamed"))
        assert [light.name("seg")] == watcher.images("ImageOrphaned", mark)
        assert registry.has(light.name("renamed"), VERSION)
        assert registry.has(light.name("seg"), VERSION)
