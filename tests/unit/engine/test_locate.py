"""From a step's title to the line of the Dockerfile."""

from __future__ import annotations

import pytest

from edk.adapters.solving.locate import StepLocator, parse_step_name

PLAIN = (
    b"# syntax=docker/dockerfile:1\nARG A=1\nFROM base\nENV X=1\n\n# why\nRUN one \\\n  two\n"
    b"COPY a \\\n # inside\n b /c\nWORKDIR /w\n"
)
STAGES = b"FROM a AS Build\nRUN make\nFROM b\nCOPY --from=build /x /y\nFROM c\nRUN make\nRUN last\n"
HEREDOC = b"FROM a\nRUN <<EOF\nRUN no\nEOF\nRUN cat $((1<<2)) x\nADD <<-A <<B /t\n\tA\nRUN no\nB\nRUN yes\n"
WINDOWS = b"# escape=`\r\nFROM a\r\nRUN one `\r\n two\r\nRUN c:\\\r\n"
VARIABLES = b"FROM onbuild\nCOPY $SRC /app\nCOPY ${OTHER:-x} /etc\nRUN echo $HOME\n"


@pytest.mark.parametrize(
    ("dockerfile", "title", "line"),
    [
        (PLAIN, "[1/4] FROM base", 3),
        (PLAIN, "[2/4] RUN one   two", 7),
        (PLAIN, "[3/4] COPY a b /c", 9),
        (PLAIN, "[4/4] WORKDIR /w", 12),
        (PLAIN, "[linux/amd64 4/4] WORKDIR /w", 12),
        (STAGES, "[build 2/2] RUN make", 2),
        (STAGES, "[stage-1 2/2] COPY --from=build /x /y", 4),
        (STAGES, "[stage-2 2/3] RUN make", 6),
        (STAGES, "[linux/arm64 stage-2 3/3] RUN last", 7),
        (HEREDOC, "[2/5] RUN <<EOF", 2),
        (HEREDOC, "[3/5] RUN cat $((1<<2)) x", 5),
        (HEREDOC, "[4/5] ADD <<A <<B /t", 6),
        (HEREDOC, "[5/5] RUN yes", 10),
        (WINDOWS, "[2/3] RUN one  two", 3),
        (WINDOWS, "[3/3] RUN c:\\", 5),
        (VARIABLES, "[4/6] COPY lib /app", 2),
        (VARIABLES, "[5/6] COPY y /etc", 3),
        (VARIABLES, "[6/6] RUN echo $HOME", 4),
        (VARIABLES, "[2/6] COPY . /from/the/base", 0),
        (b"\xef\xbb\xbfFROM a\nRUN x", "[2/2] RUN x", 2),
        (b"", "[1/1] RUN x", 0),
        (b"FROM a\nRUN same\nRUN same\n", "[2/9] RUN same", 0),
        (PLAIN, "[internal] load remote build context", 0),
        (PLAIN, "exporting to image", 0),
    ],
)
def test_finds_lines(dockerfile: bytes, title: str, line: int) -> None:
    """A step's line is that of its instruction; 0 where it can't be told."""
    found = StepLocator(dockerfile).find(parse_step_name(title))

    assert line == (found.line if found else 0)


@pytest.mark.parametrize(
    ("title", "stage", "number", "total"),
    [
        ("[2/3] RUN x", "", 2, 3),
        ("[build  2/13] RUN x", "build", 2, 13),
        ("[linux/amd64 build 2/3] RUN a\nb", "build", 2, 3),
        ("[internal] load metadata for a", "", 0, 0),
        ("[auth] x 1/2] y", "", 0, 0),
        ("", "", 0, 0),
    ],
)
def test_takes_titles_apart(title: str, stage: str, number: int, total: int) -> None:
    """Stage, number and total are read off a title."""
    found = parse_step_name(title)

    assert (stage, number, total) == (found.stage, found.number, found.total)
