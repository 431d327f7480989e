"""Many seeds, in processes of their own: what is imported there must not be a test module."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.schedules import draw_case
from tests.simulation.shrinking import as_json, as_python, failure_of, outcome_of, shrink


@dataclass(frozen=True)
class Ran:
    """What came of some seeds: how many were run, how many builds that took, and the first failure, told in full."""

    schedules: int
    builds: int
    failure: str


def run_seeds(seeds: range) -> Ran:
    """Run seeds until one fails."""
    builds = 0
    for number, seed in enumerate(seeds, 1):
        why, built = outcome_of(draw_case(seed))
        if why:
            return Ran(number, builds, _told(seed, why))
        builds += built
    return Ran(len(seeds), builds, "")


def _told(seed: int, why: str) -> str:
    case = shrink(draw_case(seed), lambda smaller: failure_of(smaller) != "")
    why_now = failure_of(case)
    path = f"tests/simulation/regressions/seed-{seed}.json"
    return (
        f"seed {seed}: {why}\n\nshrunk to: {why_now}\n{as_python(case)}\nstore it as {path}:\n{as_json(case, why_now)}"
    )
