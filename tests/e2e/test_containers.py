"""Containers that share a state folder and nothing else: each numbers its processes by itself, as in a pod.

``unshare`` gives each command a number space of its own, in which it is process 1 or close to it: so are all others.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command, Run
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, Watcher, save, stand, watching

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def _none_can_be_had() -> bool:
    made = shutil.which("unshare") and subprocess.run([*CONTAINER, "true"], capture_output=True, check=False)
    return os.geteuid() != 0 or not made or made.returncode != 0


pytestmark = [pytest.mark.e2e, pytest.mark.skipif(_none_can_be_had(), reason="no process namespace can be made here")]


def inside(edk: Command, *arguments: str) -> Run:
    """Run a command in a container of its own."""
    return edk(*arguments, prefix=CONTAINER)


def ended(watcher: Watcher) -> int:
    """Return the exit code of a watcher that was asked to stop."""
    return watcher.process.wait(10)


def test_the_editors_commands_reach_the_watcher(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """Status, log, rebuild, pause, resume and stop; no number is taken for that of a process here."""
    image = light.name(PROBE)
    with watching(edk, light.path, prefix=CONTAINER) as watcher:
        stand(watcher, light, PROBE)
        status = inside(edk, "status").expect(0)
        assert "(in another container)" in status.out
        assert "pid" not in status.out
        told = json.loads(inside(edk, "status", "--json").expect(0).out)
        assert told["pid_namespace"].startswith("pid:[")
        assert told["pid_namespace"] != str(Path("/proc/self/ns/pid").readlink())
        assert "pushed" in inside(edk, "logs", image).expect(0).out

        mark = watcher.mark()
        inside(edk, "rebuild", image).expect(0)
        watcher.wait("SaveServed", mark, image=image)
        inside(edk, "pause").expect(0)
        mark = watcher.mark()
        save(light.path / f"containers/{PROBE}/data.txt", "while paused\n")
        watcher.wait("SavesNoticed", mark)
        assert [] == watcher.all("ImageStarted", mark)
        inside(edk, "resume").expect(0)
        watcher.wait("SaveServed", mark, image=image)
        assert "while paused\n" == registry.text(image, "1.2.3", "data.txt")

        second = inside(edk, "watch", "--dir", str(light.path)).expect(2)
        assert "is watched already, by edk watch (in another container)" in second.err
        stopped = inside(edk, "stop").expect(0)
        assert stopped.out.startswith("stopped (in another container); it watched")
        assert 0 == ended(watcher)

    gone = inside(edk, "status").expect(4)
    assert "no watcher runs" in gone.err


def test_a_build_by_hand_beside_the_watcher(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """What both want is built once: the lock is the kernel's, and no number in it is asked for."""
    data = extension.image("slow", f"COPY data.txt /\nRUN sleep 2; : {extension.suffix}\n") / "data.txt"
    with watching(edk, extension.path, prefix=CONTAINER) as watcher:
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        save(data, "slow 2\n")
        watcher.wait("ImageStarted", mark)
        by_hand = inside(edk, "build", "--dir", str(extension.path), "--json").expect(0)
        watcher.wait("SaveServed", mark)

        assert 1 == len(watcher.all("ImageBuilt", mark)) + len(by_hand.named("ImageBuilt"))
        assert "edk watch (in another container)" in by_hand.out
        assert "slow 2\n" == registry.text(extension.name("slow"), "1.2.3", "data.txt")
        inside(edk, "stop").expect(0)
        assert 0 == ended(watcher)


def test_a_watcher_that_was_killed_is_no_obstacle(edk: Command, light: Extension) -> None:
    """Its socket and its name in the lock stay; neither is taken for a watcher, whoever has its number now."""
    with watching(edk, light.path, prefix=CONTAINER) as watcher:
        stand(watcher, light, PROBE)
        watcher.process.kill()
        watcher.process.wait(10)
    assert "no watcher runs" in inside(edk, "status").expect(4).err
    with watching(edk, light.path, prefix=CONTAINER) as watcher:
        inside(edk, "stop").expect(0)
        assert 0 == ended(watcher)


def test_charts_are_packaged_by_both_at_once(edk: Command, whole: Extension, tmp_path: Path) -> None:
    """Neither takes the other's staged charts for those of a process that is no more."""
    folder = str(whole.path)
    inside(edk, "build", "--dir", folder).expect(0)
    # Each with another number, which nobody has in the other containers.
    far = (*CONTAINER, "sh", "-c", 'n=$0; while [ "$n" -gt 0 ]; do /bin/true; n=$((n - 1)); done; "$@"; exit $?')
    processes = [
        # Of another version, so that it is packaged anew.
        edk.with_environ(KAAPANA_BUILD_VERSION=f"1.2.{n}").start(
            "chart", "--dir", folder, "--no-import", prefix=(*far, str(9 * n))
        )
        for n in range(6)
    ]
    outcomes = [process.communicate(timeout=60) for process in processes]

    assert [0] * 6 == [process.returncode for process in processes], outcomes
