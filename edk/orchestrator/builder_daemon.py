"""Bringing a BuildKit daemon of our own up and down, and looking at it."""

from __future__ import annotations

from edk.domain.buildkitd import DaemonConfig, DaemonState, Lowered, Raised, Wanted
from edk.domain.errors import EngineUnreachableError
from edk.ports import BuilderDaemon, Clock, FileLock, Locks

LOCK = "builder daemon"
START_SECONDS = 30.0
_LOCK_SECONDS = 60.0
_PAUSE = 0.1


def bring_up(daemon: BuilderDaemon, locks: Locks, clock: Clock, wanted: Wanted) -> Raised:
    """Start a daemon if none of ours runs, and wait until it answers.

    One that runs is left as it is, whatever is wanted, for builds may be at work in it.

    Raises:
        EngineUnreachableError: a program is missing, it does not come up, or one runs that does not answer.
        UsageError: its folders can't be used.
    """
    config = daemon.config(wanted.jobs, wanted.bounds, wanted.registries)
    lock = _locked(locks, clock)
    try:
        state = daemon.state()
        if state.pid:
            state = _answering(daemon, clock, state)
            daemon.announce(state.address)
            return Raised(state, started=False, differs=_differences(state, wanted))
        stranger = daemon.stranger()
        if stranger:
            raise EngineUnreachableError(
                f"process {stranger} uses the folder of our daemon, and there is no record of it",
                f"kill {stranger}, and run this again",
            )
        cleared = daemon.clear_remains()
        return Raised(_started(daemon, clock, config), started=True, cleared=cleared)
    finally:
        lock.release()


def take_down(daemon: BuilderDaemon, locks: Locks, clock: Clock, *, data: bool) -> Lowered:
    """End the daemon and what it or a killed one left behind; its cache stays unless `data`.

    Raises:
        EngineUnreachableError: something does not end, or can't be removed.
    """
    lock = _locked(locks, clock)
    try:
        # Builds that begin now should not find one that is about to go.
        daemon.announce("")
        pid = daemon.stop()
        if stranger := daemon.stranger():
            # Its steps look like remains.
            raise EngineUnreachableError(
                f"process {stranger} uses the folder of our daemon, and there is no record of it",
                f"kill {stranger}, and run this again",
            )
        cleared = daemon.clear_remains()
        if data:
            daemon.remove_data()
        return Lowered(pid, cleared)
    finally:
        lock.release()


def _started(daemon: BuilderDaemon, clock: Clock, config: DaemonConfig) -> DaemonState:
    daemon.start(config)
    try:
        state = _answering(daemon, clock, daemon.state())
    except EngineUnreachableError:
        daemon.stop()
        raise
    daemon.announce(state.address)
    return state


def _answering(daemon: BuilderDaemon, clock: Clock, state: DaemonState) -> DaemonState:
    """Return the state once it answers; raise EngineUnreachableError if it ends before, or never does."""
    until = clock.monotonic() + START_SECONDS
    while not state.answers:
        if not state.pid:
            raise EngineUnreachableError("buildkitd ended at once", _words(daemon))
        if clock.monotonic() > until:
            raise EngineUnreachableError(
                f"buildkitd, process {state.pid}, does not answer at {state.address}",
                f"edk builder down ends it\n{_words(daemon)}",
            )
        clock.sleep(_PAUSE)
        state = daemon.state()
    return state


def _words(daemon: BuilderDaemon) -> str:
    return "\n".join(("the last of its log:", *daemon.last_words()))


def _differences(state: DaemonState, wanted: Wanted) -> tuple[str, ...]:
    found = []
    if state.cache_limit != wanted.bounds.limit:
        found.append(f"a cache limit of {state.cache_limit} bytes instead of {wanted.bounds.limit}")
    if state.jobs and state.jobs != wanted.jobs:
        found.append(f"{state.jobs} steps at once instead of {wanted.jobs}")
    return tuple(found)


def _locked(locks: Locks, clock: Clock) -> FileLock:
    until = clock.monotonic() + _LOCK_SECONDS
    while (lock := locks.try_acquire(LOCK)) is None:
        if clock.monotonic() > until:
            raise EngineUnreachableError(
                f"{locks.holder(LOCK) or 'another process'} is at work on our daemon", "wait until it is done"
            )
        clock.sleep(_PAUSE)
    return lock
