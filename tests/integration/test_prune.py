"""Pruning for real: a registry that our set-up started, read back after each prune and each garbage collection."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edk.adapters.locks import FileLocks
from edk.adapters.own_registry import StartedRegistry as FromBehind
from edk.adapters.own_registry import find_own_registry
from edk.adapters.registry import HttpRegistry
from edk.domain.errors import BuildError
from edk.domain.pruning import Key
from edk.orchestrator.garbage import collect_garbage
from tests.fakes.registry import MANIFEST
from tests.support.histories import HOUR, History, random_steps
from tests.support.started import StartedRegistry

pytestmark = pytest.mark.integration


@pytest.fixture
def started(tmp_path: Path) -> Iterator[StartedRegistry]:
    """A registry that the set-up started."""
    with StartedRegistry(tmp_path / "state") as registry:
        yield registry


@pytest.fixture
def history(started: StartedRegistry) -> History:
    """An empty history in it."""
    # A little behind the real clock, which stamps what the storage holds.
    history = History(HttpRegistry(started.host, environ={}), started.state, start=time.time() - 60)
    settings = replace(history.services.settings, registry=started.host)
    history.services = replace(history.services, settings=settings, locks=FileLocks(str(started.state), "edk prune"))
    history.host = started.host
    history.own = behind(started)
    return history


def behind(started: StartedRegistry) -> FromBehind:
    """The registry from behind."""
    found = find_own_registry(str(started.state), started.host)
    assert found is not None
    return found


def test_a_random_history(history: History, started: StartedRegistry) -> None:
    """After each prune all that is needed is read back; after garbage collection too, and the disk is freed."""
    chance = random.Random(4)
    removed: set[Key] = set()
    for step, _ in zip(random_steps(history, chance), range(50), strict=False):
        step()
    history.clock.advance(2 * HOUR)
    removed |= history.prune(keep=1, unrecorded=True)
    blobs = set(started.blobs.glob("*/*/*"))
    size = sum(path.stat().st_size for path in started.blobs.glob("*/*/*/data"))

    freed = collect_garbage(history.services, behind(started))

    history.read_back()
    left = set(started.blobs.glob("*/*/*"))
    needed = {blob for made in history.made.values() for blob in (made.digest, *made.blobs)}
    assert removed
    assert needed == {f"sha256:{path.name}" for path in left}
    assert left < blobs
    assert freed == size - sum(path.stat().st_size for path in started.blobs.glob("*/*/*/data"))


def test_what_the_storage_lists(history: History, started: StartedRegistry) -> None:
    """Every manifest with its time, tagged or not; what was deleted is not among them."""
    first = history.build("x")
    second = history.build("x", 1)
    theirs = history.push_foreign("deep/er/theirs")
    gone = history.build("x", 2)
    history.registry.delete(*gone.key)

    stored = behind(started).stored()

    assert {first.key, second.key, theirs.key} == set(stored)
    assert all(abs(time.time() - stamp) < 60 for stamp in stored.values())


def test_a_lost_state_is_made_up_for_by_the_storage(history: History) -> None:
    """Without our record what is superseded is kept, unless somebody says that it may go."""
    first = history.build("x")
    history.build("x", 1)
    theirs = history.push_foreign("theirs")
    history.push_foreign("theirs", 1)
    history.lose_state()

    assert set() == history.prune(keep=0)
    assert {first.key} == history.prune(keep=0, unrecorded=True)
    assert history.registry.manifest(*theirs.key) is not None


def test_empty_aliases_leave_the_catalogue(history: History, started: StartedRegistry) -> None:
    """An alias is a repository of its own, and a registry lists even empty ones for ever."""
    history.build("dag")
    history.package("c", "dag", 0)
    history.build("dag", 1)
    history.package("c", "dag", 0)
    history.clock.advance(2 * HOUR)
    assert 2 == len(history.prune(keep=0))
    assert 3 == len(history.registry.repositories())

    collect_garbage(history.services, behind(started))

    assert {made.repository for made in history.made.values()} == set(history.registry.repositories())


def test_a_build_at_work_is_waited_for(history: History, started: StartedRegistry) -> None:
    """Nothing is collected while a target of ours is being built, and the registry goes on."""
    history.build("x")
    pid = started.pid
    lock = FileLocks(str(started.state), "edk build").try_acquire(f"{started.host}/x")
    assert lock is not None

    with pytest.raises(BuildError, match=rf"edk build \(pid {os.getpid()}\) is at work on x"):
        collect_garbage(history.services, behind(started))

    assert pid == started.pid
    lock.release()
    collect_garbage(history.services, behind(started))
    assert pid != started.pid
    history.read_back()


def test_a_collection_that_fails_brings_the_registry_back(history: History, started: StartedRegistry) -> None:
    """A manifest that is damaged ends the collection before anything goes; the registry runs again all the same."""
    made = history.build("x")
    hex_ = made.digest.removeprefix("sha256:")
    data = started.blobs / "sha256" / hex_[:2] / hex_ / "data"
    content = data.read_bytes()
    data.write_bytes(b"{")

    with pytest.raises(BuildError, match=r"garbage collection of .* failed"):
        behind(started).collect()

    data.write_bytes(content)
    history.read_back()
    assert behind(started).running() == started.pid


def test_interrupted_it_brings_the_registry_back(
    history: History, started: StartedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: the registry is started before the interruption goes on."""
    history.build("x")
    before = started.pid

    def interrupted(*_: object) -> None:
        assert behind_running() == 0
        signal.raise_signal(signal.SIGINT)

    found = behind(started)
    behind_running = found.running
    monkeypatch.setattr(FromBehind, "_collect", interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.collect()

    assert before != started.pid
    history.read_back()


def test_the_set_up_waits_for_a_collection(history: History, started: StartedRegistry) -> None:
    """It does not start a second registry on a storage that is being collected, though it finds none running."""
    history.build("x")
    found = behind(started)
    threads = [threading.Thread(target=found.collect), threading.Thread(target=started.set_up)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    history.read_back()
    assert started.pid == found.running()


def test_builds_beside_a_prune(history: History) -> None:
    """Images that are pushed while a prune looks and removes stay, whatever was there before of the same content."""
    old = [history.build("x", version) for version in range(8)]
    history.clock.advance(2 * HOUR)
    locks = FileLocks(history.services.settings.state_dir, "edk build")
    stop = threading.Event()
    asked = history.asked(keep=0)
    again: list[Key] = []

    def builds() -> None:
        for made in old[:-1]:
            # As a worker does: under the lock, from the push to the tag.
            while (lock := locks.try_acquire(f"{history.host}/x")) is None:
                time.sleep(0.001)
            history.registry.put_manifest("x", f"t{made.digest[7:13]}", MANIFEST, made.manifest)
            again.append(made.key)
            lock.release()
            if stop.wait(0.002):
                return

    thread = threading.Thread(target=builds)
    found = history.surveyed(asked)
    thread.start()
    done = history.removed(found, asked)
    stop.set()
    thread.join()

    assert 7 == len(done.images) + len(done.stayed)
    for made in old[:-1]:
        tag = f"t{made.digest[7:13]}"
        if made.key in again:
            head = history.registry.head("x", tag)
            assert head is not None
            assert made.digest == head.digest
