"""A trial for BuildKit is made once for an engine, not in each process."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.adapters.engine import DockerEngineBuilder
from tests.fakes.cache import FakeCache
from tests.unit.engine.lying import LyingEngine, chunked, plain

OLD_PONG = plain("200 OK", b"OK", "Server: Docker/20.10.24 (linux)")
BUILDKIT = chunked(b'{"id":"moby.buildkit.trace","aux":""}\n', b'{"error":"x"}\n')
REFUSED = plain("400 Bad Request", b'{"message":"unknown instruction"}')


def _info(engine: str) -> bytes:
    return plain("200 OK", f'{{"ID": "{engine}", "DriverStatus": [], "DockerRootDir": "/d"}}'.encode())


@pytest.mark.parametrize(
    ("probe", "first", "second", "trials"),
    [
        (BUILDKIT, "AAAA:BBBB", "AAAA:BBBB", 1),
        (BUILDKIT, "AAAA:BBBB", "CCCC:DDDD", 2),
        (BUILDKIT, "", "", 2),
        (REFUSED, "AAAA:BBBB", "AAAA:BBBB", 2),
    ],
)
def test_only_a_found_buildkit_of_the_same_engine_is_remembered(
    tmp_path: Path, probe: bytes, first: str, second: str, trials: int
) -> None:
    """Another engine, one without an identity, and one whose trial failed are tried again."""
    memory = FakeCache()
    asked: list[str] = []
    found = []
    for number, name in enumerate((first, second)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with LyingEngine(folder, {"/_ping": OLD_PONG, "/info": _info(name), "/build": probe}).running() as engine:
            found.append(DockerEngineBuilder(engine.endpoint, {}, memory=memory).describe().buildkit)
            asked += engine.asked

    assert [probe == BUILDKIT] * 2 == found
    assert trials == sum("/build" in line for line in asked)
