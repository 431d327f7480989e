"""A watcher is not alone: builds by hand beside it, a second watcher, signals, and the commands that ask it."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.command import Command, finished, processes_with
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, until, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def test_build_by_hand(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A build by hand of what a watcher is just building is the same one build, and both end with it."""
    data = extension.image("slow", f"COPY data.txt /\nRUN sleep 1; : {extension.suffix}\n") / "data.txt"
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        save(data, "slow 2\n")
        watcher.wait("ImageStarted", mark)
        by_hand = edk("build", "--dir", str(extension.path), "--json").expect(0)
        watcher.wait("SaveServed", mark)
        assert 1 == len(watcher.all("ImageBuilt", mark)) + len(by_hand.named("ImageBuilt"))
        assert [extension.name("slow")] == by_hand.images("ImageSkipped")

        mark = watcher.mark()
        process = edk.start("build", "--dir", str(extension.path), "--json", "--no-cache")
        save(data, "slow 3\n")
        ended = finished(process).expect(0)
        watcher.first(lambda e: e["event"] in {"ImageFinished", "ImageSkipped"}, mark)
        assert 0 < len(watcher.all("ImageBuilt", mark)) + len(ended.named("ImageBuilt"))
        assert "slow 3\n" == registry.text(extension.name("slow"), VERSION, "data.txt")
        again = edk("build", "--dir", str(extension.path), "--json").expect(0)
        assert [] == again.named("ImageStarted")


def test_second_watcher(edk: Command, light: Extension) -> None:
    """A second watcher of a folder ends at once with 2, and names the first one; a folder of its own may be watched."""
    other = Extension(light.path.parent / "other", "scratch")
    other.image("other")
    with watching(edk, light.path) as watcher:
        second = edk("watch", "--json", "--dir", str(light.path)).expect(2)
        assert str(watcher.process.pid) in second.err
        assert 10 > second.seconds
        with watching(edk, other.path) as beside:
            stand(beside, other, "other")
        settle(watcher, light)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal(edk: Command, extension: Extension, number: signal.Signals) -> None:
    """A signal ends a watcher with 0 within seconds, the step that it is at too; another one may begin at once."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN sleep {seconds}\n")
    with watching(edk, extension.path) as watcher:
        until(lambda: processes_with(f"sleep {seconds}"))
        asked = time.monotonic()
        assert 0 == watcher.stop(number)
        assert 5 > time.monotonic() - asked
        until(lambda: not processes_with(f"sleep {seconds}"), 5)
        assert [] == list(Path(edk.environ["EDK_STATE_DIR"]).rglob("*.sock"))

    extension.image("slow", "COPY data.txt /\n")
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "slow")


def test_asked_by_other_commands(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A watcher tells where it stands, keeps saves while paused, builds anew when asked, and stops when asked."""
    seg = light.image("seg")
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        status = json.loads(edk("status", "--json").expect(0).out)
        assert (watcher.process.pid, [str(light.path)], False) == (status["pid"], status["roots"], status["paused"])
        states = {image["name"]: image["state"] for image in status["images"]}
        assert {light.name("seg"): "done", light.name(PROBE): "done"} == states

        edk("pause").expect(0)
        mark = watcher.mark()
        save(seg / "data.txt", "saved while it was paused\n")
        watcher.wait("ImageHeld", mark, image=light.name("seg"))
        paused = json.loads(edk("status", "--json").expect(0).out)
        (held,) = [image for image in paused["images"] if image["state"] == "waiting"]
        assert (True, light.name("seg"), ["data.txt saved"]) == (paused["paused"], held["name"], held["saves"])
        edk("resume").expect(0)
        watcher.wait("SaveServed", mark, image=light.name("seg"))
        assert "saved while it was paused\n" == registry.text(light.name("seg"), VERSION, "data.txt")

        mark = watcher.mark()
        edk("rebuild", light.name("seg")).expect(0)
        served = watcher.wait("SaveServed", mark, image=light.name("seg"))
        assert "edk rebuild" == served["cause"]
        assert [light.name("seg")] == watcher.images("ImageBuilt", mark)
        assert "COPY data.txt" in edk("logs", light.name("seg")).expect(0).out

        edk("stop").expect(0)
        assert 0 == watcher.process.wait(5)
    edk("status").expect(4)
