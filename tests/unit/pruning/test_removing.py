"""What may happen between looking and removing, and what the registry may have to say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edk.adapters.cancellation import Cancel
from edk.domain import events as ev
from edk.domain.errors import BuildError, DigestMismatchError, EngineUnreachableError, RegistryUnreachableError
from edk.domain.held import Contents, Push
from edk.orchestrator.prune import remove
from edk.orchestrator.survey import Asked, survey, survey_beside, tree_uses
from edk.orchestrator.worker import BuiltBase, Task, build_image
from tests.fakes.registry import FakeRegistry
from tests.support.histories import HOUR, Behind, History, Made, NoDisk
from tests.unit.core.bench import ROOT, Bench, FakeLocks, image
from tests.unit.core.building import dockerfile


@pytest.fixture
def history(tmp_path: Path) -> History:
    """An image that is superseded, old enough, and another one in its place."""
    history = History(FakeRegistry(), tmp_path)
    history.build("x")
    history.build("x", 1)
    history.clock.advance(2 * HOUR)
    return history


def old(history: History) -> Made:
    """The image that is superseded."""
    return next(made for made in history.made.values() if made != history.tree["x"])


def refusals(history: History) -> list[str]:
    """Why things stayed, as told by events."""
    return [e.reason for e in history.services.sink.events if isinstance(e, ev.RemovalRefused)]  # type: ignore[attr-defined]


def test_what_goes_is_told(history: History) -> None:
    """With its size, which is free after garbage collection."""
    gone = old(history)
    history.prune(keep=0)

    told = [e for e in history.services.sink.events if isinstance(e, ev.ImageRemoved)]  # type: ignore[attr-defined]
    assert [("x", gone.digest, ())] == [(e.repository, e.digest, e.tags) for e in told]
    assert told[0].size > len(gone.manifest)


def test_a_tag_that_came_meanwhile_keeps_it(history: History) -> None:
    """Deleting by digest would take the tag along, whosever it is."""
    found = history.surveyed(history.asked(keep=0))
    history.retag(old(history), "mine")

    done = history.removed(found, history.asked(keep=0))

    assert [((old(history).key), "the tag mine points at it now")] == list(done.stayed)
    assert done.images == ()
    history.read_back()


def test_a_build_that_came_to_use_it_keeps_it(history: History) -> None:
    """Another image was pushed that refers to it, or is the same."""
    found = history.surveyed(history.asked(keep=0))
    history.cache.record_push(
        Push(history.host, "dag", "sha256:1", (), history.clock.now(), Contents(refers=(old(history).digest,)))
    )

    history.removed(found, history.asked(keep=0))

    assert ["a build of dag has just come to use it"] == refusals(history)
    history.read_back()


def test_a_lock_that_a_build_holds_keeps_it(history: History) -> None:
    """The build may be between its push and its tags; the next prune takes it."""
    history.services = replace(history.services, locks=FakeLocks({f"{history.host}/x": 1}))
    found = history.surveyed(history.asked(keep=0))

    history.removed(found, history.asked(keep=0))

    assert ["edk build (pid 12) is at work on x"] == refusals(history)
    assert 1 == len(history.prune(keep=0))


def test_an_alias_is_locked_by_the_name_behind_it(history: History) -> None:
    """Its image is built under that name."""
    history.package("c", "x", 0)
    history.build("x", 2)
    history.package("c", "x", 0)
    history.clock.advance(2 * HOUR)
    locks = FakeLocks({f"{history.host}/x": 99})
    history.services = replace(history.services, locks=locks)
    found = history.surveyed(history.asked(keep=0))

    done = history.removed(found, history.asked(keep=0))

    assert 3 == len(done.stayed)
    assert 96 == locks.busy[f"{history.host}/x"]


def test_one_prune_at_a_time(history: History) -> None:
    """The second one says so."""
    history.services = replace(history.services, locks=FakeLocks({f"prune {history.host}": 1}))
    found = history.surveyed(history.asked(keep=0))

    with pytest.raises(BuildError, match="another edk prune"):
        history.removed(found, history.asked(keep=0))


def test_only_what_was_shown_is_removed(history: History) -> None:
    """What was superseded only after the user looked waits for the next prune."""
    found = history.surveyed(history.asked(keep=0))

    done = remove(history.services, NoDisk(), found, history.asked(keep=0), set())

    assert () == done.images
    history.read_back()


def test_a_registry_that_forbids_it_is_named(history: History) -> None:
    """Nothing else is tried, and no lock stays."""
    history.registry.fail("delete", BuildError("Registry x does not let images be deleted", "do"))  # type: ignore[attr-defined]
    found = history.surveyed(history.asked(keep=0))

    with pytest.raises(BuildError, match="does not let"):
        history.removed(found, history.asked(keep=0))

    assert [] == history.services.locks.held  # type: ignore[attr-defined]
    assert 1 == len(history.prune(keep=0))


def test_a_registry_that_is_away_ends_it(history: History) -> None:
    """Without it nothing can be said, and nothing is removed."""
    history.registry.fail("ping", RegistryUnreachableError("away"))  # type: ignore[attr-defined]

    with pytest.raises(RegistryUnreachableError):
        history.surveyed(history.asked(keep=0))


@pytest.mark.parametrize("method", ["tags", "head"])
def test_a_repository_that_cannot_be_read_is_left_alone(history: History, method: str) -> None:
    """Nobody knows what its tags point at; the others are pruned."""
    history.build("y")
    history.build("y", 1)
    history.clock.advance(2 * HOUR)
    history.registry.fail(method, RegistryUnreachableError("500"))  # type: ignore[attr-defined]

    found = history.surveyed(history.asked(keep=0))

    (unreadable,) = found.inventory.unreadable
    assert {"x", "y"} - {unreadable} == {v.held.repository for v in found.superseded}
    assert 2 == len(history.cache.pushes(history.host)) - 2
    assert 2 == len(history.prune(keep=0))


def test_a_damaged_image_is_left_alone(tmp_path: Path) -> None:
    """Also if it may be superseded; it is not ours to say."""
    history = History(FakeRegistry(), tmp_path)
    history.own = Behind()
    first = history.build("x")
    history.build("x", 1)
    history.lose_state()
    history.registry.damage(*first.key)  # type: ignore[attr-defined]

    found = history.surveyed(history.asked(keep=0, unrecorded=True))

    assert () == found.superseded
    assert ["unreadable"] == [r.why for v in found.verdicts if v.held.key == first.key for r in v.reasons]


def test_what_the_registry_lost_is_forgotten(history: History) -> None:
    """The record of pushes follows the registry."""
    history.registry.delete(*old(history).key)

    history.surveyed(history.asked())

    assert [history.tree["x"].digest] == [push.digest for push in history.cache.pushes(history.host)]


def test_pushes_to_another_registry_do_not_count(history: History) -> None:
    """One state may have pushed to several."""
    history.host = "other:5000"
    history.services = replace(
        history.services, settings=replace(history.services.settings, registry="other:5000")
    )

    found = history.surveyed(history.asked(keep=0))

    assert () == found.superseded
    assert 2 == len(history.cache.pushes("localhost:32000"))


class Disk(NoDisk):
    """An engine with something on its disk."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def copies(self, before: float) -> tuple[int, int]:
        """Two of them."""
        return 2, 100

    def remove_copies(self, before: float) -> tuple[int, int]:
        """Remove two."""
        self.asked.append(before)
        return 2, 70

    def cache_bytes(self) -> int:
        """A thousand."""
        return 1000

    def prune_cache(self, keep: int) -> int:
        """Down to the limit."""
        self.asked.append(keep)
        return 1000 - keep


