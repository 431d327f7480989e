"""What an engine is asked about its disk, in the words of its version of the API."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from edk.adapters.engine import DockerEngineDisk, disk
from edk.domain.errors import BuildError, EngineUnreachableError
from edk.domain.fingerprint import LABEL
from tests.unit.engine.lying import LyingEngine, plain


def pong(version: str) -> bytes:
    """A ping's answer by an engine of a version of the API."""
    return plain("200 OK", b"OK", "Server: Docker/28.0.0 (linux)", f"Api-Version: {version}")


def said(value: object) -> bytes:
    """A reply of JSON."""
    return plain("200 OK", json.dumps(value).encode())


def asked(engine: LyingEngine) -> tuple[str, dict[str, list[str]]]:
    """The path and query of the last request."""
    parts = urlsplit(engine.asked[-1].split()[1])
    return parts.path, parse_qs(parts.query)


def test_copies_are_those_of_ours_without_a_tag(tmp_path: Path) -> None:
    """Filtered by the engine; what is young is left out here, for older engines know no such filter."""
    images = [{"Created": 10, "Size": 5}, {"Created": 99, "Size": 7}, {"Created": 20, "Size": 9}]
    answers = {"/_ping": pong("1.41"), "/images/json": said(images)}
    with LyingEngine(tmp_path, answers).running() as engine:
        assert (2, 14) == DockerEngineDisk(engine.endpoint, {}).copies(50.5)

    path, query = asked(engine)
    assert "/v1.41/images/json" == path
    assert {"dangling": ["true"], "label": [LABEL]} == json.loads(query["filters"][0])


def test_copies_are_removed_by_the_same_filter(tmp_path: Path) -> None:
    """None without our label, none with a tag, none that is young."""
    told = {"ImagesDeleted": [{"Untagged": "x@sha256:1"}, {"Deleted": "sha256:1"}], "SpaceReclaimed": 12}
    answers = {"/_ping": pong("1.41"), "/images/prune": said(told)}
    with LyingEngine(tmp_path, answers).running() as engine:
        assert (1, 12) == DockerEngineDisk(engine.endpoint, {}).remove_copies(50.5)

    filters = json.loads(asked(engine)[1]["filters"][0])
    assert {"dangling": ["true"], "label": [LABEL], "until": ["50"]} == filters


@pytest.mark.parametrize(("version", "query"), [("1.41", {}), ("1.44", {"type": ["build-cache"]})])
def test_the_cache_is_what_no_image_shares(tmp_path: Path, version: str, query: dict[str, list[str]]) -> None:
    """Newer engines are asked for the cache alone, which is faster."""
    records = {"BuildCache": [{"Size": 5}, {"Size": 7, "Shared": True}, {"Size": 9, "InUse": True}]}
    answers = {"/_ping": pong(version), "/system/df": said(records)}
    with LyingEngine(tmp_path, answers).running() as engine:
        assert 14 == DockerEngineDisk(engine.endpoint, {}).cache_bytes()

    assert (f"/v{version}/system/df", query) == asked(engine)


@pytest.mark.parametrize(
    ("version", "query"),
    [("1.41", {"keep-storage": ["400"]}), ("1.48", {"reserved-space": ["400"], "max-used-space": ["400"]})],
)
def test_the_limit_is_called_as_the_engine_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, query: dict[str, list[str]]
) -> None:
    """One that does not know the name would let go of everything."""
    monkeypatch.setattr("edk.adapters.engine.client.DEFAULT_DOCKER_API_VERSION", "1.50")
    answers = {"/_ping": pong(version), "/build/prune": said({"SpaceReclaimed": 77})}
    with LyingEngine(tmp_path, answers).running() as engine:
        assert 77 == DockerEngineDisk(engine.endpoint, {}).prune_cache(400)

    assert (f"/v{version}/build/prune", query) == asked(engine)


def test_an_engine_without_a_cache_has_none(tmp_path: Path) -> None:
    """Podman knows no such question."""
    nowhere = plain("404 Not Found", b'{"message": "no such route"}')
    answers = {"/_ping": pong("1.41"), "/system/df": nowhere, "/build/prune": nowhere}
    with LyingEngine(tmp_path, answers).running() as engine:
        podman = DockerEngineDisk(engine.endpoint, {})
        assert (0, 0) == (podman.cache_bytes(), podman.prune_cache(1))


def test_a_refusal_is_told_in_the_engines_words(tmp_path: Path) -> None:
    """And nonsense counts for nothing."""
    busy = plain("409 Conflict", b'{"message": "a prune operation is already running"}')
    answers = {"/_ping": pong("1.41"), "/images/prune": busy, "/images/json": said({"x": 1})}
    with LyingEngine(tmp_path, answers).running() as engine:
        with pytest.raises(BuildError, match="already running"):
            DockerEngineDisk(engine.endpoint, {}).remove_copies(1)
        assert (0, 0) == DockerEngineDisk(engine.endpoint, {}).copies(1)


def test_an_engine_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by everything that asks it; one that is slow is waited for, one that never answers is not."""
    with pytest.raises(EngineUnreachableError):
        DockerEngineDisk(f"unix://{tmp_path}/none.sock", {}).copies(1)
    monkeypatch.setattr(disk, "_LONG_SECONDS", 0.3)
    answers = {"/_ping": pong("1.41"), "/system/df": None}
    with LyingEngine(tmp_path, answers).running() as engine, pytest.raises(EngineUnreachableError):
        DockerEngineDisk(engine.endpoint, {}).cache_bytes()
