"""What an engine is not asked to build."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edk.adapters.solving.verdict import refusal
from edk.domain.requests import EngineInfo
from tests.unit.engine.recorded import request

OLD = EngineInfo("Docker Engine", "20.10.24+dfsg1", "", True, False, "linux/amd64")
NEW = EngineInfo("Docker Engine", "28.5.2", "", True, False, "linux/amd64")
CLASSIC = replace(NEW, buildkit=False)
PODMAN = EngineInfo("Podman", "5.4.2", "", False, False, "linux/amd64")


@pytest.mark.parametrize(
    ("engine", "refused"),
    [
        (OLD, {"heredoc", "link", "parents", "exclude", "secret", "ssh"}),
        (NEW, {"secret", "ssh"}),
        (CLASSIC, {"heredoc", "mount", "secret", "ssh", "link", "chmod", "parents", "exclude"}),
        (PODMAN, {"secret", "ssh", "link"}),
    ],
)
def test_refuses_what_an_engine_builds_wrongly(engine: EngineInfo, refused: set[str]) -> None:
    """Each feature is refused where the engine fails at it, or silently does something else."""
    every = ("heredoc", "mount", "secret", "ssh", "link", "chmod", "parents", "exclude")

    assert refused == {one for one in every if refusal(replace(request(), features=(one,)), engine)}


def test_says_what_and_why() -> None:
    """A refusal names the file, the engine and all that it can't do."""
    refused = refusal(replace(request(), features=("mount", "heredoc")), NEW, classic=True)

    assert refused is not None
    assert (
        "x/Dockerfile: Docker Engine 28.5.2 without BuildKit can't build RUN --mount, heredocs (<<EOF)"
        == refused.message
    )
    assert "BuildKit" in refused.hint


def test_refuses_nothing_else() -> None:
    """A plain Dockerfile may be tried everywhere."""
    assert [None] * 4 == [refusal(request(), engine) for engine in (OLD, NEW, CLASSIC, PODMAN)]
