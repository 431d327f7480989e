"""The state of a run, its reducer, and the decision what to start next; all of it values and functions.

The loop keeps one `RunState`, hands every message to `reduce`, and does what `schedule` says. A target's
fingerprint is its generation: a build that ends with another fingerprint than the one now wanted counts for
nothing, and is started anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Phase = Literal["waiting", "running", "done", "skipped", "failed", "blocked", "ignored", "cancelled"]
FailureKind = Literal["", "step", "refused", "engine", "registry", "digest", "sources", "bug"]
SETTLED: frozenset[Phase] = frozenset({"done", "skipped", "failed", "blocked", "ignored", "cancelled"})
BY_ANOTHER = "another process built it"
BLOCKED_BY = "blocked by "
BASE_ANEW = "its base was built anew"
NAMES_ANEW = "an image that it names was built anew"
GONE = "its Dockerfile is gone"
ASKED_ANEW = "the registry, which could not be asked before, is asked what it has"
GOOD: frozenset[Phase] = frozenset({"done", "skipped"})
BAD: frozenset[Phase] = SETTLED - GOOD
_UNBUILT: frozenset[Phase] = frozenset({"failed", "blocked"})


@dataclass(frozen=True, slots=True)
class TargetRun:
    """Where one target stands.

    Args:
        key: the target's identity.
        label: how it is called on the screen.
        phase: where it stands.
        reason: why.
        fingerprint: that is wanted now.
        depends_on: keys of targets it stands on or names.
        names: keys of those that it names: it is another image as soon as one of these is.
        digest: of the image in the registry, in phases done and skipped.
        weight: seconds of the longest path of builds that wait for it, itself included.
        running: fingerprint that a worker builds right now; empty if none does.
        attempts: how often it was started for this fingerprint.
        not_before: monotonic seconds; not started earlier.
        kind: of its failure.
        stood_on: digests of its bases when it was last started.
    """

    key: str
    label: str
    phase: Phase
    reason: str
    fingerprint: str = ""
    depends_on: tuple[str, ...] = ()
    digest: str = ""
    weight: float = 1.0
    running: str = ""
    attempts: int = 0
    not_before: float = 0.0
    kind: FailureKind = ""
    stood_on: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunState:
    """All targets, in the order of the plan.

    Args:
        targets: key → where it stands.
        stopping: somebody asked to stop; nothing more is started.
        replan: a file is not what the plan saw, or the plan knows nothing of the registry; it has to be made anew.
    """

    targets: Mapping[str, TargetRun] = field(default_factory=dict)
    stopping: bool = False
    replan: bool = False

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return all(t.phase in SETTLED and not t.running for t in self.targets.values())

    @property
    def running(self) -> tuple[TargetRun, ...]:
        """Return the targets that a worker is at."""
        return tuple(t for t in self.targets.values() if t.running)

    def count(self, *phases: Phase) -> int:
        """Return how many targets are in one of these phases."""
        return sum(t.phase in phases for t in self.targets.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target as the plan wants it; `action` as in the plan, `again` as there, `names` as in `TargetRun`.

    `seconds` is how long its build is expected to take; where nothing is known, each is as long as any other.
    """

    key: str
    label: str
    action: Literal["build", "skip", "ignore", "blocked"]
    reason: str
    fingerprint: str
    depends_on: tuple[str, ...]
    digest: str = ""
    again: bool = False
    names: tuple[str, ...] = ()
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class PlanAdopted:
    """A plan was made; it takes the place of the one before.

    Args:
        wanted: all targets, bases first.
        forced: whether it wants what is unchanged to be built too: once in this run is enough then.
    """

    wanted: tuple[Wanted, ...]
    forced: bool = False


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker began to build a target with the fingerprint wanted at that moment."""

    key: str


@dataclass(frozen=True, slots=True)
class WorkerSucceeded:
    """All refs of an image with this fingerprint stand in the registry; `carried` is what its label says."""

    key: str
    fingerprint: str
    digest: str
    skipped: bool = False
    carried: str = ""


@dataclass(frozen=True, slots=True)
class WorkerFailed:
    """A worker failed; `retry_at` is the monotonic time of the next attempt, None if there is none."""

    key: str
    fingerprint: str
    kind: FailureKind
    message: str
    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerCancelled:
    """A worker stopped since it was asked to."""

    key: str


@dataclass(frozen=True, slots=True)
class SourcesChanged:
    """A worker found that a file is not what the plan saw."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class RegistryAnswers:
    """A worker found that the registry answers, which the plan was made without."""

    key: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Somebody asked to stop."""


Message = (
    PlanAdopted
    | WorkerStarted
    | WorkerSucceeded
    | WorkerFailed
    | WorkerCancelled
    | SourcesChanged
    | RegistryAnswers
    | StopAsked
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now.

    Args:
        start: keys, most urgent first.
        cancel: keys of builds that nobody wants any more.
        holds: key → why it waits.
        wake_at: monotonic time of the next change by time alone; None if there is none.
    """

    start: tuple[str, ...]
    cancel: tuple[str, ...]
    holds: Mapping[str, str]
    wake_at: float | None


