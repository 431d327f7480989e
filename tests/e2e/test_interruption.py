"""Stopped, killed, and run twice at once: nothing is left behind, and the next run converges."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Command, finished, processes_with
from tests.support.extension import Extension, snapshot, workflow
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"
PATIENCE = 15.0


def wait_for(what: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until something holds; return whether it does."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_in_the_middle_of_a_step(edk: Command, extension: Extension, number: signal.Signals) -> None:
    """A signal ends a run with 130 within seconds, its step with it, and the next run builds all."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN sleep {seconds}\n")
    extension.image("good")
    process = edk.start("build", "--dir", str(extension.path), "--json")
    assert wait_for(lambda: processes_with(f"sleep {seconds}")), "the step did not start"

    asked = time.monotonic()
    process.send_signal(number)
    run = finished(process)

    run.expect(130)
    assert 5 > time.monotonic() - asked
    assert wait_for(lambda: not processes_with(f"sleep {seconds}"), 5), "the step still runs"

    extension.image("slow")
    edk("build", "--dir", str(extension.path)).expect(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_planning(edk: Command, extension: Extension, number: signal.Signals) -> None:
    """A signal ends a run that waits for the registry's answer, with 130 and at once."""
    extension.image("seg")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        hanging = edk.with_environ(LOCAL_REGISTRY_URL=f"localhost:{server.getsockname()[1]}")
        process = hanging.start("build", "--dir", str(extension.path))
        connection, _ = server.accept()

        asked = time.monotonic()
        process.send_signal(number)
        run = finished(process)
        connection.close()

    run.expect(130)
    assert 2 > time.monotonic() - asked


def test_nohup(edk: Command, extension: Extension) -> None:
    """A HUP that is ignored stays so."""
    seconds = str(random.randrange(100_000, 900_000))
    extension.image("seg", f"RUN sleep 2.{seconds}\n")
    process = edk.start(
        "build", "--dir", str(extension.path), preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    assert wait_for(lambda: processes_with(f"sleep 2.{seconds}")), "the step did not start"

    process.send_signal(signal.SIGHUP)

    finished(process).expect(0)


def test_stopped_with_the_classic_builder(edk: Command, extension: Extension, engine_endpoint: str) -> None:
    """The classic builder's container goes with the run that is stopped."""
    import docker

    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN sleep {seconds}\n")
    process = edk.with_environ(EDK_CLASSIC_BUILDER="1").start("build", "--dir", str(extension.path), "--json")
    assert wait_for(lambda: processes_with(f"sleep {seconds}")), "the step did not start"

    process.send_signal(signal.SIGINT)
    finished(process).expect(130)

    assert wait_for(lambda: not processes_with(f"sleep {seconds}"), 5), "the step still runs"
    with closing(docker.DockerClient(base_url=engine_endpoint, timeout=30)) as engine:

        def containers() -> list[str]:
            known = engine.api.containers(all=True)
            return [container["Id"] for container in known if seconds in container["Command"]]

        assert wait_for(lambda: not containers(), 10), "the container is still there"


def test_killed_in_the_middle_of_a_step(edk: Command, extension: Extension) -> None:
    """A run that is killed takes its step with it, and the next one builds all."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN sleep {seconds}\n")
    process = edk.start("build", "--dir", str(extension.path))
    assert wait_for(lambda: processes_with(f"sleep {seconds}")), "the step did not start"

    process.kill()
    process.communicate()

    assert wait_for(lambda: not processes_with(f"sleep {seconds}"), 10), "the step still runs"
    extension.image("slow")
    edk("build", "--dir", str(extension.path)).expect(0)


def test_second_interrupt_ends_at_once(edk: Command, extension: Extension) -> None:
    """Somebody who asks twice does not wait."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN sleep {seconds}\n")
    process = edk.start("build", "--dir", str(extension.path), "--json")
    assert wait_for(lambda: processes_with(f"sleep {seconds}"))

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)

    assert 130 == process.wait(timeout=3)
    process.communicate()


def test_reader_that_goes_away(edk: Command, whole: Extension) -> None:
    """``| head -1`` ends the run quietly, and the next one converges."""
    process = edk.start("build", "--dir", str(whole.path))
    head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, timeout=60, check=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()

    assert head.stdout.startswith(b"sources")
    assert b"Traceback" not in errors
    assert b"Exception ignored" not in errors
    edk("build", "--dir", str(whole.path)).expect(0)


def test_killed_at_random(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Killed at ten instants, each time with another change under way, the last run gives the tree as it is."""
    before = snapshot(whole.path)
    chance = random.Random(20)
    for attempt in range(10):
        whole.write("containers/base/data.txt", f"base {attempt}\n")
        process = edk.start("build", "--dir", str(whole.path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.1, 1.6))
        process.kill()
        process.wait()

    edk("build", "--dir", str(whole.path)).expect(0)

    for short in ("seg", "dag"):
        assert "base 9\n" == registry.text(whole.name(short), VERSION, "base.txt")
    assert before.keys() == snapshot(whole.path).keys()
    again = edk("build", "--dir", str(whole.path), "--json").expect(0)
    assert [] == again.named("ImageStarted")


def test_two_at_once_build_each_image_once(edk: Command, whole: Extension) -> None:
    """Two runs on one extension share the work: each image is built once, and both succeed."""
    runs = [edk.start("build", "--dir", str(whole.path), "--json") for _ in range(2)]

    ended = [finished(process).expect(0) for process in runs]

    built = sorted(name for run in ended for name in run.images("ImageBuilt"))
    assert sorted(map(whole.name, ("base", "dag", "seg"))) == built
    for run in ended:
        assert 1 == len(run.named("ChartPackaged"))


def test_change_while_it_builds(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A base that changes while its dependents wait is never mixed: each image holds one state of the tree."""
    extension.local_base("base", "COPY data.txt /base.txt\nRUN sleep 1\n")
    extension.image("seg", "COPY data.txt /seg.txt\n", base="base")
    process = edk.start("build", "--dir", str(extension.path), "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "ImageStarted":
            break
    extension.write("containers/seg/data.txt", "seg 2\n")
    finished(process)

    edk("build", "--dir", str(extension.path)).expect(0)

    assert "seg 2\n" == registry.text(extension.name("seg"), VERSION, "seg.txt")


def test_workflows_side_by_side(edk: Command, busybox: str, tmp_path: Path) -> None:
    """Two runs on different extensions with one state do not hinder each other."""
    extensions = [workflow(tmp_path / str(number), busybox) for number in range(2)]
    runs = [edk.start("build", "--dir", str(each.path), "--json") for each in extensions]

    ended = [finished(process).expect(0) for process in runs]

    assert [3, 3] == [len(run.named("ImageBuilt")) for run in ended]