def test_the_engine_is_tidied_too(history: History) -> None:
    """Copies older than the least age, and the cache down to its limit; a limit that is not reached changes nothing."""
    disk = Disk()
    asked = replace(history.asked(), cache_limit=400)
    found = survey_beside(history.services, None, disk, asked, frozenset(), 0)
    done = remove(history.services, disk, found, asked, set())

    assert (2, 670) == (done.copies, done.engine_bytes)
    assert [history.clock.now() - HOUR, 400] == disk.asked
    disk.asked.clear()
    remove(history.services, disk, found, replace(asked, cache_limit=1000), set())
    assert [history.clock.now() - HOUR] == disk.asked


def test_an_engine_that_is_away_matters_only_if_asked_for(history: History) -> None:
    """The registry is pruned without it; a limit for its cache can't be kept without it."""

    class Away(Disk):
        def copies(self, before: float) -> tuple[int, int]:
            raise EngineUnreachableError("no engine")

    found = survey_beside(history.services, None, Away(), history.asked(), frozenset(), 0)
    assert "no engine" == found.engine.problem
    with pytest.raises(EngineUnreachableError):
        survey_beside(history.services, None, Away(), replace(history.asked(), cache_limit=1), frozenset(), 0)


def test_an_archive_that_was_packaged_anew_stays(history: History) -> None:
    """Its time is another one than when it was looked at."""
    history.package("c", "x", 0)
    history.clock.advance(HOUR)
    history.package("c", "x", 1)
    history.clock.advance(2 * HOUR)
    found = history.surveyed(history.asked())
    history.package("c", "x", 0)

    done = history.removed(found, history.asked())

    assert () == done.charts
    assert ["it was packaged anew"] == refusals(history)


