"""Bugs, each one seeded into the product by replacing a function: the simulator has to find every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edk.domain import gathering
from edk.domain import run as domain
from edk.domain.gathering import Gathering
from edk.domain.run import RunState, TargetRun
from edk.domain.saves import Batch, RawEvent, RescanNeeded
from edk.orchestrator import loop as loops
from edk.orchestrator import memory as memories
from edk.orchestrator import watch as watching
from edk.orchestrator.loop import Loop
from edk.orchestrator.memory import PlanMemory
from edk.orchestrator.planner import Planner
from edk.orchestrator.remembering import RememberingTree
from edk.orchestrator.watch import WatchLoop

Bug = Callable[[pytest.MonkeyPatch], None]
BUGS: dict[str, Bug] = {}


def bug(seed: Bug) -> Bug:
    """Note a bug under its function's name."""
    BUGS[seed.__name__] = seed
    return seed


@bug
def success_with_an_old_fingerprint_counts(patch: pytest.MonkeyPatch) -> None:
    """A build is taken for done, whatever it was made of."""

    def blind(_state: RunState, free: TargetRun, message: Any) -> TargetRun:
        return replace(free, phase="done", digest=message.digest)

    patch.setattr(domain, "_succeeded", blind)


@bug
def failure_with_an_old_fingerprint_counts(patch: pytest.MonkeyPatch) -> None:
    """A superseded build that fails makes the new one fail."""
    patch.setattr(domain, "_failed", lambda _state, free, message: replace(free, phase="failed", kind=message.kind))


@bug
def contexts_are_not_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A target's context is read once."""
    forget = PlanMemory.forget

    def kept(self: PlanMemory, batch: Batch, *rest: Any) -> None:
        contexts = dict(self.contexts)
        forget(self, batch, *rest)
        self.contexts.update(contexts)

    patch.setattr(PlanMemory, "forget", kept)


@bug
def folders_do_not_concern_contexts(patch: pytest.MonkeyPatch) -> None:
    """Of a folder that comes or goes no context is read anew."""
    concerns = memories._concerns
    patch.setattr(memories, "_concerns", lambda batch, folder: concerns(replace(batch, folders=frozenset()), folder))


@bug
def readings_are_not_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Dockerfiles and operators are read once."""
    forget = PlanMemory.forget

    def kept(self: PlanMemory, batch: Batch, *rest: Any) -> None:
        parts = dict(self.parts)
        forget(self, batch, *rest)
        self.parts.update(parts)

    patch.setattr(PlanMemory, "forget", kept)


@bug
def listings_are_not_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A folder is listed once."""

    def kept(self: RememberingTree, _batch: Batch) -> None:
        self._tree = self._open_tree()

    patch.setattr(RememberingTree, "forget", kept)


@bug
def cancel_is_never_sent(patch: pytest.MonkeyPatch) -> None:
    """Superseded builds go on."""
    schedule = domain.schedule
    patch.setattr(loops, "schedule", lambda *args: replace(schedule(*args), cancel=()))


@bug
def retry_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """What infrastructure failed is never tried again."""
    failed = domain._failed
    patch.setattr(domain, "_failed", lambda state, free, message: failed(state, free, replace(message, retry_at=None)))


@bug
def git_is_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """A checkout is built half done."""
    init = WatchLoop.__init__

    def without(self: WatchLoop, *args: Any) -> None:
        init(self, *args)
        self._watch = replace(self._watch, git_busy=lambda: False)

    patch.setattr(WatchLoop, "__init__", without)


@bug
def blocked_stays_blocked(patch: pytest.MonkeyPatch) -> None:
    """What was blocked once is never tried, whatever is mended."""
    adopted = domain._adopted

    def stuck(wanted: Any, old: TargetRun | None, *rest: Any) -> TargetRun:
        new = adopted(wanted, old, *rest)
        return replace(new, phase="blocked") if old is not None and old.phase == "blocked" else new

    patch.setattr(domain, "_adopted", stuck)


@bug
def failed_stays_failed(patch: pytest.MonkeyPatch) -> None:
    """What failed once is not tried again with other inputs."""
    adopted = domain._adopted

    def stuck(wanted: Any, old: TargetRun | None, *rest: Any) -> TargetRun:
        new = adopted(wanted, old, *rest)
        return replace(new, phase="failed", kind="step") if old is not None and old.phase == "failed" else new

    patch.setattr(domain, "_adopted", stuck)


@bug
def failed_is_tried_at_every_plan(patch: pytest.MonkeyPatch) -> None:
    """A save elsewhere builds again what failed with the same inputs."""
    adopted = domain._adopted

    def forgetful(wanted: Any, old: TargetRun | None, *rest: Any) -> TargetRun:
        return adopted(wanted, None if old is not None and old.phase == "failed" else old, *rest)

    patch.setattr(domain, "_adopted", forgetful)


@bug
def standings_are_not_updated(patch: pytest.MonkeyPatch) -> None:
    """What was built is not known to stand in the registry."""
    patch.setattr(PlanMemory, "built", lambda *_: None)


@bug
def a_batch_is_dropped_on_error(patch: pytest.MonkeyPatch) -> None:
    """Where no plan can be made, the saves are lost."""
    follow = WatchLoop._follow

    def dropping(self: WatchLoop, batch: Batch, noticed: float) -> None:
        before = self._gathering
        follow(self, batch, noticed)
        if self._no_plan:
            self._gathering = before

    patch.setattr(WatchLoop, "_follow", dropping)


