"""Random schedules of saves and faults: once it is quiet, the registry holds what the tree says.

``EDK_SIMULATION_SCHEDULES`` sets how many are run (5,000), ``EDK_SIMULATION_SEED`` runs one alone. A failing one is
shrunk and printed, as Python and as the file to store in ``regressions``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.simulation.running import Ran, run_seeds
from tests.simulation.schedules import draw_case
from tests.simulation.shrinking import failure_of, from_json
from tests.simulation.simulation import run

SCHEDULES = int(os.environ.get("EDK_SIMULATION_SCHEDULES", "5000"))
SEED = os.environ.get("EDK_SIMULATION_SEED", "")
CHUNK = 250
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.json"))
HERE = Path(__file__).parents[2]

CHUNKS = (
    [range(int(SEED), int(SEED) + 1)]
    if SEED
    else [range(start, min(start + CHUNK, SCHEDULES)) for start in range(0, SCHEDULES, CHUNK)]
)


@pytest.fixture(scope="module")
def ran() -> Iterator[dict[range, Future[Ran]]]:
    """All chunks, run by as many processes as there are cores, in their order."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        yield {chunk: pool.submit(run_seeds, chunk) for chunk in CHUNKS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("chunk", CHUNKS, ids=lambda chunk: f"{chunk[0]}-{chunk[-1]}")
def test_all_that_must_hold_does_so_once_it_is_quiet(chunk: range, ran: dict[range, Future[Ran]]) -> None:
    """Of each schedule I1, I2, I7, I13 and the rest hold; a chunk in which nothing was built shows nothing."""
    result = ran[chunk].result()

    assert "" == result.failure, result.failure
    assert len(chunk) == result.schedules
    assert result.builds > len(chunk) or SEED


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_what_once_failed_does_so_no_more(path: Path) -> None:
    """Each schedule that showed a fault is replayed for ever."""
    assert "" == failure_of(from_json(path.read_text()))


def test_a_schedule_always_goes_the_same_way() -> None:
    """Neither the order of sets nor what ran before makes a difference: a seed replays."""
    seeds = range(40)
    code = f"from tests.simulation.test_schedules import traces; print(traces(range({seeds.start}, {seeds.stop})))"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    ]

    assert [traces(seeds)] * 2 == told


def traces(seeds: range) -> str:
    """Return the digest of all that happens in some schedules."""
    lines = [line for seed in seeds for line in run(draw_case(seed)).trace]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
