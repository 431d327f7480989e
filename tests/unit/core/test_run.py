"""The reducer of a run and the decision what to start: one example for each rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain.run import (
    Message,
    PlanAdopted,
    RunState,
    SourcesChanged,
    StopAsked,
    Wanted,
    WorkerCancelled,
    WorkerFailed,
    WorkerStarted,
    WorkerSucceeded,
    reduce,
    schedule,
)


def wanted(key: str, *below: str, fingerprint: str = "1", action: str = "build") -> Wanted:
    """A target of a plan, labelled by its key in capitals."""
    return Wanted(key, key.upper(), action, "not there", fingerprint, below, "sha256:d")  # type: ignore[arg-type]


def plan(*targets: Wanted) -> PlanAdopted:
    return PlanAdopted(targets)


def after(*messages: Message) -> RunState:
    """The state after some messages."""
    state = RunState()
    for message in messages:
        state = reduce(state, message)
    return state


def phases(state: RunState) -> dict[str, str]:
    return {key: target.phase for key, target in state.targets.items()}


CHAIN = plan(wanted("a"), wanted("b", "a"), wanted("c", "b"))
DIAMOND = plan(wanted("a"), wanted("l", "a"), wanted("r", "a"), wanted("top", "l", "r"), wanted("other"))


@pytest.mark.parametrize(
    ("action", "phase"),
    [("build", "waiting"), ("skip", "skipped"), ("ignore", "ignored"), ("blocked", "blocked")],
)
def test_each_action_of_a_plan_has_its_first_phase(action: str, phase: str) -> None:
    """A plan's action decides where a target begins."""
    assert {"a": phase} == phases(after(plan(wanted("a", action=action))))


def test_a_target_waits_for_what_it_stands_on() -> None:
    """Only the bottom of a chain is ready; the others say whom they wait for."""
    decision = schedule(after(CHAIN), 0.0, 4)

    assert ("a",) == decision.start
    assert {"b": "waits for A", "c": "waits for B"} == decision.holds


def test_a_skipped_base_lets_its_dependents_start() -> None:
    """What stands in the registry already is as good as what was just built."""
    assert ("b",) == schedule(after(plan(wanted("a", action="skip"), wanted("b", "a"))), 0.0, 4).start


def test_no_more_than_jobs_start_and_the_rest_says_why() -> None:
    """The number of builds at once is a limit over starts and running ones."""
    state = after(plan(wanted("a"), wanted("b"), wanted("c")), WorkerStarted("a"))

    decision = schedule(state, 0.0, 2)

    assert ("b",) == decision.start
    assert {"c": "2 builds run already"} == decision.holds


def test_the_longest_remaining_path_comes_first() -> None:
    """What most builds wait for one behind the other starts before what fewer wait for."""
    state = after(plan(wanted("short"), wanted("long"), wanted("m", "long"), wanted("n", "m"), wanted("o", "short")))

    assert ("long", "short") == schedule(state, 0.0, 2).start
    assert [2.0, 3.0, 2.0, 1.0, 1.0] == [t.weight for t in state.targets.values()]


def test_a_failure_blocks_three_levels_and_names_the_one_below() -> None:
    """A failure goes up through every level that stands on it."""
    state = after(CHAIN, WorkerStarted("a"), WorkerFailed("a", "1", "step", "exit 1"))

    assert {"a": "failed", "b": "blocked", "c": "blocked"} == phases(state)
    assert ["exit 1", "blocked by A", "blocked by B"] == [t.reason for t in state.targets.values()]
    assert state.idle


def test_a_failure_blocks_exactly_the_dependents_in_a_diamond() -> None:
    """One side of a diamond fails: the top is blocked, the other side goes on."""
    state = after(
        DIAMOND,
        WorkerStarted("a"),
        WorkerSucceeded("a", "1", "sha256:a"),
        WorkerStarted("l"),
        WorkerFailed("l", "1", "step", "exit 1"),
    )

    assert {"a": "done", "l": "failed", "r": "waiting", "top": "blocked", "other": "waiting"} == phases(state)


def test_a_retry_waits_for_its_time() -> None:
    """A failure that may be tried again is held until then, and says when to look again."""
    state = after(plan(wanted("a")), WorkerStarted("a"), WorkerFailed("a", "1", "engine", "gone", retry_at=5.0))

    early, late = schedule(state, 4.9, 1), schedule(state, 5.0, 1)

    assert ((), {"a": "gone"}, 5.0) == (early.start, early.holds, early.wake_at)
    assert (("a",), None) == (late.start, late.wake_at)


def test_a_new_plan_keeps_the_pause_before_a_retry() -> None:
    """A plan made anew does not give a target with the same inputs its attempts back."""
    state = after(
        plan(wanted("a")), WorkerStarted("a"), WorkerFailed("a", "1", "engine", "gone", retry_at=5.0), plan(wanted("a"))
    )

    assert ((), 5.0) == (schedule(state, 0.0, 1).start, schedule(state, 0.0, 1).wake_at)
    assert 1 == state.targets["a"].attempts


def test_a_superseded_build_is_cancelled_and_started_anew() -> None:
    """A build of inputs that nobody wants any more is cancelled, and its target waits until it has ended."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("a", fingerprint="2")))

    decision = schedule(state, 0.0, 4)
    ended = reduce(state, WorkerCancelled("a"))

    assert ((), ("a",)) == (decision.start, decision.cancel)
    assert ("a",) == schedule(ended, 0.0, 4).start


def test_a_superseded_builds_attempts_do_not_count_for_the_new_one() -> None:
    """Attempts are those of one fingerprint."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("a", fingerprint="2")), WorkerCancelled("a"))

    assert 1 == reduce(state, WorkerStarted("a")).targets["a"].attempts


