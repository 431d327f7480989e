"""Replies to builds: recorded ones of real engines, and ones that lie."""

from __future__ import annotations

import json

import pytest

from edk.domain.errors import (
    BuildRefusedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from tests.unit.engine.recorded import DONE, IMAGE, STARTED, follow, lines, log, message, trace, vertex

BASE = "localhost:32000/test/busybox:latest"
BASE_LOADS = "[internal] load metadata for a:1"


def test_follows_buildkit() -> None:
    """Steps of both stages come with their line, number, duration and output, each once."""
    image, seen = follow(lines("buildkit-20.10-built"))

    steps = [(step.phase, step.line, step.number, step.total) for step in seen if step.number and step.phase != "log"]
    logs = sorted((step.title, step.stream, step.line) for step in seen if step.phase == "log")
    assert image.image_id.startswith("sha256:")
    assert (4, 0) == (image.steps, image.cached_steps)
    assert [("aside", "err", 6), ("making things", "out", 6)] == logs
    for number, line in ((2, 3), (3, 6)):
        assert ("started", line, number, 3) in steps
        assert ("finished", line, number, 3) in steps
    assert ("finished", 9, 2, 3) in steps
    assert ("finished", 11, 3, 3) in steps
    assert len(steps) == len(set(steps))


def test_follows_buildkit_from_the_cache() -> None:
    """A build from the cache says so of every step."""
    image, seen = follow(lines("buildkit-20.10-cached"))

    runs = [step.phase for step in seen if "] RUN" in step.title]
    assert ["cached", "cached"] == runs
    assert (4, 4) == (image.steps, image.cached_steps)


def test_follows_the_classic_builder() -> None:
    """The classic builder's steps come with their lines and output, without the builder's own words."""
    image, seen = follow(lines("classic-20.10-built"))

    told = [(step.phase, step.title, step.line) for step in seen if step.phase != "started"]
    assert (6, 0) == (image.steps, image.cached_steps)
    assert "sha256:9b9b464b7f8a" == image.image_id[:19]
    assert [
        ("finished", f"[1/8] FROM {BASE} AS make", 1),
        ("finished", "[2/8] ARG WHAT=things", 2),
        ("finished", "[3/8] WORKDIR /made", 3),
        ("log", "aside", 6),
        ("log", "making things", 6),
        ("finished", "[4/8] RUN echo making $WHAT &&     echo aside >&2", 6),
        ("finished", f"[5/8] FROM {BASE}", 8),
        ("finished", "[6/8] COPY --from=make /made /made", 9),
        ("finished", "[7/8] ENV A=b", 10),
        ("finished", "[8/8] RUN ls /made", 11),
    ] == told


def test_follows_the_classic_builder_from_the_cache() -> None:
    """All but the two FROM come from the cache."""
    image, seen = follow(lines("classic-20.10-cached"))

    assert (6, 6) == (image.steps, image.cached_steps)
    assert 6 == len([step for step in seen if step.phase == "cached"])


@pytest.mark.parametrize(
    ("name", "end"), [("buildkit-20.10-step-failed", "bad \\xff end"), ("classic-20.10-step-failed", "no end")]
)
def test_names_a_failing_step(name: str, end: str) -> None:
    """The error of a failing step has its line, its code and its last 20 lines, the unended one too."""
    dockerfile = f"FROM {BASE}\nRUN for i in $(seq 30); do echo line $i; done; printf 'x'; exit 3\n".encode()

    with pytest.raises(StepFailedError, match=r"^x/Dockerfile:2: RUN for .* exited with code 3$") as caught:
        follow(lines(name), dockerfile)

    assert 2 == caught.value.line
    assert 20 == len(caught.value.log_tail)
    assert ("line 30", end) == caught.value.log_tail[-2:]


def test_names_a_missing_base() -> None:
    """A base that its registry does not have is the FROM's failure."""
    with pytest.raises(StepFailedError, match=r"^x/Dockerfile:1: FROM localhost:32000/test/none:1 failed: "):
        follow(lines("buildkit-20.10-no-base"), b"FROM localhost:32000/test/none:1\n")


def test_names_what_is_no_instruction() -> None:
    """A syntax error has no step, but a line."""
    with pytest.raises(BuildRefusedError, match=r"^x/Dockerfile:3: .*unknown instruction: NONSENSE"):
        follow(lines("buildkit-20.10-syntax"), f"FROM {BASE}\n\nNONSENSE\n".encode())


@pytest.mark.parametrize("name", ["buildkit-20.10-built", "classic-20.10-built"])
def test_believes_no_reply_that_is_cut(name: str) -> None:
    """Cut behind any line before the image is told, a reply is no success."""
    whole = list(lines(name))
    told = max(at for at, line in enumerate(whole) if b'"ID"' in line)

    for cut in range(told + 1):
        with pytest.raises(ValueError, match="without an image"):
            follow(iter(whole[:cut]))


@pytest.mark.parametrize(
    "line",
    [
        b"<html>502</html>",
        b"[]",
        b"\xff\xfe",
        b'{"stream": "\xff"}',
        b'{"id": "moby.buildkit.trace", "aux": "not base64"}',
        b'{"id": "moby.buildkit.trace", "aux": 7}',
        b'{"id": "moby.buildkit.trace", "aux": "//8="}',
        b"[" * 100_000,
    ],
)
def test_believes_no_garbage(line: bytes) -> None:
    """A line that no engine sends ends the build as a fault of the engine, also before an image."""
    with pytest.raises(ValueError, match=r"."):
        follow(iter([line, IMAGE]))


@pytest.mark.parametrize(
    "line", [{"error": "odd"}, {"errorDetail": {"message": "odd"}}, {"error": ""}, {"errorDetail": {}}]
)
def test_believes_every_error(line: dict[str, object]) -> None:
    """An error is a failure, also behind an image and without a reason."""
    with pytest.raises(EdkError):
        follow(iter([IMAGE, json.dumps(line).encode()]))


def test_joins_lines_over_pieces_and_ends_what_has_no_end() -> None:
    """Output that is cut within a character comes as whole lines; a progress bar as what it ends with."""
    reply = [
        trace(vertex("v", "[1/1] RUN x", STARTED)),
        trace(log("v", b"a\xc3"), log("v", b"\xbc b\r\nhalf ")),
        trace(log("v", b"err\n", 2), log("v", b"line\n10%\r50%\r100%\n\xff rest")),
        trace(vertex("v", "[1/1] RUN x", STARTED, DONE)),
        IMAGE,
    ]

    _, seen = follow(iter(reply))

    logs = [(step.title, step.stream) for step in seen if step.phase == "log"]
    assert [("aü b", "out"), ("err", "err"), ("half line", "out"), ("100%", "out"), ("\\xff rest", "out")] == logs
    assert ("finished", 2.5) == (seen[-1].phase, seen[-1].seconds)


def test_passes_on_warnings_with_their_line() -> None:
    """A warning of BuildKit's comes with the line of the Dockerfile that it is about."""
    ranges = message((1, message((1, 4), (2, 1))))
    warning = (4, message((1, "v"), (2, 1), (3, b"Secrets in ENV"), (7, ranges), (99, "new")))

    _, seen = follow(iter([trace(vertex("v", "[1/1] RUN x", STARTED)), trace(warning), IMAGE]))

    assert ("warning", "Secrets in ENV", 4) == (seen[-1].phase, seen[-1].title, seen[-1].line)


def test_blames_the_step_that_failed_not_those_stopped_with_it() -> None:
    """Of parallel stages, the one that failed is named."""
    failed = [
        trace(
            vertex("a", "[one 2/2] RUN sleep 9", STARTED, DONE, (7, "process: context canceled")),
            vertex("b", "[two 2/2] RUN exit 1", STARTED, DONE, (7, "process did not complete: exit code: 1")),
        ),
        b'{"error": "process did not complete: exit code: 1"}',
    ]

    with pytest.raises(StepFailedError, match=r"^x/Dockerfile:4: RUN exit 1 exited with code 1"):
        follow(
            iter(failed), b"FROM a AS one\nRUN sleep 9\nFROM b AS two\nRUN exit 1\nFROM scratch\nCOPY --from=one / /\n"
        )


@pytest.mark.parametrize(
    ("title", "error", "kind", "said"),
    [
        (BASE_LOADS, "Head http://x: dial tcp: connection refused", RegistryUnreachableError, "refused"),
        (BASE_LOADS, "unexpected status code [manifests 1]: 503 Unavailable", RegistryUnreachableError, "503"),
        (BASE_LOADS, "a:1: not found", StepFailedError, "x/Dockerfile:1: FROM a:1"),
        (BASE_LOADS, "no active sessions", BuildRefusedError, "login"),
        ("resolve image config for docker.io/docker/dockerfile:1", "no such host", BuildRefusedError, "# syntax="),
        ("[2/2] COPY b /b", "write /b: no space left on device", EngineUnreachableError, "disk is full"),
        ("exporting to image", "something broke", EngineUnreachableError, "exporting to image"),
        ("[2/2] COPY b /b", "connection refused", StepFailedError, "x/Dockerfile:2: COPY b /b"),
        ("[1/2] FROM a:1", "failed to copy: httpReadSeeker: i/o timeout", RegistryUnreachableError, "timeout"),
    ],
)  # fmt: skip
def test_tells_infrastructure_from_the_users_failure(title: str, error: str, kind: type[EdkError], said: str) -> None:
    """What a retry can mend is told apart from what it can't."""
    reply = [
        trace(vertex("v", title, STARTED, DONE, (7, error))),
        json.dumps({"error": f"failed to solve: {error}"}).encode(),
    ]

    with pytest.raises(kind) as caught:
        follow(iter(reply), b"FROM a:1\nCOPY b /b\n")

    assert kind is type(caught.value)
    assert said in caught.value.message


def test_a_step_that_fills_the_disk_is_its_own_failure() -> None:
    """A RUN that exits non-zero is a failed step, whatever it printed."""
    reply = [
        trace(vertex("v", "[2/2] RUN dd", STARTED), log("v", b"dd: no space left on device\n")),
        trace(vertex("v", "[2/2] RUN dd", STARTED, DONE, (7, "process did not complete: exit code: 1"))),
        b'{"error": "failed to solve: process did not complete: exit code: 1"}',
    ]

    with pytest.raises(StepFailedError) as caught:
        follow(iter(reply), b"FROM a\nRUN dd\n")

    assert ("dd: no space left on device",) == caught.value.log_tail
