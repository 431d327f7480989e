"""What holds for every test of the pool."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.unit.pool.worlds import until


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Whatever a test does, all threads end by themselves within the time of a check."""
    before = set(threading.enumerate())
    yield
    until(lambda: set(threading.enumerate()) <= before)