def reduce(state: RunState, message: Message) -> RunState:
    """Return the state after a message; the only place where it changes."""
    match message:
        case PlanAdopted():
            return _settle(_adopt(state, message))
        case StopAsked():
            return _settle(replace(state, stopping=True, replan=False))
        case WorkerStarted(key):
            idle = state.targets[key]
            bases = tuple(state.targets[below].digest for below in idle.depends_on)
            started = replace(idle, phase="running", running=idle.fingerprint, stood_on=bases)
            return _put(state, replace(started, attempts=idle.attempts + 1))
        case _:
            target = state.targets.get(message.key)
            if target is None:
                return state
            ended = _ended(state, replace(target, running=""), message)
            return _settle(ended if target.reason != GONE else _without(ended, target.key))


def _ended(
    state: RunState,
    free: TargetRun,
    message: WorkerSucceeded | WorkerFailed | WorkerCancelled | SourcesChanged | RegistryAnswers,
) -> RunState:
    """Return the state after a worker's closing message; `free` is its target, nobody at it any more."""
    match message:
        case WorkerSucceeded():
            return _put(_named_anew(_reopened(state, message), message), _succeeded(state, free, message))
        case WorkerFailed():
            return _put(state, _failed(state, free, message))
        case WorkerCancelled():
            return _put(state, _released(state, free, "cancelled"))
        case SourcesChanged():
            changed = _put(state, _released(state, free, message.message))
            return replace(changed, replan=not state.stopping)
        case RegistryAnswers():
            # The attempts at a registry that was away count for nothing.
            unbuilt = replace(free, attempts=0, not_before=0.0)
            return replace(_put(state, _released(state, unbuilt, ASKED_ANEW)), replan=not state.stopping)


def _released(state: RunState, free: TargetRun, reason: str) -> TargetRun:
    """Return a target whose worker stopped without a result: it waits again, unless nothing is started any more."""
    if free.phase not in {"running", "waiting"}:
        return free
    return replace(free, phase="cancelled" if state.stopping else "waiting", reason=reason)


def waits_for(state: RunState, key: str) -> tuple[str, ...]:
    """Return the labels of what a target stands on or names that is not there yet."""
    below = (state.targets[d] for d in state.targets[key].depends_on)
    return tuple(target.label for target in below if target.phase not in GOOD)


