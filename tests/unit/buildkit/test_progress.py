"""``rawjson`` read: recorded from a real daemon, and odd."""

from __future__ import annotations

import json

import pytest

from edk.adapters.buildkit.progress import read_status
from edk.adapters.engine.trace import decode_status
from edk.adapters.solving.locate import StepLocator, parse_step_name
from tests.unit.buildkit.recorded import STREAM_NAMES, as_protobuf, follow, lines

STARTED = 1_704_067_200.0


def vertex(**fields: object) -> bytes:
    """Return a line with one vertex."""
    return json.dumps({"vertexes": [{"digest": "sha256:1", "name": "[1/1] RUN x", **fields}]}).encode()


def test_steps_of_stages_with_their_output() -> None:
    """Each step of the Dockerfile comes with its line, from started to finished, its output by stream."""
    board, seen = follow("built")

    steps = [(step.phase, step.line, step.number, step.total) for step in seen if step.number and step.phase != "log"]
    logs = {(step.title.split()[0], step.stream, step.line) for step in seen if step.phase == "log" and step.number}
    assert {("out", "out", 3), ("err", "err", 3), ("no", "out", 3)} == logs
    assert [("started", 3, 2, 2), ("finished", 3, 2, 2)] == [step for step in steps if step[1] == 3]
    assert {("finished", 5, 1, 2), ("finished", 6, 2, 2)} <= set(steps)
    assert (3, 0) == board.counts()
    assert len(steps) == len(set(steps))
    assert all(step.seconds < 60 for step in seen)


def test_the_same_instruction_twice_in_a_stage_on_a_stage() -> None:
    """Where FROM names another stage it is no step, and numbers tell apart what reads the same."""
    locator = StepLocator(b"FROM a AS one\nFROM one\nRUN x\nRUN x\nRUN $Y\n")

    found = [locator.find(parse_step_name(f"[stage-1 {n}/3] RUN {text}")) for n, text in ((1, "x"), (2, "x"), (3, "y"))]

    assert [3, 4, 5] == [one.line for one in found if one is not None]


def test_a_build_from_the_cache() -> None:
    """All its steps are cached, and none of them started."""
    board, seen = follow("cached")

    assert {"cached"} == {step.phase for step in seen if step.number in (2, 3)}
    assert (3, 3) == board.counts()


def test_a_step_that_fails() -> None:
    """It is told with its error, its line and what it printed."""
    board, seen = follow("step-failed")

    failed = board.failed("")
    assert failed is not None
    assert failed.statement is not None
    assert ("exit code: 7", 2, ("one", "two")) == (failed.error[-12:], failed.statement.line, failed.tail)
    assert [2] == [step.line for step in seen if step.phase == "failed"]


def test_warnings() -> None:
    """What BuildKit does not like comes with its line, once each."""
    _, seen = follow("warnings")

    told = {(step.line, step.title.split(":")[0]) for step in seen if step.phase == "warning"}
    assert {
        (1, "FromAsCasing"),
        (2, "MaintainerDeprecated"),
        (3, "LegacyKeyValueFormat"),
        (3, "SecretsUsedInArgOrEnv"),
    } == told


def test_two_platforms() -> None:
    """The same instruction for two platforms is two steps with one line."""
    _, seen = follow("two-platforms")

    run = {(step.title.split()[0], step.line) for step in seen if step.phase == "finished" and " RUN " in step.title}
    assert {("[linux/amd64", 2), ("[linux/arm64", 2)} == run


def test_what_is_no_message_is_text() -> None:
    """Errors and excerpts for people are no messages."""
    told = [line for line in lines("parse-error") if read_status(line) is None]

    assert b"error: failed to solve: dockerfile parse error on line 2: unknown instruction: EDKNONSENSE\n" == told[-1]
    assert None is read_status(b"")
    assert None is read_status(b"\n")
    assert None is read_status(b"[1, 2]\n")


@pytest.mark.parametrize("name", STREAM_NAMES)
def test_the_same_as_by_an_engine(name: str) -> None:
    """A build tells the same whether its messages come as JSON or as protobuf."""
    _, told = follow(name)
    _, by_engine = follow(name, (decode_status(as_protobuf(line)) for line in lines(name) if line.startswith(b"{")))

    def shown(steps: list) -> list[tuple[object, ...]]:  # type: ignore[type-arg]
        return [(s.step, s.phase, s.title, s.line, s.number, s.total, s.stream, round(s.seconds, 3)) for s in steps]

    assert shown(by_engine) == shown(told)
    assert [] != told


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-01-01T00:00:00Z", 0),
        ("2024-01-01T00:00:00.5Z", 0.5),
        ("2024-01-01T00:00:00.123456789Z", 0.123456),
        ("2024-01-01T02:00:00+02:00", 0),
        ("2024-01-01T02:00:00.25+02:00", 0.25),
        ("2023-12-31T19:00:00-05:00", 0),
        ("2023-12-31T19:00:00.75-05:00", 0.75),
    ],
)
def test_times(text: str, seconds: float) -> None:
    """With and without fractions, east and west of Greenwich."""
    status = read_status(vertex(started=text, completed=text))

    assert status is not None
    (found,) = status.vertices
    assert pytest.approx(STARTED + seconds, abs=1e-5) == found.started == found.completed


@pytest.mark.parametrize("text", ["", None, "0001-01-01T00:00:00Z"])
def test_no_time(text: str | None) -> None:
    """None, an empty one and Go's zero mean that it has not begun."""
    status = read_status(vertex(started=text))

    assert status is not None
    assert 0.0 == status.vertices[0].started


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"vertexes": 1}',
        b'{"vertexes": [1]}',
        b'{"vertexes": [{}]}',
        b'{"vertexes": {"a": 1}}',
        b'{"logs": [{"data": "eA=="}]}',
        b'{"logs": [{"vertex": "x", "data": "?"}]}',
        b'{"warnings": [{"short": "?"}]}',
        b'{"warnings": [{"range": [1]}]}',
        b'{"warnings": [{"range": 1}]}',
        b'{"warnings": [{"range": [{"start": {"line": "x"}}]}]}',
        b'{"a":' * 100_000,
        b"{\xff}",
        vertex(started="yesterday"),
        vertex(started=5),
        vertex(started="2024-01-01T00:00:00"),
    ],
)
def test_a_message_that_buildkit_does_not_write(line: bytes) -> None:
    """It is a ValueError, whatever is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011
        read_status(line)


@pytest.mark.parametrize(
    "line",
    [b"{}", b'{"vertexes": null, "logs": null}', b'{"more": [1]}', vertex(inputs=None, progressGroup={"id": "x"})],
)
def test_fields_that_are_unknown_or_empty(line: bytes) -> None:
    """They do no harm."""
    assert read_status(line) is not None
