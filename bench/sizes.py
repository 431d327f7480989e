"""Planning of generated trees of 100, 1,000 and 10,000 images with ten files each, from nothing and with a state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.measure import EDK, Figure, Goal, Result, Run, RunFailedError, Skipped, environment, megabytes, run, seconds
from bench.sized_tree import write_sized_tree

SIZES = (100, 1000, 10_000)
GOALS = {10_000: (10.0, 1.0, 400.0)}
"""Images → seconds from nothing, seconds with a state, MB."""


def measure(work: Path, runs: int) -> Iterator[Result]:
    """Yield the figures of `edk plan`, without engine and registry; of the largest tree three runs at most."""
    for images in SIZES:
        tree = write_sized_tree(work / str(images), images)
        yield from _planned(work / "state", tree, images, min(runs, 3) if images >= SIZES[-1] else runs)
        shutil.rmtree(tree)


def _planned(state: Path, tree: Path, images: int, runs: int) -> Iterator[Result]:
    name = f"plan {images:,} images in {images * 10:,} files"
    env = environment(state, KAAPANA_REPO_PATH="", EDK_BENCH_LOG=str(state.with_name("plan.log")))
    command = (*EDK, "plan", "--dir", tree, "--offline")
    colds: list[Run] = []
    warms: list[Run] = []
    try:
        run(command, env)  # compiles our modules, and brings the tree into the page cache
        for _ in range(runs):
            shutil.rmtree(state)
            colds.append(run(command, env))
            warms.append(run(command, env))
    except RunFailedError as error:
        yield Skipped(name, str(error))
        return
    cold, warm, memory = GOALS.get(images, (0.0, 0.0, 0.0))
    for label, taken, limit in (("no state", colds, cold), ("warm state", warms, warm)):
        samples = tuple(each.seconds for each in taken)
        goal = Goal(f"< {limit:.0f} s", limit) if limit else None
        yield Figure(f"{name}, {label}", "s", seconds(taken), runs, goal, samples=samples)
    goal = Goal(f"< {memory:.0f} MB", memory) if memory else None
    yield Figure(f"{name}, peak memory", "MB", megabytes([*colds, *warms]), runs, goal)
