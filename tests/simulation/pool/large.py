"""The large pools, as functions that other processes can be handed."""

from __future__ import annotations

from tests.simulation.pool.figures import Speed, Trouble, speed, trouble
from tests.simulation.pool.graphs import deep, mixed, wide

SHAPES = {"wide": wide, "deep": deep, "mixed": mixed}
WORKERS = 1_000
IMAGES = 10_000


def fast(shape: str) -> Speed:
    """Build a large graph on a large pool where nothing fails."""
    return speed(SHAPES[shape](IMAGES), WORKERS)


def hard(shape: str) -> Trouble:
    """Build a large graph on a large pool with a fault every other second."""
    return trouble(SHAPES[shape](IMAGES), WORKERS, 1, pause=2.0)
