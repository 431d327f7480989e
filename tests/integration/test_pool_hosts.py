"""Three BuildKit daemons on hosts of their own, and a registry on a fourth: shared out, lost, and come back.

The hosts are network namespaces (`tests.support.hosts`). Steps wait rather than compute: there are two cores.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.buildkitd import OwnDaemon, missing_programs
from tests.support.command import Command, Run, base_environ, finished
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.site import Site, Worker, site_of
from tests.support.watching import watching

pytestmark = [pytest.mark.integration, pytest.mark.timeout(200)]

WORKERS = 3
PLACES = 2
"""Builds at once on each."""


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, laid once."""
    lacking = missing_programs()
    if lacking:
        pytest.skip(f"no BuildKit: {', '.join(lacking)}")
    with site_of(tmp_path_factory.mktemp("site"), WORKERS) as site:
        yield site


@pytest.fixture
def site(laid: Site) -> Iterator[Site]:
    """The site with all workers well, before and after."""
    yield laid
    for worker in laid.workers:
        worker.host.join()
        if not worker.daemon.running:
            worker.daemon.start()
        worker.daemon.signal(signal.SIGCONT)


@pytest.fixture
def edk(site: Site, tmp_path: Path) -> Iterator[Command]:
    """The command line with the site's workers and registry, and no Docker Engine."""
    home = tmp_path / "home"
    home.mkdir()
    environ = base_environ("unix:///nowhere.sock", home)
    command = Command(
        home,
        {
            **environ,
            "EDK_BUILDER": "buildkit",
            "EDK_REGISTRY": site.registry,
            "EDK_WORKER_JOBS": str(PLACES),
            "BUILDKIT_HOST": ",".join(worker.daemon.address for worker in site.workers),
        },
    )
    yield command
    command.end()


@pytest.fixture
def extension(site: Site, tmp_path: Path) -> Extension:
    """An empty extension on the site's base."""
    folder = tmp_path / "extension"
    folder.mkdir()
    return Extension(folder, site.base)


def _wide(extension: Extension, count: int, seconds: float) -> list[str]:
    """Write so many images that wait, and return their names."""
    for number in range(count):
        # Named for the run: no daemon remembers the step from another one.
        step = f"RUN : {extension.suffix}; sleep {seconds}; cat /data.txt > /seen"
        extension.image(f"w{number}", f"COPY data.txt /\n{step}\n")
    return [extension.name(f"w{number}") for number in range(count)]


def _build(edk: Command, extension: Extension, *more: str) -> Run:
    return edk("build", "--dir", str(extension.path), "--json", *more)