def schedule(state: RunState, now: float, jobs: int, paused: str = "") -> Decision:
    """Decide what to start, what to cancel, and why the rest waits.

    Args:
        state: where everything stands.
        now: monotonic seconds.
        jobs: builds at once.
        paused: why nothing may be started now; empty if it may.
    """
    targets, running = state.targets, state.running
    cancel = tuple(t.key for t in running if state.stopping or t.running != t.fingerprint)
    ready: list[TargetRun] = []
    holds: dict[str, str] = {}
    wake_at: float | None = None
    for target in () if state.stopping else targets.values():
        if target.phase != "waiting":
            continue
        # As `waits_for`, which would be called for all that waits at each message of a worker.
        pending = [below.label for below in map(targets.__getitem__, target.depends_on) if below.phase not in GOOD]
        if target.running:
            holds[target.key] = "the build before it is being cancelled"
        elif state.replan:
            holds[target.key] = "the plan is made anew"
        elif pending:
            holds[target.key] = f"waits for {', '.join(pending)}"
        elif target.not_before > now:
            holds[target.key] = target.reason
            wake_at = min(target.not_before, wake_at if wake_at is not None else target.not_before)
        else:
            ready.append(target)
    ready.sort(key=lambda t: (-t.weight, t.label))
    free = 0 if paused else max(0, jobs - len(running))
    for target in ready[free:]:
        holds[target.key] = paused or f"{jobs} builds run already"
    return Decision(tuple(t.key for t in ready[:free]), cancel, holds, wake_at)


def _put(state: RunState, target: TargetRun) -> RunState:
    return replace(state, targets={**state.targets, target.key: target})


def _without(state: RunState, gone: str) -> RunState:
    return replace(state, targets={key: target for key, target in state.targets.items() if key != gone})


def _adopt(state: RunState, message: PlanAdopted) -> RunState:
    weights = _weights(message.wanted)
    targets = {w.key: _adopted(w, state.targets.get(w.key), weights[w.key], message.forced) for w in message.wanted}
    for key, target in state.targets.items():
        # Its Dockerfile is gone, but a worker is still at it: kept until that one has been cancelled.
        if key not in targets and target.running:
            targets[key] = replace(target, phase="ignored", reason=GONE, fingerprint="", depends_on=())
    return RunState(targets, state.stopping, replan=False)


_FIRST_PHASE: dict[str, Phase] = {
    "build": "waiting",
    "skip": "skipped",
    "ignore": "ignored",
    "blocked": "blocked",
}


def _adopted(wanted: Wanted, old: TargetRun | None, weight: float, forced: bool) -> TargetRun:
    phase = _FIRST_PHASE[wanted.action]
    fresh = TargetRun(
        wanted.key,
        wanted.label,
        phase,
        wanted.reason,
        wanted.fingerprint,
        wanted.depends_on,
        wanted.digest if phase == "skipped" else "",
        weight,
        kind="sources" if phase == "blocked" else "",
        names=wanted.names,
    )
    if old is None or (wanted.again and not old.running):
        return fresh
    if old.running:
        # Goes on if it builds what is wanted; else `schedule` cancels it, and it waits until it has ended.
        # Also where the registry has the same already: somebody asked for it, and what stands on it waits for it.
        phase = "running" if old.running == wanted.fingerprint and phase in {"waiting", "skipped"} else phase
        attempts = old.attempts if old.running == wanted.fingerprint else 0
        return replace(fresh, phase=phase, running=old.running, attempts=attempts, stood_on=old.stood_on)
    tried = old.phase == "failed" or (forced and old.phase == "done")
    if phase == "waiting" and old.fingerprint == wanted.fingerprint and tried:
        # The same inputs failed before, or were just built by force: trying again would tell nothing new.
        return replace(old, depends_on=wanted.depends_on, names=wanted.names, weight=weight, label=wanted.label)
    if phase == old.phase == "waiting" and old.fingerprint == wanted.fingerprint and old.not_before:
        # Waits for its next attempt: a new plan neither shortens the pause nor gives attempts back.
        return replace(fresh, reason=old.reason, attempts=old.attempts, not_before=old.not_before)
    if phase == "skipped" and old.fingerprint == wanted.fingerprint and old.phase == "done":
        # Built in this very run, and found in the registry by the new plan: still done.
        return replace(fresh, phase="done", reason=old.reason)
    return fresh


