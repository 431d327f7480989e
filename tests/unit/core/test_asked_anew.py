"""A plan that was made while the registry was away is made anew as soon as that answers, before anything is built."""

from __future__ import annotations

import pytest

from edk.domain import events as ev
from edk.domain.plan import NOT_ASKED
from edk.domain.run import RunState, StopAsked
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.loop import MAX_ASKED_ANEW, LoopOptions
from edk.orchestrator.planner import Planner
from edk.orchestrator.watch import WatchLoop, WatchOptions
from tests.unit.core.bench import Bench, _Crew, reason


def built_bench() -> Bench:
    """An image on a base that stands in the registry without a Dockerfile, built."""
    bench = Bench({"a/Dockerfile": 'FROM localhost:32000/upstream:1\nLABEL IMAGE="a"\nCOPY x /x\n', "a/x": "1"})
    bench.registry.put("upstream", "1", {})
    bench.build()
    assert ["a"] == bench.built()
    return bench


def phases(state: RunState) -> set[str]:
    """Return the phases of all targets."""
    return {target.phase for target in state.targets.values()}


def notices(bench: Bench) -> list[str]:
    """Return what was noticed of a registry that answers."""
    texts = [event.message for event in bench.sink.events if isinstance(event, ev.Noticed)]
    return [text for text in texts if text.startswith("the registry answers")]


@pytest.mark.parametrize("repository", ["a", "upstream"])
def test_what_stands_in_the_registry_is_not_built(repository: str) -> None:
    """Whether its tags or its base's digest could not be asked for: without the latter its fingerprint is another."""
    bench = built_bench()
    bench.registry.broken[repository] = 1
    plan = bench.plan()
    assert ("the registry could not be asked: localhost:32000 does not answer",) == plan.unasked
    assert {"build"} == {image.action for image in plan.images}

    state = bench.build(plan)

    assert [] == bench.built()
    assert {"skipped"} == phases(state)
    assert 1 == len(notices(bench))


def test_what_is_not_there_is_built_for_what_it_is_built_for() -> None:
    """The new plan knows why."""
    bench = built_bench()
    bench.write("a/x", "2")
    bench.registry.broken["a"] = 1
    plan = bench.plan()
    assert NOT_ASKED == reason(plan, "a")

    bench.build(plan)

    assert ["a"] == bench.built()
    told = [event.reason for event in bench.sink.events if isinstance(event, ev.ImageStarted)]
    assert "a/x" in told[-1] or "x changed" in told[-1], told


def test_a_registry_that_never_tells_is_not_asked_for_ever() -> None:
    """It answers, and breaks off at a base each time: after a few plans it is built as the last one says."""
    bench = built_bench()
    bench.registry.broken["upstream"] = 1000
    plan = bench.plan()

    state = bench.build(plan)

    assert ["a"] == bench.built()
    assert {"done"} == phases(state)
    assert MAX_ASKED_ANEW == len(notices(bench)) == 1000 - bench.registry.broken["upstream"] - 1


def watched(bench: Bench) -> WatchLoop:
    """Return a loop that stops when it has settled."""
    inbox = QueueInbox()
    return WatchLoop(
        inbox,
        _Crew(bench.services),
        bench.clock.monotonic,
        bench.sink.emit,
        Planner(bench.services, bench.request()),
        LoopOptions(2, 0),
        WatchOptions(settled=lambda _plan, _state: inbox.put(StopAsked())),
    )


def test_a_watcher_builds_nothing_either() -> None:
    """It tells that the registry is back, too, where it had told that it was away."""
    bench = built_bench()
    bench.registry.broken["upstream"] = 1
    loop = watched(bench)
    plan = loop._planner.anew()
    loop.missed("registry", "it was away")

    state = loop.watch(plan)

    assert [] == bench.built()
    assert {"skipped"} == phases(state)
    assert ["registry"] == [event.what for event in bench.sink.events if isinstance(event, ev.BackAgain)]
    assert {} == loop.trouble


def test_what_somebody_asked_to_build_again_is_built() -> None:
    """`edk rebuild` does not ask what the registry has."""
    bench = built_bench()
    loop = watched(bench)
    loop.adopt(loop._planner.anew())
    loop._planner.forget_registry()
    bench.registry.broken["a"] = 1
    loop.rebuild(("a",))

    plan = loop.plan
    assert plan is not None
    assert plan.unasked
    loop.watch(plan)

    assert ["a"] == bench.built()