def _places(events: list[dict[str, object]]) -> dict[str, list[str]]:
    """Return image → the workers that it was given to, in order."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event["event"] == "ImagePlaced" and event["worker"]:
            found.setdefault(str(event["image"]), []).append(str(event["worker"]))
    return found


def _right(site: Site, extension: Extension, count: int) -> None:
    registry = RegistryReader(site.registry)
    for number in range(count):
        name = extension.name(f"w{number}")
        assert f"w{number} 1\n".encode() == registry.file(name, "1.2.3", "seen")[0]


def test_builds_are_shared_out(edk: Command, extension: Extension, site: Site) -> None:
    """A wide graph is on all workers, each image once, none over its limit; nothing is built again."""
    names = _wide(extension, 12, 1)

    run = _build(edk, extension).expect(0)

    places = _places(run.events)
    assert sorted(names) == sorted(places)
    assert {1} == {len(workers) for workers in places.values()}
    assert {worker.name for worker in site.workers} == {worker for given in places.values() for worker in given}
    assert PLACES >= max(_peaks(run.events).values())
    _right(site, extension, 12)
    assert [] == _build(edk, extension).expect(0).named("ImageStarted")


def _until_placed(building: subprocess.Popen[bytes]) -> Iterator[dict[str, object]]:
    """Yield events up to the first one that tells of a place."""
    assert building.stdout is not None
    for line in building.stdout:
        event = json.loads(line)
        yield event
        if event["event"] == "ImagePlaced" and event["worker"]:
            return


def _peaks(events: list[dict[str, object]]) -> Counter[str]:
    """Return worker → how many builds it had at once."""
    now: Counter[str] = Counter()
    peak: Counter[str] = Counter()
    at: dict[object, str] = {}
    for event in events:
        if event["event"] == "ImagePlaced" and event["worker"]:
            at[event["image"]] = str(event["worker"])
            now[str(event["worker"])] += 1
            peak |= now
        elif event["event"] in ("ImageBuilt", "ImageFailed", "ImageCancelled") and event["image"] in at:
            now[at.pop(event["image"])] -= 1
    return peak


def test_base_and_dependents_meet_through_the_registry(edk: Command, extension: Extension, site: Site) -> None:
    """A chain of images that stand on each other goes over several workers, and each sees what is below it."""
    extension.local_base("b0", "RUN echo 0 > /trail\n")
    for number in range(1, 8):
        extension.local_base(f"b{number}", f"RUN echo {number} >> /trail\n", base=f"b{number - 1}")
    extension.image("top", "RUN echo top >> /trail\n", base="b7")

    run = _build(edk, extension).expect(0)

    assert 1 < len({worker for given in _places(run.events).values() for worker in given})
    trail = RegistryReader(site.registry).file(extension.name("top"), "1.2.3", "trail")[0]
    assert b"0\n1\n2\n3\n4\n5\n6\n7\ntop\n" == trail


def test_same_worker_the_next_time(edk: Command, extension: Extension) -> None:
    """A target goes where its cache is: forced, all its steps come from there."""
    names = _wide(extension, 6, 0)
    first = _places(_build(edk, extension, "--jobs", "1").expect(0).events)

    again = _build(edk, extension, "--force", "--jobs", "1").expect(0)

    assert first == _places(again.events)
    assert sorted(names) == sorted(
        event["image"] for event in again.named("ImageBuilt") if event["cached_steps"] == event["steps"]
    )


@pytest.mark.parametrize("how", ["killed", "frozen", "cut"])
def test_worker_is_lost_in_the_middle(edk: Command, extension: Extension, site: Site, how: str) -> None:
    """What it was at is built by the others, once; every image is right, and nothing fails."""
    _wide(extension, 6, 3)
    building = edk.start("build", "--dir", str(extension.path), "--json", bufsize=0)
    events = list(_until_placed(building))
    placed = events[-1]
    victim = site.worker(str(placed["worker"]))
    time.sleep(1)

    if how == "killed":
        victim.daemon.stop(kill=True)
    elif how == "frozen":
        victim.daemon.signal(signal.SIGSTOP)
    else:
        victim.host.cut()
    rest = finished(building, 150).expect(0)

    places = _places([*events, *rest.events])
    lost = {image for image, given in places.items() if victim.name in given and len(given) > 1}
    assert placed["image"] in lost
    assert {1} == {len(given) for image, given in places.items() if image not in lost}
    assert all(given[-1] != victim.name for image, given in places.items() if image in lost)
    _right(site, extension, 6)


def test_worker_that_comes_back_gets_its_targets_back(edk: Command, extension: Extension, site: Site) -> None:
    """While it is away its targets, and no others, move; then they are where they were."""
    _wide(extension, 6, 0)
    home = _places(_build(edk, extension, "--jobs", "1").expect(0).events)
    gone = site.worker(home[extension.name("w0")][0])
    gone.daemon.stop(kill=True)

    away = _build(edk, extension, "--force", "--jobs", "1").expect(0)

    moved = {image for image, given in _places(away.events).items() if given[-1] != home[image][-1]}
    assert {image for image, given in home.items() if given[-1] == gone.name} == moved
    gone.daemon.start()
    back = _build(edk, extension, "--force", "--jobs", "1").expect(0)
    assert home == _places(back.events)


def test_all_workers_are_away(edk: Command, extension: Extension, site: Site) -> None:
    """Nothing is built, and the error names each worker."""
    _wide(extension, 1, 0)
    for worker in site.workers:
        worker.daemon.stop(kill=True)

    run = _build(edk.with_environ(EDK_RETRIES="0"), extension).expect(4)

    assert all(worker.name in run.err + run.out for worker in site.workers)


def test_full_worker_loses_its_builds_to_the_next(
    edk: Command, extension: Extension, site: Site, tmp_path: Path
) -> None:
    """A daemon whose disk has no room for a base builds nothing, and the build goes on elsewhere."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=True)
    host = site.workers[0].host
    small = OwnDaemon(place, f"tcp://{host.ip}:1235", prefix=host.prefix, registry=site.registry)
    try:
        small.start()
        other = site.workers[1].daemon.address
        _wide(extension, 6, 0)
        run = _build(edk.with_environ(BUILDKIT_HOST=f"{small.address},{other}"), extension).expect(0)
    finally:
        small.stop()
        subprocess.run(["umount", "-l", str(place)], check=True)

    places = _places(run.events)
    assert any(small.address.removeprefix("tcp://") in given for given in places.values())
    assert {other.removeprefix("tcp://")} == {given[-1] for given in places.values()}
    _right(site, extension, 6)


def test_workers_join_and_leave_during_a_build(edk: Command, extension: Extension, site: Site, tmp_path: Path) -> None:
    """A name that leads to other machines while a build goes on: who joins gets builds, who leaves ends its own."""
    one, two, three = site.workers
    hosts = tmp_path / "hosts"
    hosts.write_text(_lines(one, two))
    # The process's own view of the file that names are looked up in.
    own_hosts = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts))
    _wide(extension, 14, 2.5)
    building = edk.with_environ(BUILDKIT_HOST="tcp://buildkitd.test:1234").start(
        "build", "--dir", str(extension.path), "--json", bufsize=0, prefix=own_hosts
    )
    events = list(_until_placed(building))

    hosts.write_text(_lines(two, three))
    rest = finished(building, 150).expect(0)

    places = _places([*events, *rest.events])
    assert {1} == {len(given) for given in places.values()}
    given = [workers[0] for workers in places.values()]
    assert {one.name, two.name, three.name} == set(given)
    # It keeps what it had begun. What waited already when it left may still come to it; what comes later does not.
    assert one.name not in given[-4:]
    _right(site, extension, 14)


def _lines(*workers: Worker) -> str:
    return "127.0.0.1 localhost\n" + "".join(f"{worker.host.ip} buildkitd.test\n" for worker in workers)


def test_a_status_names_the_worker(edk: Command, extension: Extension, site: Site) -> None:
    """Of what is being built, of what waits for a place, and of what failed."""
    _wide(extension, 7, 6)
    extension.image("bad", f"RUN : {extension.suffix}; exit 3\n")
    names = {worker.name for worker in site.workers}
    with watching(edk, extension.path) as watcher:
        failed = watcher.wait("ImageFailed", image=extension.name("bad"))
        watcher.first(lambda event: event["event"] == "ImagePlaced" and event["worker"] == "", timeout=5)

        status = json.loads(edk("status", "--json").expect(0).out)

    told = {image["name"]: image for image in status["images"]}
    running = [image for image in told.values() if image["state"] == "running"]
    held = {hold["name"]: hold["reason"] for hold in status["holds"]}
    assert failed["worker"] in names
    assert failed["worker"] == told[extension.name("bad")]["worker"]
    assert names >= {image["worker"] for image in running if image["name"] not in held}
    assert "all 3 workers are full" in held.values()
