"""Saves during a build, and files that are half written: the last state is built, and no state is mixed or torn."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.support.command import Command, processes_with
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, until, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"
SAVES = 100


def slow(extension: Extension, short: str, seconds: float) -> Path:
    """Write an image of which a step sleeps so long, and return its data file; no build before has that step."""
    folder = extension.image(short, f"COPY data.txt /\nRUN sleep {seconds}; : {extension.suffix}\n", extension.base)
    return folder / "data.txt"


def endless() -> str:
    """Return a number of seconds that no other step sleeps, and that never end."""
    return str(random.randrange(1_000_000, 9_000_000))


def test_save_during_a_build(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A save cancels the build that it makes worthless, within a second, and no other one; the new state is built."""
    seconds = endless()
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    other = slow(extension, "other", 2)
    with watching(edk, extension.path, arguments=("--jobs", "2")) as watcher:
        stand(watcher, extension, "slow", "other")
        mark = watcher.mark()
        save(step, f"sleep {seconds}\n")
        save(other, "other 2\n")
        until(lambda: processes_with(f"sleep {seconds}"))
        watcher.wait("ImageStarted", mark, image=extension.name("other"))

        save(step, "echo short\n")
        # Within a second by the goal; the machine of the tests may be a busy one.
        assert 2 > until(lambda: not processes_with(f"sleep {seconds}"))
        watcher.wait("SaveServed", mark, image=extension.name("slow"))
        watcher.wait("SaveServed", mark, image=extension.name("other"))

        assert "echo short\n" == registry.text(extension.name("slow"), VERSION, "step.sh")
        assert "other 2\n" == registry.text(extension.name("other"), VERSION, "data.txt")
        assert 2 == len(watcher.all("ImageStarted", mark, image=extension.name("slow")))
        assert 1 == len(watcher.all("ImageBuilt", mark, image=extension.name("slow")))
        assert 1 == len(watcher.all("ImageStarted", mark, image=extension.name("other")))
        assert [] == watcher.all("ImageFailed", mark)


def test_taken_back(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A save that is taken back while it is built cancels the build, and the image is left as it was."""
    seconds = endless()
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "slow")
        before = registry.digest(extension.name("slow"), VERSION)
        mark = watcher.mark()
        save(step, f"sleep {seconds}\n")
        until(lambda: processes_with(f"sleep {seconds}"))

        save(step, "true\n")
        until(lambda: not processes_with(f"sleep {seconds}"))
        watcher.wait("ImageSkipped", mark, image=extension.name("slow"))

        assert before == registry.digest(extension.name("slow"), VERSION)
        assert 1 == len(watcher.all("ImageStarted", mark))


def test_no_cancel(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """With --no-cancel a build ends before its image is built anew."""
    data = slow(extension, "slow", 0.7)
    with watching(edk, extension.path, arguments=("--no-cancel",)) as watcher:
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        save(data, "slow 2\n")
        watcher.wait("ImageStarted", mark)
        watcher.first(lambda e: e["event"] == "StepMoved" and "sleep" in e["title"], mark)

        save(data, "slow 3\n")
        watcher.wait("SaveServed", mark)

        assert 2 == len(watcher.all("ImageBuilt", mark))
        assert "slow 3\n" == registry.text(extension.name("slow"), VERSION, "data.txt")


def truncating_save(file: Path, content: bytes, pauses: tuple[float, float]) -> None:
    """Empty a file, pause, write the half of its content, pause, write the rest, close."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        half = len(content) // 2
        for pause, part in zip(pauses, (content[:half], content[half:]), strict=True):
            time.sleep(pause)
            os.write(descriptor, part)
    finally:
        os.close(descriptor)


def test_truncating_saves(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A file that is empty and half written again and again is whole in every image that was ever pushed."""
    seg = light.image("seg")
    chance = random.Random(20)
    contents = [f"generation {number}\n".encode() * 200 for number in range(SAVES)]
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        mark = watcher.mark()

        for number, content in enumerate(contents):
            served = watcher.mark()
            truncating_save(seg / "data.txt", content, (chance.uniform(0, 0.05), chance.uniform(0, 0.02)))
            if number % 20 == 5:
                watcher.wait("SaveServed", served, image=light.name("seg"))
            else:
                # Shorter and longer than what the watcher waits for more: into one batch, and into a build.
                time.sleep(chance.choice((0, 0.02, 0.25)))
        settle(watcher, light)
        until(lambda: contents[-1] == registry.file(light.name("seg"), VERSION, "data.txt")[0])

        pushed = watcher.all("ImagePushed", mark, image=light.name("seg"))
        assert 5 <= len(pushed) <= SAVES
        held = [registry.file(light.name("seg"), event["digest"], "data.txt")[0] for event in pushed]
        assert [] == [content[:40] for content in held if content not in contents]
        assert contents[-1] == held[-1]
