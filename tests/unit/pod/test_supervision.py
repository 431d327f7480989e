"""The decisions of the small kubelet, with made-up time."""

from __future__ import annotations

from dataclasses import replace

import yaml

from tests.support.pod.rendered import read
from tests.support.pod.spec import ContainerSpec, Probe
from tests.support.pod.supervision import Ask, Pauses, Phase, Start, Stop, Watch
from tests.unit.pod.test_rendered import DEPLOYMENT

PAUSES = Pauses(first=10, longest=40, forgotten_after=600)


def container(**probes: Probe) -> ContainerSpec:
    """Return a container with these probes."""
    return replace(read(yaml.safe_dump(DEPLOYMENT)).pods[0].containers[0], **probes)


def running(now: float = 0, **probes: Probe) -> Watch:
    """Return a container that was started."""
    watch = Watch(container(**probes), False, PAUSES)
    assert [Start()] == watch.due(now)
    watch.begun(now)
    return watch


def test_container_without_probes_is_ready_at_once() -> None:
    """Nothing is asked."""
    watch = running()

    assert (True, []) == (watch.ready, watch.due(100))


def test_pauses_grow_and_are_forgotten() -> None:
    """At once, then 10, 20, 40 and never more; after a long run anew from the beginning."""
    watch, now, waited = running(), 0.0, []
    for _ in range(5):
        now += 1
        watch.ended(now, 1)
        waited.append(watch.not_before - now)
        assert ([] if waited[-1] else [Start()]) == watch.due(now)
        now = watch.not_before
        watch.begun(now)
    watch.ended(now + 600, 1)

    assert [0, 10, 20, 40, 40] == waited
    assert (0, 5) == (watch.not_before - now - 600, watch.restarts)


def test_init_container_is_done_by_zero_alone() -> None:
    """Another end has it started again."""
    watch = Watch(container(), True, PAUSES)
    watch.begun(0)
    watch.ended(1, 3)
    assert Phase.WAITING is watch.phase
    watch.begun(2)
    watch.ended(3, 0)

    assert (Phase.DONE, []) == (watch.phase, watch.due(100))


def test_no_other_probe_until_the_start_is_over() -> None:
    """Liveness and readiness begin when the startup probe has succeeded once."""
    start, live = Probe("tcp", port=1, period=2, failures=2), Probe("tcp", port=2, period=5)
    watch = running(startup=start, liveness=live)

    assert ([Ask("startup", start)], []) == (watch.due(0), watch.due(1))
    assert [] == watch.answered("startup", watch.number, 1, "refused")
    assert (False, [Ask("startup", start)]) == (watch.started, watch.due(3))
    watch.answered("startup", watch.number, 4, "")

    assert (True, True, [Ask("liveness", live)]) == (watch.started, watch.ready, watch.due(4))


def test_start_that_fails_too_often_ends_the_container() -> None:
    """With the reason, and the probe's own grace."""
    watch = running(startup=Probe("tcp", port=1, period=1, failures=2, grace=5))
    watch.due(0)
    watch.answered("startup", watch.number, 0, "refused")
    watch.due(1)

    stop = watch.answered("startup", watch.number, 1, "refused")

    assert [Stop("startup probe failed 2 times: refused", 5)] == stop
    watch.ended(2, 137)
    assert "ended with 137 (startup probe failed 2 times: refused)" == watch.last


def test_readiness_comes_and_goes_without_a_restart() -> None:
    """After its thresholds: two successes, three failures in a row."""
    watch = running(readiness=Probe("tcp", port=1, period=1, successes=2, failures=3))
    seen = []
    for now, fault in enumerate(["", "", "no", "no", "", "no", "no", "no", "", ""]):
        assert 1 == len(watch.due(now))
        assert [] == watch.answered("readiness", watch.number, now, fault)
        seen.append(watch.ready)

    assert [False, True, True, True, True, True, True, False, False, True] == seen


def test_answer_of_an_earlier_container_counts_for_nothing() -> None:
    """A probe that hung while its container was replaced must not end the new one."""
    watch = running(liveness=Probe("tcp", port=1, failures=1))
    watch.due(0)
    watch.ended(1, 1)
    watch.begun(2)
    watch.due(2)

    assert [] == watch.answered("liveness", watch.number - 1, 3, "timed out")
    assert Phase.RUNNING is watch.phase


def test_probe_is_asked_once_at_a_time() -> None:
    """One that hangs is not asked again until it has answered."""
    watch = running(liveness=Probe("tcp", port=1, period=1))

    assert (1, 0) == (len(watch.due(0)), len(watch.due(50)))


def test_container_that_can_not_be_started_waits_as_one_that_ends() -> None:
    """With the engine's word as the reason."""
    watch = Watch(container(), False, PAUSES)
    watch.refused(0, "no such image")
    watch.refused(0, "no such image")

    assert ("no such image", 10, []) == (watch.last, watch.not_before, watch.due(9))