@bug
def a_dependent_starts_before_its_base(patch: pytest.MonkeyPatch) -> None:
    """Nothing waits for its base."""
    schedule = domain.schedule

    def hasty(state: RunState, *rest: Any) -> Any:
        free = {key: replace(target, depends_on=()) for key, target in state.targets.items()}
        return schedule(replace(state, targets=free), *rest)

    patch.setattr(loops, "schedule", hasty)


@bug
def the_first_digest_of_a_base_is_used(patch: pytest.MonkeyPatch) -> None:
    """Dependents stand on the base as it was pushed first."""
    start = Loop._start

    def outdated(self: Loop, key: str) -> None:
        first = self.__dict__.setdefault("first_digests", {})
        state = self.state
        below = {d: state.targets[d] for d in state.targets[key].depends_on}
        old = {d: replace(t, digest=first.setdefault(d, t.digest)) for d, t in below.items()}
        self.state = replace(state, targets={**state.targets, **old})
        start(self, key)

    patch.setattr(WatchLoop.__mro__[1], "_start", outdated)


@bug
def changed_sources_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """No new plan is made where a file changed while its context was read."""
    ended = domain._ended
    patch.setattr(domain, "_ended", lambda *args: replace(ended(*args), replan=False))


@bug
def a_rescan_reads_nothing(patch: pytest.MonkeyPatch) -> None:
    """After lost events only what was reported is looked at."""
    after = Planner.after
    patch.setattr(Planner, "after", lambda self, batch: after(self, replace(batch, rescan="")))


@bug
def a_rescan_is_not_heard_of(patch: pytest.MonkeyPatch) -> None:
    """That events were lost is dropped."""
    gather = gathering.gather

    def deaf(state: Gathering, event: RawEvent | RescanNeeded, now: float) -> Gathering:
        return state if isinstance(event, RescanNeeded) else gather(state, event, now)

    patch.setattr(watching, "gather", deaf)


@bug
def where_a_move_ends_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Of a move only the old place is looked at."""
    ends = gathering._ends
    patch.setattr(gathering, "_ends", lambda event: ends(event)[:1])


@bug
def removals_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """That something went is dropped."""
    ends = gathering._ends
    patch.setattr(gathering, "_ends", lambda event: [(p, c) for p, c in ends(event) if c != "left"])


@bug
def modes_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """That only a mode changed is dropped."""
    ends = gathering._ends
    patch.setattr(gathering, "_ends", lambda event: [(p, c) for p, c in ends(event) if c != "attrib"])


@bug
def half_written_files_are_read(patch: pytest.MonkeyPatch) -> None:
    """That a file is open for writing is not known."""
    patch.setattr(gathering, "_still_written", lambda writing, *_: writing)


@bug
def more_builds_than_jobs(patch: pytest.MonkeyPatch) -> None:
    """The limit is off by one."""
    schedule = domain.schedule
    patch.setattr(loops, "schedule", lambda state, now, jobs, paused="": schedule(state, now, jobs + 1, paused))


@bug
def a_target_is_started_while_its_old_build_ends(patch: pytest.MonkeyPatch) -> None:
    """A superseded build is not waited for."""
    schedule = domain.schedule

    def hasty(state: RunState, now: float, jobs: int, paused: str = "") -> Any:
        free = {k: replace(t, running="" if t.phase == "waiting" else t.running) for k, t in state.targets.items()}
        decision = schedule(replace(state, targets=free), now, jobs, paused)
        return replace(decision, cancel=schedule(state, now, jobs, paused).cancel)

    patch.setattr(loops, "schedule", hasty)


@bug
def mended_diagnostics_stay(patch: pytest.MonkeyPatch) -> None:
    """What was wrong stays on the screen."""
    patch.setattr(WatchLoop, "_tell_diagnostics", lambda *_: None)


@bug
def trouble_stays(patch: pytest.MonkeyPatch) -> None:
    """That engine or registry is back is never told."""
    patch.setattr(WatchLoop, "_answers", lambda *_: None)


@bug
def a_removed_target_is_built_to_its_end(patch: pytest.MonkeyPatch) -> None:
    """The build of a target whose Dockerfile is gone is lost sight of."""
    adopt = domain._adopt

    def losing(state: RunState, message: Any) -> RunState:
        wanted = {w.key for w in message.wanted}
        return adopt(replace(state, targets={k: t for k, t in state.targets.items() if k in wanted}), message)

    patch.setattr(domain, "_adopt", losing)


@bug
def tags_wanted_meanwhile_are_missing(patch: pytest.MonkeyPatch) -> None:
    """A build that began before an operator asked for a tag counts as having set it."""
    patch.setattr(Loop, "_lacks_tags", lambda *_: False)
    patch.setattr(WatchLoop, "_lacks_tags", lambda *_: False)


@bug
def the_registry_is_not_asked_again(patch: pytest.MonkeyPatch) -> None:
    """What somebody deleted or moved there is never noticed."""
    patch.setattr(PlanMemory, "forget_registry", lambda *_: None)


@bug
def what_failed_on_a_lost_base_stays_so(patch: pytest.MonkeyPatch) -> None:
    """A base that is built anew helps nobody."""
    patch.setattr(domain, "_reopened", lambda state, _built: state)