def _weights(wanted: tuple[Wanted, ...]) -> dict[str, float]:
    """Return for each target the seconds of the longest path of builds that wait for it."""
    weights = {w.key: (w.seconds if w.action == "build" else 0.0) for w in wanted}
    own = dict(weights)
    for w in reversed(wanted):
        for below in w.depends_on:
            if below in weights:
                weights[below] = max(weights[below], own[below] + weights[w.key])
    return weights


def _named_anew(state: RunState, built: WorkerSucceeded) -> RunState:
    """Return the state in which what names an image waits again, now that this one is another than before."""
    if state.targets[built.key].digest in ("", built.digest):
        return state
    again = {
        key: replace(target, phase="waiting", reason=NAMES_ANEW, attempts=0, not_before=0.0)
        for key, target in state.targets.items()
        if built.key in target.names and target.phase in GOOD and not target.running and not state.stopping
    }
    return replace(state, targets={**state.targets, **again}) if again else state


def _succeeded(state: RunState, free: TargetRun, message: WorkerSucceeded) -> TargetRun:
    if free.phase != "running" or message.fingerprint != free.fingerprint:
        return free if free.phase != "running" else replace(free, phase="waiting", attempts=0)
    stood_on = dict(zip(free.depends_on, free.stood_on, strict=False))
    if any(state.targets[key].digest not in ("", stood_on.get(key)) for key in free.names):
        return replace(free, phase="waiting", reason=NAMES_ANEW, attempts=0)
    if message.skipped:
        return replace(free, phase="skipped", reason=BY_ANOTHER, digest=message.digest, not_before=0.0)
    return replace(free, phase="done", digest=message.digest, not_before=0.0)


def _reopened(state: RunState, built: WorkerSucceeded) -> RunState:
    """Return the state in which what failed on a base waits again, now that this base was built anew.

    Of the same inputs too: the registry may have lost the base before. What such a failure blocked waits again as well.
    """
    again: dict[str, TargetRun] = {}
    for key, target in state.targets.items():
        if target.phase not in _UNBUILT:
            continue
        failed = target.phase == "failed" and built.key in target.depends_on and built.digest not in target.stood_on
        blocked = target.reason.startswith(BLOCKED_BY) and any(below in again for below in target.depends_on)
        if failed or (blocked and target.phase == "blocked"):
            again[key] = replace(target, phase="waiting", reason=BASE_ANEW, attempts=0, not_before=0.0, kind="")
    return replace(state, targets={**state.targets, **again}) if again else state


def _failed(state: RunState, free: TargetRun, message: WorkerFailed) -> TargetRun:
    if free.phase != "running" or message.fingerprint != free.fingerprint:
        return free if free.phase != "running" else replace(free, phase="waiting", attempts=0)
    if state.stopping:
        return replace(free, phase="cancelled", reason=message.message)
    if message.retry_at is not None:
        return replace(free, phase="waiting", reason=message.message, not_before=message.retry_at)
    if any(t.digest not in ("", *free.stood_on) for t in (state.targets[d] for d in free.depends_on)):
        return replace(free, phase="waiting", reason=BASE_ANEW, attempts=0)
    return replace(free, phase="failed", reason=message.message, kind=message.kind)


def _settle(state: RunState) -> RunState:
    """Block what stands on something that failed; targets come after those that they stand on.

    While stopping, nothing waits any more, whatever made it wait.
    """
    targets = dict(state.targets)
    for key, target in targets.items():
        if target.phase != "waiting" or target.running:
            continue
        if state.stopping:
            targets[key] = replace(target, phase="cancelled", reason="stopped")
            continue
        bad = [d for d in target.depends_on if d not in targets or targets[d].phase in BAD]
        if bad:
            by = targets[bad[0]].label if bad[0] in targets else bad[0]
            kind = targets[bad[0]].kind if bad[0] in targets else "sources"
            targets[key] = replace(target, phase="blocked", reason=f"{BLOCKED_BY}{by}", kind=kind)
    return replace(state, targets=targets)