def test_a_success_of_old_inputs_counts_for_nothing() -> None:
    """A superseded build that succeeds before it is cancelled is started anew."""
    state = after(
        plan(wanted("a")), WorkerStarted("a"), plan(wanted("a", fingerprint="2")), WorkerSucceeded("a", "1", "d")
    )

    assert {"a": "waiting"} == phases(state)
    assert ("a",) == schedule(state, 0.0, 4).start


def test_a_build_that_is_still_wanted_goes_on_through_a_new_plan() -> None:
    """A plan with the same inputs leaves a running build alone."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("a"), wanted("b")))

    decision = schedule(state, 0.0, 4)

    assert (("b",), ()) == (decision.start, decision.cancel)


@pytest.mark.parametrize("action", ["blocked", "ignore", "skip"])
@pytest.mark.parametrize("end", [WorkerCancelled("a"), SourcesChanged("a", "changed")])
def test_a_build_that_the_new_plan_does_not_want_is_not_started_again(action: str, end: Message) -> None:
    """Once its cancelled build has ended, a target is what the new plan says."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("a", fingerprint="", action=action)), end)

    assert () == schedule(state, 0.0, 4).start
    assert state.idle


def test_a_build_whose_dockerfile_went_away_is_cancelled_and_left() -> None:
    """A target that the new plan has not got is kept until its worker has ended, and no longer."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("b")))

    decision = schedule(state, 0.0, 4)
    ended = reduce(state, WorkerCancelled("a"))

    assert (("b",), ("a",)) == (decision.start, decision.cancel)
    assert {"b": "waiting"} == phases(ended)


@pytest.mark.parametrize(
    ("end", "phase"),
    [(WorkerSucceeded("a", "1", "d"), "done"), (WorkerFailed("a", "1", "step", "exit 1"), "failed")],
)
def test_the_same_inputs_are_not_built_twice_in_a_run(end: Message, phase: str) -> None:
    """What was built by force, or failed by itself, stays so under a new plan with the same fingerprint."""
    again = replace(plan(wanted("a")), forced=True)

    assert {"a": phase} == phases(after(again, WorkerStarted("a"), end, again))
    assert {"a": "waiting"} == phases(after(again, WorkerStarted("a"), end, plan(wanted("a", fingerprint="2"))))


def test_what_the_registry_lost_is_built_again() -> None:
    """An image that was built, and that a new plan misses in the registry, is built once more."""
    lost = plan(wanted("a"))

    assert {"a": "waiting"} == phases(after(lost, WorkerStarted("a"), WorkerSucceeded("a", "1", "d"), lost))


def test_what_somebody_asks_for_again_is_built_though_it_failed() -> None:
    """A failed image is tried again when that is asked for, whatever its fingerprint."""
    failed = WorkerFailed("a", "1", "step", "exit 1")
    again = PlanAdopted((replace(wanted("a"), again=True),))

    assert {"a": "waiting"} == phases(after(plan(wanted("a")), WorkerStarted("a"), failed, again))


def test_what_was_built_stays_done_when_the_next_plan_finds_it() -> None:
    """An image of this run is not called unchanged because the registry has it by now."""
    found = plan(wanted("a", action="skip"))

    assert {"a": "done"} == phases(after(plan(wanted("a")), WorkerStarted("a"), WorkerSucceeded("a", "1", "d"), found))


def test_changed_sources_hold_everything_until_there_is_a_new_plan() -> None:
    """Nothing starts on a plan that is known to be wrong."""
    state = after(plan(wanted("a"), wanted("b")), WorkerStarted("a"), SourcesChanged("a", "x changed"))

    decision = schedule(state, 0.0, 4)

    assert state.replan
    assert () == decision.start
    assert {"the plan is made anew"} == set(decision.holds.values())


def test_stopping_cancels_what_runs_and_drops_what_waits() -> None:
    """Asked to stop, running builds are cancelled, and nothing else is started."""
    state = after(plan(wanted("a"), wanted("b")), WorkerStarted("a"), StopAsked())

    decision = schedule(state, 0.0, 4)

    assert ((), ("a",)) == (decision.start, decision.cancel)
    assert {"a": "cancelled", "b": "cancelled"} == phases(reduce(state, WorkerCancelled("a")))


@pytest.mark.parametrize(
    "end",
    [
        WorkerSucceeded("a", "1", "d"),
        WorkerFailed("a", "1", "step", "exit 1"),
        WorkerCancelled("a"),
        SourcesChanged("a", "changed"),
    ],
)
def test_a_superseded_build_that_ends_while_stopping_leaves_the_run_idle(end: Message) -> None:
    """However a superseded build ends, a run that was asked to stop comes to its end."""
    state = after(plan(wanted("a")), WorkerStarted("a"), plan(wanted("a", fingerprint="2")), StopAsked(), end)

    assert {"a": "cancelled"} == phases(state)
    assert state.idle


def test_a_plan_adopted_while_stopping_starts_nothing() -> None:
    """A plan that arrives after somebody asked to stop waits for nothing."""
    state = after(plan(wanted("a")), StopAsked(), plan(wanted("a", fingerprint="2")))

    assert state.idle


def test_messages_of_unknown_targets_change_nothing() -> None:
    """A late message of a target that is no longer known is dropped."""
    state = after(CHAIN)

    assert state == reduce(state, WorkerSucceeded("gone", "1", "d"))
