"""Run a process and say how long it took and how much memory it had; the median of several."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parent.parent
EDK = (sys.executable, "-P", "-m", "edk")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished process: seconds by the clock, peak resident memory in bytes (its own and its children's)."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Goal:
    """What was asked for: the figure, its ratio to the peer, or what it has more than the peer is below `limit`."""

    text: str
    limit: float
    of: Literal["value", "ratio", "excess"] = "value"


@dataclass(frozen=True, slots=True)
class Peer:
    """What does the same work: its name, its median in the same unit, and each run's figure."""

    name: str
    value: float
    samples: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result.

    Args:
        name: what was measured.
        unit: ``s`` or ``MB``.
        value: median of ours.
        runs: how many runs that is the median of.
        goal: None if none was set.
        peer: what it is beside; None if there is nothing.
        samples: the figure of each run.
    """

    name: str
    unit: str
    value: float
    runs: int
    goal: Goal | None = None
    peer: Peer | None = None
    samples: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """Ours over the peer's; 0 if there is no peer."""
        return self.value / self.peer.value if self.peer else 0.0

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None if there is none."""
        if self.goal is None:
            return None
        measured = {
            "value": self.value,
            "ratio": self.ratio,
            "excess": self.value - (self.peer.value if self.peer else 0),
        }
        return measured[self.goal.of] < self.goal.limit


@dataclass(frozen=True, slots=True)
class Skipped:
    """What could not be measured here, and why."""

    name: str
    why: str


Result = Figure | Skipped


class RunFailedError(Exception):
    """A measured process ended in a way it should not."""


def environment(state: Path | None = None, **more: str) -> dict[str, str]:
    """Return the environment of measured processes.

    Compiled modules may be kept, as on a user's machine, whatever the surroundings of the bench say.

    Args:
        state: folder of the state; None for the user's own.
        more: variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    kept["PYTHONPATH"] = str(PROJECT)
    if state is not None:
        kept["EDK_STATE_DIR"] = str(state)
    return kept | more


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    codes: tuple[int, ...] = (0,),
    cwd: Path = PROJECT,
) -> Run:
    """Run a process to its end, its output thrown away.

    Args:
        command: program and arguments.
        env: its environment.
        codes: exit codes that are right.
        cwd: where it runs.

    Raises:
        RunFailedError: any other exit code, or no such program; says what it printed.
    """
    log = Path(env["EDK_BENCH_LOG"]) if "EDK_BENCH_LOG" in env else Path(os.devnull)
    with log.open("wb") as out:
        started = time.perf_counter()
        try:
            child = subprocess.Popen([str(c) for c in command], cwd=cwd, env=dict(env), stdout=out, stderr=out)
        except OSError as error:
            raise RunFailedError(str(error)) from error
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
    child.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in codes:
        said = " ".join(log.read_text(errors="replace").split())[-300:] if log.is_file() else ""
        raise RunFailedError(f"{' '.join(map(str, command))} ended with {code}: … {said}")
    return Run(seconds, usage.ru_maxrss * 1024)


def repeat(count: int, *actions: Callable[[], Run]) -> list[list[Run]]:
    """Run actions in turn, `count` times each, so that what else the machine does meets them alike."""
    runs: list[list[Run]] = [[] for _ in actions]
    for _ in range(count):
        for action, taken in zip(actions, runs, strict=True):
            taken.append(action())
    return runs


def seconds(runs: Sequence[Run]) -> float:
    """Return the median of the times."""
    return statistics.median(run.seconds for run in runs)


def megabytes(runs: Sequence[Run]) -> float:
    """Return the largest peak, in MB of 1,000,000 bytes: memory has to suffice each time."""
    return max(run.peak_bytes for run in runs) / 1e6
