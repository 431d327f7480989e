"""A watcher's status as problems, and problems as the lines that code-server's matcher reads."""

from __future__ import annotations

import re

import pytest

from edk.domain.code_server import tasks
from edk.domain.diagnostics import Diagnostic
from edk.domain.problems import Problem, may_change, note_of, problems_of, seen_from
from edk.domain.status import ImageError, ImageStatus, WatchStatus
from edk.ui.plain import diagnostic_lines
from edk.ui.problem_lines import problem_lines

MATCHER = tasks(("edk",))[0]["problemMatcher"]
PLACE = re.compile(MATCHER["pattern"]["regexp"])
FAILED = ImageError("/x/a/Dockerfile:3: RUN false exited with code 1", "/x/a/Dockerfile", 3)
WRONG = Diagnostic("EDK101", "error", "/x/op.py", 7, "'(' was never closed", "close it", 4)


def status(*images: ImageStatus, **more: object) -> WatchStatus:
    """A watcher's status."""
    return WatchStatus(1, ("/x",), 0.0, images=images, **more)  # type: ignore[arg-type]


def read_back(lines: list[str]) -> list[tuple[str | None, ...]]:
    """What the matcher makes of lines."""
    return [found.groups() for line in lines if (found := PLACE.match(line))]


def test_failed_images_stand_at_their_instruction() -> None:
    """Failures first, then diagnostics; images that stand, wait or were stopped give none."""
    images = (
        ImageStatus("a", "failed", "x", error=FAILED),
        ImageStatus("b", "done", "x"),
        ImageStatus("c", "cancelled", "x", error=FAILED),
        ImageStatus("d", "blocked", "a failed"),
    )

    assert (
        Problem("/x/a/Dockerfile", 3, 1, "error", "RUN false exited with code 1", "a"),
        Problem("/x/op.py", 7, 4, "error", "'(' was never closed", "EDK101"),
    ) == problems_of(status(*images, diagnostics=(WRONG, WRONG)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ImageError("no such stage", "/x/Dockerfile", 0),
            Problem("/x/Dockerfile", 1, 1, "error", "no such stage", "a"),
        ),
        (ImageError("digests\n differ"), Problem("", 1, 1, "error", "digests differ", "a")),
    ],
)
def test_a_failure_without_a_line_stands_in_the_first(error: ImageError, expected: Problem) -> None:
    """A message is one line."""
    assert (expected,) == problems_of(status(ImageStatus("a", "failed", "x", error=error)))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"event": "ImageFailed", "image": "z"}, True),
        ({"event": "SavesNoticed"}, True),
        ({"event": "DiagnosticMended"}, True),
        ({"event": "OutOfReach"}, True),
        ({"event": "ImageFinished", "image": "a"}, True),
        ({"event": "ImageStarted", "image": "a"}, True),
        ({"event": "ImageFinished", "image": "z"}, False),
        ({"event": "StepMoved", "image": "a"}, False),
        ({}, False),
    ],
)
def test_asks_again_only_for_what_can_change_something(event: dict[str, str], expected: bool) -> None:
    """A build of an image that has no problem changes none."""
    assert expected == may_change(event, (Problem("/f", 1, 1, "error", "x", "a"),))


def test_the_matcher_reads_what_is_written() -> None:
    """Between its own lines that begin and end, which are no problems themselves."""
    problems = (
        Problem("/x y/a:b/Dockerfile", 3, 1, "error", "RUN a:1:2: error: b [c]", "reg/a.b-1"),
        Problem("/x/op.py", 7, 4, "warning", "two  blanks", "EDK101"),
        Problem("", 1, 1, "error", "no file to blame", "a"),
        Problem("/x/\x1b[31m", 1, 1, "info", "odd", "EDK501"),
    )
    lines = list(problem_lines(problems, "registry: away"))

    assert re.search(MATCHER["background"]["beginsPattern"], lines[0])
    assert re.search(MATCHER["background"]["endsPattern"], lines[-1])
    assert "edk: problems end: 2 errors, 1 warning; registry: away" == lines[-1]
    assert [
        ("/x y/a:b/Dockerfile", "3", "1", "error", "RUN a:1:2: error: b [c]", "reg/a.b-1"),
        ("/x/op.py", "7", "4", "warning", "two  blanks", "EDK101"),
        (r"/x/\x1b[31m", "1", "1", "info", "odd", "EDK501"),
    ] == read_back(lines)


def test_the_matcher_reads_what_a_build_prints() -> None:
    """Diagnostics with a column, and failures, indented and without one."""
    lines = [
        *diagnostic_lines(WRONG),
        "    /x/a/Dockerfile:3: error: RUN false",
        "a  FAILED  /x/a/Dockerfile:3: RUN false",
    ]

    assert [
        ("/x/op.py", "7", "4", "error", "'(' was never closed", "EDK101"),
        ("/x/a/Dockerfile", "3", None, "error", "RUN false", None),
    ] == read_back(lines)


@pytest.mark.parametrize(
    ("file", "real", "shown", "expected"),
    [
        ("/data/x/a/Dockerfile", "/data/x", "/kaapana/x", "/kaapana/x/a/Dockerfile"),
        ("/data/x", "/data/x", "/kaapana/x/", "/kaapana/x"),
        ("/data/xy/f", "/data/x", "/kaapana/x", "/data/xy/f"),
        ("/data/x/f", "/data/x", "", "/data/x/f"),
        ("/f", "/", "/all", "/all/f"),
    ],
)
def test_files_are_named_as_the_folder_was(file: str, real: str, shown: str, expected: str) -> None:
    """An editor that opened a link looks for problems below that link."""
    assert expected == seen_from(file, real, shown)


def test_the_note_says_what_keeps_builds_waiting() -> None:
    """Nothing while all is well."""
    assert "" == note_of(status())
    assert "engine: gone away; paused" == note_of(status(engine="gone\naway", paused=True))
