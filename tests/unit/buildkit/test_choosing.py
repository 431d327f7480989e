"""Which builder is used, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edk.adapters.buildkit import BuildKitBuilder, endpoint
from edk.adapters.engine import DockerEngineBuilder
from edk.adapters.pool import BuilderPool
from edk.commands.builders import LazyBuilder, choose, known_address
from edk.domain.errors import UsageError
from edk.settings import Settings

ANSWERS = """[{"platforms": [{"os": "linux", "architecture": "amd64"}], "buildkitVersion": {"version": "v0.17.3"}}]"""
BUILDKIT_ONLY: list[tuple[dict[str, Any], str]] = [
    ({"build_secrets": (("tok", "/x"),)}, "a build secret"),
    ({"ssh": ("default",)}, "an ssh agent"),
    ({"attestations": ("sbom",)}, "attestations"),
    ({"platform": "linux/amd64,linux/arm64"}, "several platforms"),
]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the state; a search path without ``buildctl``; no daemon where BuildKit's tools look."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(endpoint, "DEFAULT_ADDRESS", f"unix://{tmp_path}/default.sock")
    (tmp_path / "bin").mkdir()
    return tmp_path / "state"


def settings(state: Path, **fields: Any) -> Settings:
    """Return settings with a state folder, and these fields."""
    return replace(Settings(), state_dir=str(state), **fields)


def buildctl(state: Path, script: str = f"echo '{ANSWERS}'") -> None:
    """Have a ``buildctl``."""
    program = state.parent / "bin/buildctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def started(state: Path, address: str) -> None:
    """Record where `edk builder up` has started one."""
    (state / "buildkit").mkdir(parents=True)
    (state / "buildkit/address").write_text(f"{address}\n")


def test_docker_by_wish(state: Path) -> None:
    """Also where BuildKit is known and answers."""
    buildctl(state)

    choice = choose(settings(state, builder="docker", buildkit_host="unix:///b.sock"))

    assert isinstance(choice.builder, DockerEngineBuilder)
    assert (False, "it is asked for", "") == (choice.buildkit, choice.reason, choice.missed)


def test_buildkit_by_wish(state: Path) -> None:
    """It is not asked first, so that one that is away is told as what it is."""
    choice = choose(settings(state, builder="buildkit", buildkit_host="unix:///b.sock"))

    assert isinstance(choice.builder, BuildKitBuilder)
    assert (True, "BUILDKIT_HOST is set", "") == (choice.buildkit, choice.reason, choice.missed)


def test_buildkit_by_wish_and_nowhere_known(state: Path) -> None:
    """Wrong usage, with what to do."""
    with pytest.raises(UsageError, match="not known where") as caught:
        choose(settings(state, builder="buildkit"))

    assert 2 == caught.value.exit_code
    assert "BUILDKIT_HOST" in caught.value.hint


def test_by_itself_where_none_is_known(state: Path) -> None:
    """The Docker Engine, and nothing is missed."""
    choice = choose(settings(state))

    assert isinstance(choice.builder, DockerEngineBuilder)
    assert (False, "") == (choice.buildkit, choice.missed)
    assert "BUILDKIT_HOST is not set" in choice.reason


def test_by_itself_where_one_answers(state: Path) -> None:
    """BuildKit."""
    buildctl(state)

    choice = choose(settings(state, buildkit_host="unix:///b.sock"))

    assert (True, "BUILDKIT_HOST is set", "") == (choice.buildkit, choice.reason, choice.missed)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("", "buildctl is not installed, which building by BuildKit needs"),
        ("echo 'error: nobody' >&2; exit 1", "BuildKit at unix:///b.sock does not answer: nobody"),
        ("echo '[]'", "BuildKit at unix:///b.sock does not answer: it has no worker, or does not tell"),
        ("echo nonsense", "BuildKit at unix:///b.sock does not answer: it has no worker, or does not tell"),
    ],
)
def test_by_itself_where_none_answers(state: Path, script: str, why: str) -> None:
    """The Docker Engine, and it is said what is missed."""
    if script:
        buildctl(state, script)
    told: list[str] = []

    builder = LazyBuilder(settings(state, buildkit_host="unix:///b.sock"), notice=told.append)

    assert isinstance(builder.choice.builder, DockerEngineBuilder)
    assert (why, why) == (builder.choice.reason, builder.choice.missed)
    assert [f"the Docker Engine builds, for {why}"] == told


def test_the_notice_comes_once(state: Path) -> None:
    """However often the builder is asked for."""
    told: list[str] = []
    builder = LazyBuilder(settings(state, buildkit_host="unix:///b.sock"), notice=told.append)

    assert builder.choice is builder.choice
    assert 1 == len(told)


def test_where_it_is_known_from(state: Path) -> None:
    """The environment first, then what was started here, then where BuildKit's own tools look."""
    assert ("", "") == known_address(settings(state))

    Path(endpoint.DEFAULT_ADDRESS.removeprefix("unix://")).touch()
    assert endpoint.DEFAULT_ADDRESS == known_address(settings(state))[0]

    started(state, "unix:///own.sock")
    assert ("unix:///own.sock", "'edk builder up' started it") == known_address(settings(state))

    told = settings(state, buildkit_host="tcp://far:1")
    assert ("tcp://far:1", "BUILDKIT_HOST is set") == known_address(told)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_record_that_can_not_be_read(state: Path, content: bytes) -> None:
    """It is none."""
    started(state, "")
    (state / "buildkit/address").write_bytes(content)

    assert ("", "") == known_address(settings(state))


@pytest.mark.parametrize("address", ["tcp://far:1", "unix:///a.sock,unix:///b.sock", "tcp://10.0.0.1:1,tcp://10.0.0.2:1"])
def test_several_are_a_pool(state: Path, address: str) -> None:
    """So is a name, that may lead to several."""
    choice = choose(settings(state, builder="buildkit", buildkit_host=address))

    assert isinstance(choice.builder, BuilderPool)


@pytest.mark.parametrize(("fields", "what"), BUILDKIT_ONLY)
@pytest.mark.parametrize("builder", ["docker", "auto"])
def test_what_only_buildkit_can_do_is_refused(state: Path, fields: dict[str, Any], what: str, builder: str) -> None:
    """Exit code 2, with what was asked for and why BuildKit is not used; never an image without it."""
    with pytest.raises(UsageError, match=rf"^only BuildKit itself knows {what}, and the Docker ") as caught:
        choose(settings(state, builder=builder, **fields))

    assert 2 == caught.value.exit_code
    assert "edk builder up" in caught.value.hint


@pytest.mark.parametrize(("fields", "what"), BUILDKIT_ONLY)
def test_what_only_buildkit_can_do_is_not_refused_by_it(state: Path, fields: dict[str, Any], what: str) -> None:
    """With BuildKit all of it is there."""
    buildctl(state)

    assert choose(settings(state, buildkit_host="unix:///b.sock", **fields)).buildkit


def test_all_that_was_asked_for_is_named(state: Path) -> None:
    """Not only the first."""
    with pytest.raises(UsageError, match="a build secret and an ssh agent"):
        choose(settings(state, build_secrets=(("a", "/b"),), ssh=("default",)))


def test_nothing_is_chosen_before_it_is_needed(state: Path) -> None:
    """Where all is unchanged no builder is asked for: a wrong one fails nothing."""
    builder = LazyBuilder(settings(state, builder="buildkit"))

    with pytest.raises(UsageError):
        builder.describe()
