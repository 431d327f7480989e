"""What the kubelet decides about one container, as a pure core: time and events in, actions out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tests.support.pod.spec import ContainerSpec, Probe

Kind = Literal["startup", "liveness", "readiness"]


class Phase(StrEnum):
    """Where a container is."""

    WAITING = "waiting"  # to be started, maybe after a pause
    RUNNING = "running"
    STOPPING = "stopping"  # was told to end
    DONE = "done"  # an init container that succeeded


@dataclass(frozen=True)
class Start:
    """Start the container."""


@dataclass(frozen=True)
class Stop:
    """End the container, and say why; `grace` is of the probe that failed, if it has its own."""

    why: str
    grace: float | None = None


@dataclass(frozen=True)
class Ask:
    """Carry out a probe."""

    kind: Kind
    probe: Probe


Action = Start | Stop | Ask


@dataclass
class _Asking:
    """How a probe went so far."""

    next_at: float
    pending: bool = False
    successes: int = 0
    failures: int = 0


@dataclass(frozen=True)
class Pauses:
    """How long it is waited before a container is started again: the first time not at all, then longer and longer."""

    first: float = 10
    longest: float = 300
    forgotten_after: float = 600

    def after(self, pause: float, ran: float) -> float:
        """Return the next pause, given the last one and how long the container ran; below 0: there was none yet."""
        if ran >= self.forgotten_after:
            return 0
        return min(self.longest, pause * 2) if pause > 0 else (0 if pause < 0 else self.first)


@dataclass
class Watch:
    """One container, under watch.

    Args:
        spec: what it is.
        initial: whether it has to end with 0 rather than go on.
    """

    spec: ContainerSpec
    initial: bool
    pauses: Pauses = field(default_factory=Pauses)
    phase: Phase = Phase.WAITING
    since: float = 0
    not_before: float = 0
    restarts: int = 0
    started: bool = False
    ready: bool = False
    last: str = ""
    _starts: int = 0
    _pause: float = -1
    _asking: dict[Kind, _Asking] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Which of its containers, one after the other, is the present one."""
        return self._starts

    def due(self, now: float) -> list[Action]:
        """Return what is to be done now; each is given out once."""
        if self.phase is Phase.WAITING and now >= self.not_before:
            return [Start()]
        if self.phase is not Phase.RUNNING:
            return []
        asked: list[Action] = []
        for kind, probe in self._probes():
            state = self._asking.setdefault(kind, _Asking(self.since + probe.initial_delay))
            if not state.pending and now >= state.next_at:
                state.pending = True
                asked.append(Ask(kind, probe))
        return asked

    def _probes(self) -> list[tuple[Kind, Probe]]:
        """Return the probes in force: until a container counts as started, no other than that one."""
        if not self.started:
            return [("startup", self.spec.startup)] if self.spec.startup else []
        both: list[tuple[Kind, Probe | None]] = [("liveness", self.spec.liveness), ("readiness", self.spec.readiness)]
        return [(kind, probe) for kind, probe in both if probe is not None]

    def begun(self, now: float) -> None:
        """Take note that it runs."""
        self.phase, self.since = Phase.RUNNING, now
        self._starts += 1
        self.restarts = self._starts - 1
        self._asking.clear()
        self.started = self.spec.startup is None
        self.ready = self.started and self.spec.readiness is None

    def refused(self, now: float, why: str) -> None:
        """Take note that it could not be started."""
        self.last = why
        self._wait(now, ran=0)

    def ended(self, now: float, code: int) -> None:
        """Take note that it ended, by itself or as it was told."""
        if self.phase in (Phase.WAITING, Phase.DONE):
            return
        told = f" ({self.last})" if self.phase is Phase.STOPPING else ""
        self.last = f"ended with {code}{told}"
        self.started = self.ready = False
        if self.initial and code == 0:
            self.phase = Phase.DONE
            return
        self._wait(now, ran=now - self.since)

    def _wait(self, now: float, ran: float) -> None:
        self._pause = self.pauses.after(self._pause, ran)
        self.phase, self.not_before = Phase.WAITING, now + self._pause

    def answered(self, kind: Kind, number: int, now: float, fault: str) -> list[Action]:
        """Take note of a probe's answer; an empty fault is a success.

        `number` is that of the container that was asked; answers of an earlier one count for nothing.
        """
        probe = dict(self._probes()).get(kind)
        state = self._asking.get(kind)
        if self.phase is not Phase.RUNNING or number != self._starts or probe is None or state is None:
            return []
        state.pending, state.next_at = False, now + probe.period
        if fault:
            state.successes, state.failures = 0, state.failures + 1
            return self._failed(kind, probe, state, fault)
        state.successes, state.failures = state.successes + 1, 0
        if state.successes >= probe.successes:
            self._succeeded(kind)
        return []

    def _succeeded(self, kind: Kind) -> None:
        if kind == "startup":
            self.started = True
            self.ready = self.spec.readiness is None
        elif kind == "readiness":
            self.ready = True

    def _failed(self, kind: Kind, probe: Probe, state: _Asking, fault: str) -> list[Action]:
        if state.failures < probe.failures:
            return []
        if kind == "readiness":
            self.ready = False
            return []
        self.last = f"{kind} probe failed {state.failures} times: {fault}"
        self.phase, self.ready = Phase.STOPPING, False
        return [Stop(self.last, probe.grace)]
