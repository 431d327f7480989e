"""What the doctor makes of an engine's rights and of build caches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain.checks import Check
from edk.domain.engines import CacheUse, EngineSeen, Rights
from edk.domain.errors import BuildError, EngineUnreachableError
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_model import WatcherSeen
from tests.unit.doctor.test_doctor import SETTINGS, FakeEngineProbes, FakeMachine, found, patient

GB = 10**9


def of(*seen: EngineSeen) -> dict[str, object]:
    """A patient whose engines tell this."""
    return {"engine_probes": FakeEngineProbes(seen)}


def cache(size: int, free: int, limit: int = 0, name: str = "a") -> EngineSeen:
    """An engine with a build cache, in GB."""
    return EngineSeen(name, cache=CacheUse(size * GB, free * GB, limit * GB))


@pytest.mark.parametrize(
    ("rights", "status", "words", "remedy"),
    [
        (Rights("root"), "ok", "no, e is root", ""),
        (Rights("unknown", "it is far away"), "ok", "does not tell whether it is (it is far away)", ""),
        (Rights("rootless", "user 1000", "overlayfs"), "ok", "yes, e has an ordinary user's rights (user 1000)", ""),
        (Rights("rootless", sandbox=False), "ok", "may end, the daemon's other processes", ""),
        (Rights("rootless", snapshotter="native"), "warning", "a whole copy", "fuse-overlayfs"),
        (Rights("rootless", unreached="refused"), "failure", "in-cluster:5000 is nobody: refused", "container of this"),
    ],
)
def test_what_follows_from_rights(rights: Rights, status: str, words: str, remedy: str) -> None:
    """Of a rootless engine what steps can't do, and whether it gets to the registry at all."""
    check = found("rootless", **of(EngineSeen("e", rights)))

    assert status == check.status
    assert words in check.detail
    assert remedy in check.remedy


def test_daemons_of_the_same_rights_are_one_line() -> None:
    """Those of others have another one."""
    seen = (EngineSeen("a", Rights("root")), EngineSeen("b", Rights("root")), EngineSeen("c", Rights("rootless")))

    told = [check.detail for check in examine(patient(**of(*seen))) if check.name == "rootless"]

    assert 2 == len(told)
    assert "2 daemons, a and others" in told[0]


@pytest.mark.parametrize(
    ("seen", "status", "words"),
    [
        ([cache(3, 2)], "ok", "3.0 GB, 2.0 GB of it reclaimable; edk prune --build-cache leaves 20.0 GB"),
        ([cache(21, 2)], "warning", "nothing is known to bound it, and build_cache_limit is 20.0 GB"),
        ([cache(21, 2, 30)], "ok", "garbage above 30.0 GB is collected by itself"),
        ([cache(9, 2), cache(13, 2, 30, "b")], "warning", "22.0 GB on 2 daemons, most on b (13.0 GB), 4.0 GB of it"),
        ([cache(9, 2, 10), cache(13, 2, 30, "b")], "ok", "above 10.0 GB to 30.0 GB in each is collected"),
        ([EngineSeen("p", cache=CacheUse(0, 0, kept=False))], "ok", "it keeps none"),
    ],
)
def test_build_caches(seen: list[EngineSeen], status: str, words: str) -> None:
    """Their sum, what bounds it, and a hint where nothing does."""
    check = found("build cache", **of(*seen))

    assert (status, True) == (check.status, words in check.detail), check
    assert ("edk prune --build-cache" if status == "warning" else "") == check.remedy


def test_an_engine_that_is_away_has_one_line() -> None:
    """That of the engine; what it would tell is left out, and no failure of its own."""
    away = FakeEngineProbes(error=EngineUnreachableError("gone", "h"))

    names = {check.name for check in examine(patient(engine_probes=away))}

    assert set() == names & {"rootless", "build cache"}
    refuses = FakeEngineProbes(error=BuildError("it refuses"))
    assert Check("build cache", "ok", "not told: it refuses") == found("build cache", engine_probes=refuses)


def test_a_cache_that_is_counted_too_long_is_no_trouble() -> None:
    """It is said, and holds nobody up."""

    class Slow(FakeEngineProbes):
        def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
            import time

            time.sleep(1.0)
            return self.seen

    checks = examine(patient(engine_probes=Slow()), seconds=0.05)

    assert Check("build cache", "ok", "not told within 0 s") in checks


def test_a_wrong_limit_is_a_warning() -> None:
    """With how it is written."""
    check = found("build cache", settings=replace(SETTINGS, build_cache_limit="much"))

    assert ("warning", "for example 20GB") == (check.status, check.remedy)


def test_the_watcher_outside_of_a_pod() -> None:
    """None need run; one that is in trouble is a warning, and so is one that can't be asked."""

    def refused() -> tuple[WatcherSeen, ...]:
        raise EngineUnreachableError("/w.sock: Permission denied", "ask as its user")

    assert "ok" == found("watcher").status
    well = found("watcher", watchers=lambda: (WatcherSeen(("/ext",), " (pid 7)"),))
    ill = found("watcher", watchers=lambda: (WatcherSeen(("/ext",), " (pid 7)", "the engine is away"),))
    assert Check("watcher", "ok", "watches /ext (pid 7)") == well
    assert ("warning", "edk status") == (ill.status, ill.remedy)
    assert Check("watcher", "warning", "/w.sock: Permission denied", "ask as its user") == found(
        "watcher", watchers=refused
    )


def test_what_a_watch_needs_is_told_for_the_tree() -> None:
    """And a watcher that runs already holds what it needs."""
    short = FakeMachine(used=(499_950, 3))
    running = {"watchers": lambda: (WatcherSeen(("/ext",), ""),), "machine": short}

    assert "a watch of /ext needs 100 watches; 0 of 500000" in found("inotify").detail
    assert ("warning", "ok") == (found("inotify", machine=short).status, found("inotify", **running).status)
