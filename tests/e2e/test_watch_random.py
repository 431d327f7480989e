"""Whatever happens to the files, in the end the registry holds what a clean build of them would give."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.watching import PROBE, settle, stand, until, watching

pytestmark = pytest.mark.e2e

OPERATIONS = 10_000
BURSTS = 8
IMAGES = 4
SEED = 20


UNSETTLED = {"waiting", "running"}


def states(edk: Command) -> set[str]:
    """Return the states that the watcher's images are in."""
    return {image["state"] for image in json.loads(edk("status", "--json").expect(0).out)["images"]}


class Chaos:
    """Does random things to the files and folders of some contexts.

    Args:
        contexts: folders that hold Dockerfiles, which are left alone.
        outside: a folder that nobody watches, where folders are moved to and from.
        seed: of what is done.
    """

    def __init__(self, contexts: list[Path], outside: Path, seed: int) -> None:
        self._contexts = contexts
        self._outside = outside
        self._chance = random.Random(seed)
        self._number = 0
        self.done = 0

    def do(self, count: int) -> None:
        """Do so many things; what can't be done there and then, as removing what is not there, counts too."""
        actions = (
            self._write,
            self._write,
            self._append,
            self._rename,
            self._remove,
            self._make,
            self._move,
            self._mode,
        )
        for _ in range(count):
            with suppress(OSError):
                self._chance.choice(actions)()
            self.done += 1

    def _folder(self) -> Path:
        """Return a folder of a context, or one that may not be there."""
        depth = self._chance.randrange(3)
        return self._chance.choice(self._contexts).joinpath("files", *(self._chance.choice("ab") for _ in range(depth)))

    def _file(self) -> Path:
        return self._folder() / f"f{self._chance.randrange(5)}"

    def _write(self) -> None:
        self._number += 1
        file = self._file()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self._number}\n")

    def _append(self) -> None:
        self._number += 1
        descriptor = os.open(self._file(), os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, b"more\n")
        os.close(descriptor)

    def _rename(self) -> None:
        self._file().rename(self._file())

    def _remove(self) -> None:
        self._file().unlink()

    def _make(self) -> None:
        self._folder().mkdir(parents=True)

    def _move(self) -> None:
        """Move a folder within a context, to another one, out, or in; or remove it with all that is in it."""
        folder = self._folder()
        if folder.name == "files":
            return
        way = self._chance.randrange(4)
        if way == 0:
            shutil.rmtree(folder)
        elif way == 1:
            folder.rename(self._outside / f"{self._chance.randrange(5)}")
        elif way == 2:
            (self._outside / f"{self._chance.randrange(5)}").rename(folder)
        else:
            folder.rename(self._folder())

    def _mode(self) -> None:
        self._file().chmod(self._chance.choice((0o644, 0o755)))


def test_random_operations(edk: Command, light: Extension, tmp_path: Path) -> None:
    """After 10,000 operations in bursts, while images are built, a clean look finds every image in the registry."""
    shorts = [f"i{number}" for number in range(IMAGES)]
    contexts = [light.image(short, "COPY files /files\n", files={"files/first": short}) for short in shorts]
    (tmp_path / "outside").mkdir()
    chaos = Chaos(contexts, tmp_path / "outside", SEED)
    with watching(edk, light.path, arguments=("--jobs", "4")) as watcher:
        stand(watcher, light, *shorts, PROBE)
        for _ in range(BURSTS):
            for _ in range(10):
                chaos.do(OPERATIONS // BURSTS // 10)
                time.sleep(0.03)
            # Long enough for builds to begin, and mostly too short for them to end.
            time.sleep(0.5)
        settle(watcher, light)
        # Not by `--wait`, which has everything looked at once more.
        until(lambda: not UNSETTLED.intersection(states(edk)))
        failed = watcher.all("ImageFailed")

    assert OPERATIONS == chaos.done
    assert [] == failed
    # A state of its own: nothing of what the watcher remembers can hide a miss.
    clean = edk.with_environ(EDK_STATE_DIR=str(tmp_path / "clean"))
    plan = json.loads(clean("plan", "--dir", str(light.path), "--json").expect(0).out)
    assert {"skip"} == {image["action"] for image in plan["images"]}, plan["images"]
    assert IMAGES + 1 == len(plan["images"])