TREE = {
    "base/Dockerfile": dockerfile("base", "FROM scratch", labels='REGISTRY="local-only"'),
    "x/Dockerfile": dockerfile("x", "FROM local-only/base:latest", "COPY data /"),
    "x/data": "1",
}


def test_the_worker_records_its_pushes_and_the_tree_keeps_what_it_makes() -> None:
    """Its fingerprint is asked for though no tag is left, and the base that it was built on stays with it."""
    bench = Bench(TREE)
    base = bench.registry.put("base", "latest", {})
    job = Task(image(bench.plan(), "x"), (BuiltBase(f"{ROOT}/base/Dockerfile", "base", base),), 1)

    build_image(job, bench.services, bench.disk.fresh(), lambda _: None, Cancel())

    (push,) = bench.cache.pushes("localhost:32000")
    assert ("x", ("0.6.0",), bench.clock.now()) == (push.repository, push.tags, push.time)
    assert (job.image.fingerprint, (base,)) == (push.contents.fingerprint, push.contents.bases)
    bench.registry.drop("x", "0.6.0")
    bench.clock.advance(2 * HOUR)
    asked = Asked(bench.request(), keep=0)
    assert [["tree"]] == [
        [r.why for r in v.reasons]
        for v in survey(bench.services, None, NoDisk(), asked).verdicts
        if v.held.repository == "x"
    ]
    bench.write("x/data", "2")
    assert [push.digest] == [v.held.digest for v in survey(bench.services, None, NoDisk(), asked).superseded]


def test_a_tree_keeps_the_digests_that_it_names() -> None:
    """In operators and Dockerfiles, be there a Dockerfile for them or not."""
    digest = "sha256:" + "a" * 64
    other = "sha256:" + "b" * 64
    operator = f'class A:\n    def __init__(self):\n        super().__init__(image="localhost:32000/y@{digest}")\n'
    bench = Bench(
        {
            "AOperator.py": operator,
            "x/Dockerfile": dockerfile("x", f"FROM localhost:32000/z@{other}"),
        }
    )
    assert {digest, other} <= tree_uses(bench.plan())


def test_damage_is_no_reason_to_stop(history: History) -> None:
    """A manifest that lies is left alone, and so told."""
    history.lose_state()
    history.registry.fail("manifest", DigestMismatchError("it lies"))  # type: ignore[attr-defined]

    found = history.surveyed(history.asked(unrecorded=True))

    assert 1 == sum(not v.held.readable for v in found.verdicts)
