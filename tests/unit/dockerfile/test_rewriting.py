"""Other references in the Dockerfile that is sent."""

from __future__ import annotations

import pytest

from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.dockerfile.rewriting import rewrite
from edk.domain.errors import BuildRefusedError

NEW = "localhost:32000/base@sha256:" + "0" * 64


def lines(reading: DockerfileReading) -> list[tuple[str, int, int]]:
    return [(i.keyword, i.line, i.end_line) for i in reading.instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", f"FROM {NEW}\n"),
        ("FROM a AS b\nFROM b\n", f"FROM {NEW} AS b\nFROM b\n"),
        ('FROM "local-only/x:latest"\r\nRUN x\r\n', f"FROM {NEW}\r\nRUN x\r\n"),
        ("ARG B=a\nFROM --platform=$P ${B}:${T:-1} as z\n", f"ARG B=a\nFROM --platform=$P {NEW} as z\n"),
        ("FROM scratch\nCOPY --from=a:1 --chown=1 x y", f"FROM scratch\nCOPY --from={NEW} --chown=1 x y"),
        ('FROM scratch\nCOPY --from="a:1" x y', f'FROM scratch\nCOPY --from="{NEW}" x y'),
        (
            "FROM scratch\nRUN --mount=type=bind,from=a,target=/t \\\n x",
            f"FROM scratch\nRUN --mount=type=bind,from={NEW},target=/t \\\n x",
        ),
        ("# é\nFROM \\\n # ü\n a \\\n AS b\n", f"# é\nFROM \\\n # ü\n {NEW} \\\n AS b\n"),
        ("FROM loc\\\nal/x AS b\nRUN y\n", f"FROM \\\n{NEW} AS b\nRUN y\n"),
        ("# escape=`\nFROM loc`\n# c\nal/x\n", f"# escape=`\nFROM `\n`\n{NEW}\n"),
    ],
)
def test_references_are_replaced_where_they_stand(text: str, expected: str) -> None:
    """Only the reference changes; every instruction keeps its lines."""
    content = text.encode()
    reading = read_dockerfile(content)
    new = rewrite(content, reading, dict.fromkeys(range(len(reading.images)), NEW), False)

    assert expected == new.decode()
    again = read_dockerfile(new)
    assert {NEW} == {use.ref for use in again.images}
    assert lines(reading) == lines(again)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# syntax=docker/dockerfile:1\nFROM a\n", "#\nFROM a\n"),
        ("# syntax=x\r\nFROM a\r\n", "#\nFROM a\r\n"),
        ("# syntax=x\n# escape=`\nFROM a\nRUN b `\n c\n", "# escape=`\n#\nFROM a\nRUN b `\n c\n"),
        ("# escape=`\n# syntax=x\n# check=skip=all\nFROM a\n", "# escape=`\n# check=skip=all\n#\nFROM a\n"),
        ("\ufeff# syntax=x\nFROM a", "\ufeff#\nFROM a"),
        ("FROM a\n# syntax=x\n", "FROM a\n# syntax=x\n"),
    ],
)
def test_the_syntax_line_is_emptied_and_other_directives_stay(text: str, expected: str) -> None:
    """Without a ``# syntax=`` line the engine reads the file itself, with the same escape character."""
    content = text.encode()
    reading = read_dockerfile(content)
    new = rewrite(content, reading, {}, True)

    assert expected == new.decode()
    again = read_dockerfile(new)
    assert ("", lines(reading), reading.escape) == (again.syntax, lines(again), again.escape)


def test_a_reference_hidden_in_quotes_is_refused() -> None:
    """What can't be replaced where it stands is refused with its line."""
    content = b'FROM scratch\nRUN --mount="type=bind,\\"from=a\\",target=/t" x\n'
    reading = read_dockerfile(content)

    assert ["a"] == [use.ref for use in reading.images]
    with pytest.raises(BuildRefusedError, match="line 2"):
        rewrite(content, reading, {0: NEW}, False)
