"""Reading of Dockerfiles: tables of real text, and what must hold for any bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edk.domain.dockerfile.lines import MAX_BYTES
from edk.domain.dockerfile.reading import read_dockerfile


def labels(text: str, **args: str) -> dict[str, str]:
    reading = read_dockerfile(text.encode(), args)

    assert reading.parsed, reading.diagnostics
    return {label.name: label.value for label in reading.labels}


def problems(text: str | bytes) -> list[tuple[str, int]]:
    content = text.encode() if isinstance(text, str) else text
    return [(d.code, d.line) for d in read_dockerfile(content).diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('LABEL IMAGE="otsus-method"', {"IMAGE": "otsus-method"}),
        ("LABEL IMAGE=plain", {"IMAGE": "plain"}),
        ("label IMAGE='single $X'", {"IMAGE": "single $X"}),
        ("LABEL IMAGE x y", {"IMAGE": "x y"}),
        ('LABEL IMAGE "x y"', {"IMAGE": "x y"}),
        ('LABEL IMAGE="a" VERSION="0.1.0" c="d e"', {"IMAGE": "a", "VERSION": "0.1.0", "c": "d e"}),
        ('LABEL IMAGE="a" \\\n # why\n\n   VERSION=1 \\\n', {"IMAGE": "a", "VERSION": "1"}),
        ("LABEL IMAGE=a\\\nb", {"IMAGE": "ab"}),
        ("LABEL IMAGE=a\nLABEL IMAGE=b", {"IMAGE": "b"}),
        ('LABEL "IMAGE"="q"', {"IMAGE": "q"}),
        ("LABEL IMAGE=a\\ b", {"IMAGE": "a b"}),
        ("LABEL IMAGE=", {"IMAGE": ""}),
        ("ARG N=x\nLABEL IMAGE=$N-y", {"IMAGE": "x-y"}),
        ("ARG N\nLABEL IMAGE=${N:-none}${N:+some}", {"IMAGE": "none"}),
        ("ENV N=env\nARG N=arg\nLABEL IMAGE=$N", {"IMAGE": "arg"}),
        ("ARG N=arg\nENV N=env\nLABEL IMAGE=$N", {"IMAGE": "env"}),
        ("ENV A=1 B=$A\nLABEL IMAGE=-$B-", {"IMAGE": "--"}),
        ("ARG TARGETARCH\nLABEL IMAGE=x-$TARGETARCH", {"IMAGE": "x-amd64"}),
        ("LABEL IMAGE=x-$TARGETARCH", {"IMAGE": "x-"}),
        ("ARG V=a.b.c\nLABEL IMAGE=${V#*.} VERSION=${V%%.*}", {"IMAGE": "b.c", "VERSION": "a"}),
        ("ARG V=a.b.c\nLABEL IMAGE=${V/./-} VERSION=${V//./-}", {"IMAGE": "a-b.c", "VERSION": "a-b-c"}),
    ],
)  # fmt: skip
def test_labels_are_read_as_the_engine_reads_them(text: str, expected: dict[str, str]) -> None:
    """Every form of LABEL gives the value that the built image would carry."""
    assert expected == labels(f"FROM scratch\n{text}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM scratch AS one\nLABEL A=1 B=1\nFROM one\nLABEL B=2", {"A": "1", "B": "2"}),
        ("FROM scratch AS one\nLABEL A=1\nFROM scratch\nLABEL B=2", {"B": "2"}),
        ("ARG G=1\nFROM scratch\nLABEL A=-$G-", {"A": "--"}),
        ("ARG G=1\nFROM scratch\nARG G\nLABEL A=$G", {"A": "1"}),
        ("FROM scratch AS one\nARG X=1\nFROM one\nLABEL A=$X", {"A": "1"}),
        ("FROM scratch AS one\nONBUILD LABEL A=1\nFROM one", {"A": "1"}),
    ],
)
def test_stages_inherit_from_the_stage_they_are_built_from(text: str, expected: dict[str, str]) -> None:
    """Labels and variables pass from a stage to the stage built FROM it, and to no other."""
    assert expected == labels(text)


def test_build_arguments_replace_defaults_of_declared_args_only() -> None:
    """A build argument counts where its ARG is declared."""
    text = "ARG B=base\nFROM $B\nARG V=1\nLABEL V=$V W=-$W-"

    assert {"V": "2", "W": "--"} == labels(text, V="2", W="3")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM local-only/base:latest", [("from", "local-only/base:latest", True)]),
        ('FROM "local-only/x:latest"', [("from", "local-only/x:latest", True)]),
        ("FROM --platform=linux/amd64 a AS b\nFROM b", [("from", "a", True)]),
        ("FROM a as b\nFROM c\nCOPY --from=b /x /y", [("from", "a", True), ("from", "c", True)]),
        ("FROM a\nFROM c", [("from", "a", False), ("from", "c", True)]),
        ("FROM a\nFROM c\nCOPY --from=0 x y", [("from", "a", True), ("from", "c", True)]),
        ("FROM scratch\nCOPY --from=local-only/x:1 a b", [("copy", "local-only/x:1", True)]),
        ('FROM scratch\nCOPY --from="x/y" a b', [("copy", "x/y", True)]),
        ("FROM scratch\nRUN --mount=type=bind,from=x/y,target=/m ls", [("mount", "x/y", True)]),
        ("FROM a AS b\nFROM scratch\nRUN --mount=from=b,target=/m ls", [("from", "a", True)]),
        ("FROM scratch\nRUN --mount=type=cache,target=/c ls", []),
        ("ARG B=x\nFROM $B:${T:-1}", [("from", "x:1", True)]),
        ("ARG B=x\nARG B2=${B}/y\nFROM $B2", [("from", "x/y", True)]),
        ("FROM scratch\nCOPY <<EOF /x\nFROM not-a-base\nEOF\n", []),
        ("FROM scratch\nRUN <<-'E' cat\nFROM no\n\tE\nLABEL a=b", []),
        ("# a\nFROM \\\n  x/y:1 \\\n # c\n AS z", [("from", "x/y:1", True)]),
        ("FROM scratch\nONBUILD COPY --from=x a b", []),
        ("FROM scratch AS o\nONBUILD COPY --from=x a b\nFROM o", [("copy", "x", True)]),
    ],
)
def test_images_are_those_that_the_engine_asks_for(text: str, expected: list[tuple[str, str, bool]]) -> None:
    """FROM, --from and mounts name images; stages, scratch and the bodies of heredocs do not."""
    reading = read_dockerfile(text.encode())

    assert expected == [(use.how, use.ref, use.needed) for use in reading.images]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY files/a.py /x", [("copy", ("files/a.py",))]),
        ("COPY /files/ ./b /x/", [("copy", ("files", "b"))]),
        ("COPY . .", [("copy", (".",))]),
        ("COPY ../a x", [("copy", ("a",))]),
        ('COPY ["a b", "c"]', [("copy", ("a b",))]),
        ("COPY --chown=1:1 --chmod=755 --link *.py x/", [("copy", ("*.py",))]),
        ("COPY --from=a x y", []),
        ("COPY <<EOF a /x/\nbody\nEOF", [("copy", ("a",))]),
        ("COPY --exclude=*.md a b", [("copy", ("a",))]),
        ("COPY --parents a/**/b.txt c/d x", [("copy", ("a", "c/d"))]),
        ("ADD https://example.org/a.tgz a.tgz /x/", [("add", ("a.tgz",))]),
        ("ADD git@github.com:a/b.git x", []),
        ("ENV U=https://e\nADD $U/x y", []),
        ("RUN --mount=type=bind,source=s,target=/t ls", [("mount", ("s",))]),
        ("RUN --mount=target=/t ls", [("mount", (".",))]),
        ("ARG D=dir\nCOPY $D/*.txt x", [("copy", ("dir/*.txt",))]),
        ("ENV D=dir\nCOPY ${D}/${E} x", [("copy", ("dir",))]),
    ],
)
def test_uses_of_the_context_are_found(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    """COPY, ADD and bind mounts use the context, relative to its root; stages and URLs do not."""
    reading = read_dockerfile(f"FROM scratch\n{text}\n".encode())

    assert expected == [(use.how, use.sources) for use in reading.context]
    assert all(use.exact for use in reading.context)


def test_a_variable_that_the_base_may_set_makes_a_source_inexact() -> None:
    """What only the base image knows is not guessed: the use says so and a diagnostic names the line."""
    reading = read_dockerfile(b"FROM x\nCOPY $HOME/a b\n")

    assert [False] == [use.exact for use in reading.context]
    assert [("EDK211", 2)] == [(d.code, d.line) for d in reading.diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("EDK202", 0)]),
        ("# only\n\n# comments\n", [("EDK202", 0)]),
        ("RUN x\n", [("EDK202", 1)]),
        ("ARG A=1\n", [("EDK202", 0)]),
        ("FROM a\nRUNN x\n", [("EDK203", 2)]),
        ("FROM a\nRUN x && \\\n y\nz\n", [("EDK203", 4)]),
        ("FROM a #ignore\n", [("EDK201", 1)]),
        ("FROM a b\n", [("EDK201", 1)]),
        ("FROM a AS 1x\n", [("EDK201", 1)]),
        ("FROM a\nLABEL x\n", [("EDK201", 2)]),
        ("FROM a\nLABEL x=1 y\n", [("EDK201", 2)]),
        ("FROM a\nCOPY x\n", [("EDK201", 2)]),
        ("FROM a\nCOPY --form=x a b\n", [("EDK201", 2)]),
        ("FROM a\nRUN <<EOF\nx\n", [("EDK201", 2)]),
        ("# escape=x\nFROM a\n", [("EDK201", 1)]),
        ("FROM $B\n", [("EDK204", 1)]),
        ("FROM a:$T\n", [("EDK204", 1)]),
        ("FROM a$T\n", [("EDK206", 1)]),
        ("FROM a/Upper:1\n", [("EDK205", 1)]),
        ("FROM a\n" + "#" * 70_000, [("EDK207", 2)]),
        ("# syntax=evil/frontend\nFROM a\n", [("EDK208", 1)]),
        ("# syntax=docker/dockerfile:1\nFROM a\n", []),
        ("FROM a\nLABEL A=${x\n", [("EDK210", 2)]),
        ("FROM a AS b\nLABEL A=${x\nFROM c\n", []),
        ("FROM a\nCOPY --from=7 a b\n", [("EDK212", 2)]),
        ("FROM a AS b\nCOPY --from=b a b\n", [("EDK212", 2)]),
        ("FROM a\nCOPY --from=$b a b\n", [("EDK212", 2)]),
        ("FROM a AS z\nCOPY --from=z a b\nFROM c\n", [("EDK212", 2)]),
        ("FROM a\nLABEL IMAGE=$X\n", [("EDK214", 2)]),
        ("FROM a\nLABEL IMAGE=x\nLABEL IMAGE=y\n", [("EDK215", 3)]),
        ("FROM a\nADD https://e.org/x y\n", [("EDK217", 2)]),
        ("FROM a\nRUN x \\\n\n  y\n", [("EDK218", 3)]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, expected: list[tuple[str, int]]) -> None:
    """Each thing that the engine refuses, or that we want to warn of, has its code and its line."""
    assert expected == problems(text)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfFROM a\r\nLABEL IMAGE=\"x\" \\\r\n  VERSION=1\r\n",
        b"# escape=`\nFROM a\nLABEL IMAGE=x `\n  VERSION=1\n",
        b"# syntax=docker/dockerfile:1\n# escape = `\n\nFROM a\nLABEL IMAGE=x `\n  VERSION=1",
        b"from a\nlabel IMAGE=x VERSION=1",
        b"   FROM a\n\tLABEL IMAGE=x\tVERSION=1",
    ],
)  # fmt: skip
def test_line_ends_and_directives_do_not_change_the_labels(content: bytes) -> None:
    """Byte-order mark, CRLF, escape directive, lower case and indentation read the same."""
    reading = read_dockerfile(content)

    assert [("IMAGE", "x"), ("VERSION", "1")] == [(label.name, label.value) for label in reading.labels]
    assert [] == [d for d in reading.diagnostics if d.severity == "error"]


def test_instructions_carry_their_lines() -> None:
    """An instruction spans its continuation lines and the bodies of its heredocs."""
    text = "FROM a\n# c\nRUN x \\\n  y\nRUN <<E\nbody\nE\nCMD z\n"
    instructions = read_dockerfile(text.encode()).instructions

    expected = [("FROM", 1, 1), ("RUN", 3, 4), ("RUN", 5, 7), ("CMD", 8, 8)]
    assert expected == [(i.keyword, i.line, i.end_line) for i in instructions]


def test_features_name_what_the_classic_builder_lacks() -> None:
    """Heredocs, mounts, secrets and the newer flags of COPY are told."""
    text = "FROM a\nRUN --mount=type=secret,id=x <<E\nE\nCOPY --link --chmod=1 a b\n"

    assert ("chmod", "heredoc", "link", "mount", "secret") == read_dockerfile(text.encode()).features


@pytest.mark.parametrize(
    "content",
    [
        b"FROM a\nENV A=xxxxxxxxxx\n" + b"ENV A=$A$A$A$A$A$A$A$A$A$A\n" * 40,
        b"FROM a\nLABEL A=" + b"${A:-" * 20_000 + b"}" * 20_000,
        b"FROM a\nENV V=" + b"a" * 60_000 + b"\nLABEL X=${V#*a*a*a*a*a*b}\n",
        b"FROM a\nRUN " + b"x \\\n" * 200_000,
        b"FROM a\nCOPY [" + b"[" * 60_000 + b"\n",
        b"FROM a\n" + b"RUN <<E\nE\n" * 50_000,
        b"FROM " + b"a-" * 30_000 + b"\n",
        b"FROM a AS x\n" * 20_000,
        b"x" * (MAX_BYTES + 1),
        b"\x00" * 1000,
        b"\xff\xfeF\x00R\x00O\x00M\x00",
    ],
    ids=[
        "doubling", "nesting", "stars", "continuation", "json", "heredocs", "reference", "stages", "size",
        "nul", "utf16",
    ],
)  # fmt: skip
def test_hostile_files_are_read_in_bounded_time(content: bytes) -> None:
    """No file takes long or raises; what is refused is told."""
    # Of this process alone: whatever else the machine does does not count.
    before = time.process_time()
    read_dockerfile(content)

    assert time.process_time() - before < 5


PIECES = st.sampled_from(
    ["FROM ", "a", " AS b", "\n", "\n", "\\\n", "LABEL ", "x=", '"', "'", "$", "{", "}", ":-", "#", "COPY ",
     "--from=", "--mount=", "from=", "type=bind", ",", "RUN ", "<<E", "E\n", "[", "]", "ARG ", "ENV ",
     "ONBUILD ", "é", "\udc80", "\r", "\t"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(
    lambda parts: ("FROM a\n" + "".join(parts)).encode("utf-8", "surrogateescape"))))  # fmt: skip
def test_any_bytes_give_a_reading_whose_places_are_in_the_file(content: bytes) -> None:
    """Nothing raises; lines and byte offsets stay inside the file, and an error is there if it is refused."""
    reading = read_dockerfile(content)
    last = content.count(b"\n") + 1

    assert reading.parsed or any(d.severity == "error" for d in reading.diagnostics)
    assert all(0 <= d.line <= last for d in reading.diagnostics)
    assert all(1 <= i.line <= i.end_line <= last for i in reading.instructions)
    assert all(use.start == use.end == -1 or 0 <= use.start < use.end <= len(content) for use in reading.images)
