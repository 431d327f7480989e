"""What ``buildctl`` 0.17.3 wrote on stderr with ``--progress rawjson``, recorded; and the same messages as protobuf."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from edk.adapters.buildkit.progress import read_status
from edk.adapters.solving.locate import StepLocator
from edk.adapters.solving.status import Status
from edk.adapters.solving.steps import FailedStep, StepBoard
from edk.domain.requests import BuildRequest, StepProgress
from tests.unit.engine.recorded import message

STREAMS = Path(__file__).parent / "streams"
STREAM_NAMES = sorted(path.stem for path in STREAMS.glob("*.jsonl"))
END_NAMES = sorted(path.stem for path in (STREAMS / "ends").glob("*.txt"))


def lines(name: str) -> list[bytes]:
    """Return the lines of a recorded build."""
    return (STREAMS / f"{name}.jsonl").read_bytes().splitlines(keepends=True)


def statuses(name: str) -> Iterator[Status]:
    """Yield the messages of a recorded build."""
    return (status for status in map(read_status, lines(name)) if status is not None)


def follow(name: str, messages: Iterator[Status] | None = None) -> tuple[StepBoard, list[StepProgress]]:
    """Take all messages of a recorded build, or others in their place."""
    seen: list[StepProgress] = []
    board = StepBoard(StepLocator((STREAMS / f"{name}.Dockerfile").read_bytes()), seen.append)
    for status in statuses(name) if messages is None else messages:
        board.take(status)
    board.end()
    return board, seen


def end(name: str, **fields: Any) -> tuple[BuildRequest, FailedStep | None, str]:
    """Return what was asked for, the step that failed, and the text, of a build that came to a recorded end."""
    dockerfile, _, rest = (STREAMS / "ends" / f"{name}.txt").read_bytes().partition(b"----\n")
    board = StepBoard(StepLocator(dockerfile), lambda _: None)
    text = []
    for line in rest.splitlines(keepends=True):
        status = read_status(line)
        if status is None:
            text.append(line)
        else:
            board.take(status)
    board.end()
    told = b"".join(text).decode()
    asked = BuildRequest("x", fields.pop("tag", "localhost:32000/x:1"), dockerfile, "x/Dockerfile", **fields)
    return asked, board.failed(told), told


def as_protobuf(line: bytes) -> bytes:
    """Return a message as the Docker Engine sends it."""
    said = json.loads(line)
    fields: list[tuple[int, int | bytes | str]] = [
        (1, message(*_vertex(one))) for one in said.get("vertexes") or ()
    ]
    for one in said.get("logs") or ():
        stream, data = one.get("stream", 0), base64.b64decode(one.get("data", ""))
        fields.append((3, message((1, one["vertex"]), (3, stream), (4, data))))
    for one in said.get("warnings") or ():
        begins = [message((1, message((1, place["start"]["line"])))) for place in one.get("range") or ()]
        short = base64.b64decode(one["short"])
        fields.append((4, message((1, one["vertex"]), (3, short), *((7, begin) for begin in begins))))
    return message(*fields)


def _vertex(one: dict[str, Any]) -> Iterator[tuple[int, int | bytes | str]]:
    yield 1, one["digest"]
    yield 3, one["name"]
    yield 4, int(one.get("cached", False))
    for number, name in ((5, "started"), (6, "completed")):
        if name in one:
            moment = datetime.fromisoformat(one[name])
            yield number, message((1, int(moment.timestamp())), (2, moment.microsecond * 1000))
    if one.get("error"):
        yield 7, one["error"]
