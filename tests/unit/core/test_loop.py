"""The loop in virtual time: order, retries, failures, new plans and stopping."""

from __future__ import annotations

import pytest

from edk.domain import events as ev
from edk.domain.errors import SourceError
from edk.orchestrator.loop import MAX_REPLANS, EventOccurred
from tests.unit.core.building import key, plan
from tests.unit.core.virtual import End, run

DIAMOND = """
    base:
    left: base
    right: base
    top: left right
"""


def test_a_diamond_is_built_from_its_base_up() -> None:
    """Both sides run together once the base is there, and the top runs last."""
    outcome = run(plan(DIAMOND))

    assert [(0.0, "base"), (1.0, "left"), (1.0, "right"), (2.0, "top")] == [s[:2] for s in outcome.crew.started]
    assert 3.0 == outcome.seconds
    assert {"done"} == set(outcome.phases.values())


def test_a_dependent_gets_exactly_the_digests_just_built() -> None:
    """A task names each base with the digest that this run or the registry has of it."""
    outcome = run(plan("built:\nthere: = skip\ntop: built there"))

    bases = [(b.repository, b.digest) for b in outcome.crew.tasks[-1].bases]

    assert [("built", "sha256:built-1"), ("there", "")] == bases


def test_concurrency_reaches_jobs_and_never_goes_above() -> None:
    """With enough to do, exactly as many workers run as are allowed."""
    outcome = run(plan("\n".join(f"t{i}:" for i in range(10))), jobs=3)

    assert 3 == outcome.crew.peak
    assert 4.0 == outcome.seconds


def test_the_longest_path_is_built_first() -> None:
    """With one worker, the chain that takes longest goes before what nobody waits for."""
    outcome = run(plan("alone:\nbottom:\nmiddle: bottom\ntop: middle"), jobs=1)

    assert ["bottom", "middle", "alone", "top"] == outcome.starts


def test_infrastructure_is_tried_again_with_growing_pauses() -> None:
    """A failure of the engine is tried again after pauses that double, and may come to a good end."""
    outcome = run(plan("a:"), ends={"a": [End("engine"), End("engine"), End("engine"), End()]})

    retries = [(e.attempt, e.delay) for e in outcome.of(ev.RetryScheduled)]
    pauses = [b[0] - a[0] - 1.0 for a, b in zip(outcome.crew.started, outcome.crew.started[1:], strict=False)]

    assert {"a": "done"} == outcome.phases
    assert [1, 2, 3, 4] == [attempt for *_, attempt in outcome.crew.started]
    assert [2, 3, 4] == [attempt for attempt, _ in retries]
    assert all(low / 2 <= delay <= low for (_, delay), low in zip(retries, (1.0, 2.0, 4.0), strict=True))
    assert pauses == pytest.approx([delay for _, delay in retries])
    assert [] == outcome.of(ev.ImageFailed)


def test_pauses_between_attempts_are_at_most_half_a_minute() -> None:
    """The pause stops growing at thirty seconds."""
    outcome = run(plan("a:"), retries=9, ends={"a": [End("engine")]})

    delays = [e.delay for e in outcome.of(ev.RetryScheduled)]

    assert 9 == len(delays)
    assert max(delays) <= 30.0


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_it_gives_up_after_the_last_retry_and_tells_once(retries: int, attempts: int) -> None:
    """After so many further attempts the failure is shown, one time."""
    outcome = run(plan("a:\nb: a"), retries=retries, ends={"a": [End("engine")]})

    assert ["a"] * attempts == outcome.starts
    assert {"a": "failed", "b": "blocked"} == outcome.phases
    assert 1 == len(outcome.of(ev.ImageFailed))


def test_a_failed_step_is_not_tried_again_and_others_go_on() -> None:
    """What failed by its own fault is told once, blocks what stands on it, and nothing else."""
    outcome = run(plan(DIAMOND + "beyond: top\nother:"), ends={"left": [End("step")]})

    assert {
        "base": "done",
        "left": "failed",
        "right": "done",
        "top": "blocked",
        "beyond": "blocked",
        "other": "done",
    } == outcome.phases
    assert ["left"] == [e.image for e in outcome.of(ev.ImageFailed)]
    assert [ev.ImageBlocked("top", "left"), ev.ImageBlocked("beyond", "top")] == outcome.of(ev.ImageBlocked)


def test_stopping_cancels_all_that_runs_and_starts_nothing_more() -> None:
    """Asked to stop, the loop ends as soon as the workers have."""
    outcome = run(plan("a:\nb:\nc:"), ends={"a": [End(seconds=60)], "b": [End(seconds=60)]}, stop_at=5.0)

    assert [("a", "stopped"), ("b", "stopped")] == outcome.crew.cancelled
    assert {"cancelled"} == set(outcome.phases.values())
    assert ["a", "b"] == outcome.starts
    assert 5.1 == pytest.approx(outcome.seconds)


def test_stopping_does_not_wait_for_a_retry() -> None:
    """A target in the pause before its next attempt is dropped at once."""
    outcome = run(plan("a:"), ends={"a": [End("engine")]}, stop_at=1.1)

    assert {"a": "cancelled"} == outcome.phases
    assert 1.1 == pytest.approx(outcome.seconds)


