"""Any order of plans, workers' ends and requests to stop: what holds after every step."""
# ruff: noqa: D102 - the names of rules and invariants are their sentences

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edk.domain.run import (
    GOOD,
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

KEYS = tuple("abcdef")
ACTIONS = ("build", "build", "build", "skip", "ignore", "blocked")
RETRIES = 2


@dataclass(frozen=True)
class Job:
    """A worker at work."""

    fingerprint: str
    cancelled: bool = False


@st.composite
def plans(draw: st.DrawFn) -> PlanAdopted:
    """Plans over a few targets, bases first, with fingerprints that often change."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=len(KEYS)).map(sorted))
    targets: list[Wanted] = []
    sound: dict[str, bool] = {}
    for position, key in enumerate(keys):
        below = draw(st.lists(st.sampled_from(keys[:position]), unique=True, max_size=3)) if position else []
        action = draw(st.sampled_from(ACTIONS))
        if action in {"build", "skip"} and not all(sound[d] for d in below):
            action = "blocked"
        sound[key] = action in {"build", "skip"}
        fingerprint = draw(st.sampled_from(("1", "2"))) if sound[key] else ""
        targets.append(Wanted(key, key, action, action, fingerprint, tuple(below), "sha256:d"))  # type: ignore[arg-type]
    return PlanAdopted(tuple(targets))


class Run(RuleBasedStateMachine):
    """The loop's part is played by the rules: they do what `schedule` says, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = RunState()
        self.workers: dict[str, Job] = {}
        self.now = 0.0
        self.jobs = 2
        self.own_failures: set[str] = set()

    @rule(plan=plans())
    def adopt(self, plan: PlanAdopted) -> None:
        self.state = reduce(self.state, plan)
        self.own_failures &= {key for key, target in self.state.targets.items() if target.phase == "failed"}

    @rule()
    def follow_the_schedule(self) -> None:
        decision = schedule(self.state, self.now, self.jobs)
        for key in decision.cancel:
            self.workers[key] = Job(self.workers[key].fingerprint, cancelled=True)
        for key in decision.start:
            target = self.state.targets[key]
            assert key not in self.workers
            assert all(self.state.targets[d].phase in GOOD for d in target.depends_on)
            assert not self.state.stopping
            assert target.not_before <= self.now
            self.workers[key] = Job(target.fingerprint)
            self.state = reduce(self.state, WorkerStarted(key))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), end=st.sampled_from(("success", "step", "retry", "cancelled", "changed")))
    def a_worker_ends(self, data: st.DataObject, end: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.workers)))
        job = self.workers.pop(key)
        before = self.state.targets[key]
        match end:
            case "success":
                self.state = reduce(self.state, WorkerSucceeded(key, job.fingerprint, f"sha256:{job.fingerprint}"))
                if before.phase == "running":
                    assert self.state.targets[key].phase == "done"
                    assert job.fingerprint == self.state.targets[key].fingerprint
            case "retry" if before.attempts <= RETRIES:
                at = self.now + 1.0
                self.state = reduce(self.state, WorkerFailed(key, job.fingerprint, "engine", "gone", at))
            case "step" | "retry":
                self.state = reduce(self.state, WorkerFailed(key, job.fingerprint, "step", "exit 1"))
                if self.state.targets[key].phase == "failed":
                    self.own_failures.add(key)
            case "changed":
                self.state = reduce(self.state, SourcesChanged(key, "changed"))
            case _ if job.cancelled:
                self.state = reduce(self.state, WorkerCancelled(key))
            case _:
                self.workers[key] = job

    @rule(seconds=st.sampled_from((0.5, 1.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def stop(self) -> None:
        self.state = reduce(self.state, StopAsked())

    @invariant()
    def the_state_knows_every_worker(self) -> None:
        assert {key: job.fingerprint for key, job in self.workers.items()} == {
            t.key: t.running for t in self.state.running
        }

    @invariant()
    def never_more_than_jobs(self) -> None:
        assert len(self.workers) <= self.jobs

    @invariant()
    def a_failure_blocks_exactly_its_dependents(self) -> None:
        for target in self.state.targets.values():
            below = [self.state.targets[d].phase for d in target.depends_on]
            if target.phase == "waiting" and not target.running:
                assert not {"failed", "blocked", "ignored", "cancelled"} & set(below)
            if target.phase == "blocked" and target.reason.startswith("blocked by "):
                assert {"failed", "blocked", "ignored", "cancelled"} & set(below)

    @invariant()
    def whatever_failed_failed_by_itself(self) -> None:
        assert {t.key for t in self.state.targets.values() if t.phase == "failed"} <= self.own_failures

    @invariant()
    def every_build_that_nobody_wants_is_cancelled(self) -> None:
        cancel = set(schedule(self.state, self.now, self.jobs).cancel)
        assert {t.key for t in self.state.running if self.state.stopping or t.running != t.fingerprint} == cancel

    @invariant()
    def it_is_never_stuck(self) -> None:
        """Unless all is settled, something runs, may start, wakes by itself, or a plan is asked for."""
        decision = schedule(self.state, self.now, self.jobs)
        asks = self.state.replan and not self.state.stopping
        assert self.state.idle or self.workers or decision.start or decision.wake_at is not None or asks

    def teardown(self) -> None:
        """Play the rest with workers that succeed: it comes to an end, and nothing is left waiting."""
        for _ in range(50):
            if self.state.replan and not self.state.stopping:
                wanted = tuple(
                    Wanted(t.key, t.label, "build", "", t.fingerprint or "1", ()) for t in self.state.targets.values()
                )
                self.state = reduce(self.state, PlanAdopted(wanted))
            self.follow_the_schedule()
            for key, job in list(self.workers.items()):
                del self.workers[key]
                self.state = reduce(self.state, WorkerSucceeded(key, job.fingerprint, "sha256:d"))
            self.now += 1.0
            if self.state.idle:
                return
        raise AssertionError(f"still not idle: {self.state}")


Run.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class TestRun(Run.TestCase):
    """The invariants of a run hold after every step."""
