"""Engine and registry that go away and come back, and a watcher that is killed: all is built in the end."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command, processes_with
from tests.support.extension import Extension
from tests.support.outages import CuttableEngine, OwnRegistry
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, stand, until, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"
BACK = 10.0
"""Seconds within which a watcher finds out that what was away is there again; then comes the build."""
BUILD = 5.0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnRegistry]:
    """A registry that may be killed."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with OwnRegistry(tmp_path / "registry") as registry:
        yield registry


def test_registry_killed_between_saves(edk: Command, light: Extension, own: OwnRegistry) -> None:
    """A registry that is killed and comes back empty is told about once, and gets everything again."""
    seg = light.image("seg")
    registry = RegistryReader(own.host)
    with watching(edk.with_environ(EDK_REGISTRY=own.host), light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        for number in (2, 3):
            mark = watcher.mark()
            own.kill()
            save(seg / "data.txt", f"seg {number}\n")
            away = watcher.wait("OutOfReach", mark)
            if number == 3:
                own.wipe()
            own.start()
            back = time.time()
            served = watcher.wait("SaveServed", mark, image=light.name("seg"))

            assert "registry" == away["what"]
            assert BACK + BUILD > served["time"] - back
            assert 1 == len(watcher.all("OutOfReach", mark))
            assert 1 == len(watcher.all("BackAgain", mark))
            assert [] == watcher.all("ImageFailed", mark)
            assert f"seg {number}\n" == registry.text(light.name("seg"), VERSION, "data.txt")
        until(lambda: registry.has(light.name(PROBE), VERSION), BACK)


def test_started_before_the_registry(edk: Command, light: Extension, own: OwnRegistry) -> None:
    """A watcher that is started while the registry is away says so, and builds once it is there."""
    own.kill()
    with watching(edk.with_environ(EDK_REGISTRY=own.host), light.path) as watcher:
        watcher.wait("OutOfReach", what="registry")
        own.start()
        stand(watcher, light, PROBE)
        watcher.wait("BackAgain", what="registry")

    assert RegistryReader(own.host).has(light.name(PROBE), VERSION)


def test_engine_cut_off_during_a_build(
    edk: Command, extension: Extension, registry: RegistryReader, engine_endpoint: str, tmp_path: Path
) -> None:
    """An engine that goes away in the middle of a step is told about, waited for, and builds it anew."""
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    with (
        CuttableEngine(engine_endpoint, tmp_path / "engine.sock") as engine,
        watching(edk.with_environ(DOCKER_HOST=engine.endpoint), extension.path) as watcher,
    ):
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        save(step, f"sleep 1; : {extension.suffix}\n")
        watcher.first(lambda e: e["event"] == "StepMoved" and "step.sh" in e["title"], mark)
        engine.cut()
        away = watcher.wait("OutOfReach", mark)
        engine.restore()
        back = time.time()
        served = watcher.wait("SaveServed", mark, image=extension.name("slow"))
        watcher.wait("BackAgain", mark, what="engine")

    assert "engine" == away["what"]
    assert BACK + BUILD > served["time"] - back
    assert [] == watcher.all("ImageFailed", mark)
    assert "sleep 1" in registry.text(extension.name("slow"), VERSION, "step.sh")


def test_started_before_the_engine(
    edk: Command, light: Extension, registry: RegistryReader, engine_endpoint: str, tmp_path: Path
) -> None:
    """A watcher that is started while the engine is away says so, and builds once it is there."""
    engine = CuttableEngine(engine_endpoint, tmp_path / "engine.sock")
    with watching(edk.with_environ(DOCKER_HOST=engine.endpoint), light.path) as watcher:
        watcher.wait("OutOfReach", what="engine")
        with engine:
            stand(watcher, light, PROBE)
            watcher.wait("BackAgain", what="engine")

    assert registry.has(light.name(PROBE), VERSION)


def test_watcher_killed_during_a_build(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A watcher that is killed leaves nothing running, and the next one builds what is there now."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "slow")
        save(step, f"sleep {seconds}\n")
        until(lambda: processes_with(f"sleep {seconds}"))
        watcher.stop(signal.SIGKILL)
        until(lambda: not processes_with(f"sleep {seconds}"), 5)

    save(step, "echo saved while nobody watched\n")
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "slow")

    assert "echo saved while nobody watched\n" == registry.text(extension.name("slow"), VERSION, "step.sh")