def test_changed_sources_make_a_new_plan_and_what_is_still_wanted_goes_on() -> None:
    """Of two builds one finds its files changed: only that one is built anew."""
    outcome = run(
        plan("a:\nb:"),
        ends={"a": [End("changed", 1.0), End()], "b": [End(seconds=5.0)]},
        replans=[plan("a:\nb:", a="2")],
    )

    assert [(0.0, "a", "1", 1), (0.0, "b", "1", 1), (1.0, "a", "2", 1)] == outcome.crew.started
    assert [] == outcome.crew.cancelled
    assert {"a": "done", "b": "done"} == outcome.phases


def test_a_new_plan_cancels_what_it_supersedes() -> None:
    """A build whose inputs are others by the new plan is cancelled and built anew, once it has ended."""
    outcome = run(
        plan("a:\nb:"),
        ends={"a": [End("changed", 1.0), End()], "b": [End(seconds=5.0), End()]},
        replans=[plan("a:\nb:", a="2", b="2")],
    )

    assert [("b", "files changed")] == outcome.crew.cancelled
    assert [("b", "1", 0.0), ("b", "2", pytest.approx(1.1))] == [
        (n, f, t) for t, n, f, _ in outcome.crew.started if n == "b"
    ]


def test_a_superseded_builds_failure_is_not_told() -> None:
    """What fails after nobody wants it any more is neither shown nor tried again as such."""
    outcome = run(
        plan("a:\nb:"),
        ends={"a": [End("changed", 1.0), End()], "b": [End("engine", 1.1, deaf=True), End()]},
        replans=[plan("a:\nb:", a="2", b="2")],
    )

    assert ["a", "b", "a", "b"] == outcome.starts
    assert {"a": "done", "b": "done"} == outcome.phases
    assert [] == outcome.of(ev.ImageFailed)
    assert [] == outcome.of(ev.RetryScheduled)


def test_a_target_that_is_gone_from_the_new_plan_is_cancelled_and_forgotten() -> None:
    """A Dockerfile deleted during its build neither fails the run nor starts again."""
    outcome = run(
        plan("a:\ngone:"),
        ends={"a": [End("changed", 1.0), End()], "gone": [End(seconds=9.0)]},
        replans=[plan("a:", a="2")],
    )

    assert [("gone", "files changed")] == outcome.crew.cancelled
    assert {"a": "done"} == outcome.phases


def test_sources_that_never_rest_fail_alone() -> None:
    """After so many plans the target whose files change fails; what stands on it is blocked, the rest is built."""
    outcome = run(plan("busy:\ntop: busy\nother:\nlate:"), jobs=1, ends={"busy": [End("changed")]})

    assert {"busy": "failed", "top": "blocked", "other": "done", "late": "done"} == outcome.phases
    assert MAX_REPLANS + 1 == outcome.starts.count("busy")
    assert ["busy"] == [e.image for e in outcome.of(ev.ImageFailed)]


def test_a_new_plan_that_cannot_be_made_fails_what_changed_alone() -> None:
    """Where files do not even rest for a plan, the others go on by the plan that there is."""
    outcome = run(
        plan("busy:\ntop: busy\nother:\nlate:"),
        ends={"busy": [End("changed")], "other": [End(seconds=3.0)]},
        replans=[SourceError("files keep changing")],
    )

    assert {"busy": "failed", "top": "blocked", "other": "done", "late": "done"} == outcome.phases
    assert [("busy", "files keep changing")] == [(e.image, e.message) for e in outcome.of(ev.ImageFailed)]


def test_a_worker_that_found_the_image_is_shown_as_a_skip() -> None:
    """An image that another process built meanwhile is skipped, and says so."""
    outcome = run(plan("a:"), ends={"a": [End("found")]})

    assert ["another process built it"] == [e.reason for e in outcome.of(ev.ImageSkipped)]
    assert [] == outcome.of(ev.ImageFinished)


def test_events_of_workers_are_shown_in_their_order() -> None:
    """What a worker has to show goes through the loop, as it came."""
    shown = [ev.Noticed("one"), ev.Noticed("two")]

    outcome = run(plan("a:"), posts=[(0.2, EventOccurred(shown[0])), (0.3, EventOccurred(shown[1]))])

    assert shown == outcome.of(ev.Noticed)


def test_a_retry_is_not_late_because_others_have_much_to_show() -> None:
    """A flood of log lines does not keep a target from its next attempt."""
    flood = [(n / 10, EventOccurred(ev.Noticed("line"))) for n in range(100)]
    outcome = run(plan("a:\nb:"), ends={"a": [End("engine"), End()], "b": [End(seconds=10.0)]}, posts=flood)

    (first, second) = [time for time, name, *_ in outcome.crew.started if name == "a"]

    assert 1.5 <= second - first <= 2.2


def test_each_reason_to_wait_is_told_once() -> None:
    """A target says whom it waits for, and says it again only when the reason changed."""
    outcome = run(plan("base:\ntop: base"), posts=[(0.5, EventOccurred(ev.Noticed("x")))])

    assert [ev.ImageHeld("top", "waits for base", ("base",))] == outcome.of(ev.ImageHeld)


def test_a_plan_with_nothing_to_build_ends_at_once() -> None:
    """Where all is skipped, no worker is started and each skip is told."""
    outcome = run(plan("a: = skip\nb: a = skip"))

    assert (0.0, []) == (outcome.seconds, outcome.starts)
    assert ["a", "b"] == [e.image for e in outcome.of(ev.ImageSkipped)]


def test_keys_are_paths_so_that_equal_names_stay_apart() -> None:
    """The state knows targets by their path, not by their name."""
    assert {key("a")} == set(run(plan("a:")).state.targets)
