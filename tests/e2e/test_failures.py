"""What fails is told with its place and its log; what does not stand on it is built all the same."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.cases import Case, chart, dockerfile, ignore, operator, special
from tests.support.command import Command
from tests.support.extension import Extension, snapshot
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"
FAILING = "COPY data.txt /\nRUN echo this is why >&2; exit 3\n"


def build(edk: Command, extension: Extension, *more: str):
    """Build an extension, with events as JSON."""
    return edk("build", "--dir", str(extension.path), "--json", *more)


def test_failed_step_is_shown_with_its_place(edk: Command, extension: Extension) -> None:
    """The text tells Dockerfile and line, the instruction, its last words, and where the whole log is."""
    extension.image("bad", FAILING)

    run = edk("build", "--dir", str(extension.path)).expect(1)

    assert f"{extension.path}/containers/bad/Dockerfile:4" in run.out
    assert "RUN echo this is why" in run.out
    assert "| this is why" in run.out
    (log,) = re.findall(r"the full log: (.*)", run.out)
    assert "this is why" in Path(log).read_text()


def test_dependents_are_blocked_and_all_others_built(
    edk: Command, extension: Extension, registry: RegistryReader
) -> None:
    """A failure blocks what stands on it, over two levels, and nothing else; mended, the rest is built alone."""
    extension.local_base("bad", FAILING)
    extension.local_base("middle", base="bad")
    extension.image("top", base="middle")
    extension.image("good")

    run = build(edk, extension).expect(1)

    assert [extension.name("bad")] == run.images("ImageFailed")
    assert sorted(map(extension.name, ("middle", "top"))) == run.images("ImageBlocked")
    assert [extension.name("good")] == run.images("ImageFinished")
    assert not registry.has(extension.name("bad"), "latest")

    extension.local_base("bad")
    mended = build(edk, extension).expect(0)

    assert sorted(map(extension.name, ("bad", "middle", "top"))) == mended.images("ImageFinished")
    assert [extension.name("good")] == mended.images("ImageSkipped")


def test_two_of_five_fail(edk: Command, extension: Extension) -> None:
    """Each failure is told, none is retried, and the other three are built."""
    for number in range(5):
        extension.image(f"n{number}", FAILING if number in (1, 3) else "COPY data.txt /\n")

    run = build(edk, extension).expect(1)

    assert [extension.name("n1"), extension.name("n3")] == run.images("ImageFailed")
    assert [extension.name(f"n{number}") for number in (0, 2, 4)] == run.images("ImageFinished")
    assert [] == run.named("RetryScheduled")
    finished = run.named("RunFinished")[0]
    assert (3, 2, 0) == (finished["built"], finished["failed"], finished["blocked"])


def test_failed_image_keeps_the_tag_that_stands(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """An image that no longer builds leaves the last good one where it is."""
    extension.image("seg")
    build(edk, extension).expect(0)
    before = registry.digest(extension.name("seg"), VERSION)
    extension.image("seg", FAILING)

    build(edk, extension).expect(1)

    assert before == registry.digest(extension.name("seg"), VERSION)


def test_chart_of_a_failed_image_is_not_packaged(edk: Command, extension: Extension) -> None:
    """A chart whose DAG image could not be built says so, instead of being packaged."""
    extension.image("dag", FAILING)
    extension.chart(extension.name("dag"))

    run = build(edk, extension).expect(1)

    (failed,) = run.named("ChartFailed")
    assert extension.name("dag") in failed["message"]
    assert [] == run.named("ChartPackaged")


REAL = (
    Case("half-typed operator", operator("class XOperator(B\n  x = f'"), 3, ("EDK101",), builds=("seg",)),
    Case("operator with null bytes", operator(b"x\0"), 3, ("EDK103",), builds=("seg",)),
    Case("operator that is a FIFO", special("fifo", "dag/files/XOperator.py"), 0, ("EDK503",)),
    Case("unknown instruction", dockerfile('FROM {b}\nLABEL IMAGE="{n}"\nCPOY a b\n'), 3, ("EDK203",)),
    Case("empty Dockerfile", dockerfile(""), 3, ("EDK202",)),
    Case("unknown local base", dockerfile('FROM local-only/none:latest\nLABEL IMAGE="{n}"\n'), 3, ("EDK403",)),
    Case("built from itself", dockerfile('FROM local-only/{n}:latest\nLABEL IMAGE="{n}"\n'), 3, ("EDK404",)),
    Case("undefined argument", dockerfile('ARG B\nFROM $B\nLABEL IMAGE="{n}"\n'), 3, ("EDK204",)),
    Case("missing source", dockerfile('FROM {b}\nLABEL IMAGE="{n}"\nCOPY none /\n'), 1, ("EDK409",)),
    Case("bad .dockerignore", ignore("[\n"), 3, ("EDK209",)),
    Case(
        ".dockerignore is a folder",
        lambda e: (e.image("bad"), special("folder", "containers/bad/.dockerignore")(e)),
        3,
        ("EDK501",),
    ),
    Case(
        "FIFO in a context",
        lambda e: (e.image("x", "COPY . /\n"), special("fifo", "containers/x/pipe")(e)),
        0,
        (),
        builds=("x",),
    ),
    Case("name that is not allowed", dockerfile('FROM {b}\nLABEL IMAGE="a___b"\n'), 3, ("EDK405",)),
    Case(
        "missing dependency",
        chart(requirements="dependencies:\n  - name: nowhere-chart\n    version: 0.0.0\n"),
        1,
        ("EDK313",),
    ),
    Case("broken values", chart(values="a: [\n"), 1, ("EDK301",)),
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in REAL])
def test_bad_input_costs_nobody_else_a_build(
    edk: Command, extension: Extension, registry: RegistryReader, case: Case
) -> None:
    """What is sound is built beside what is not, the exit code tells, and the tree stays as it is."""
    extension.image("good")
    case.make(extension)
    before = snapshot(extension.path)

    run = build(edk, extension).expect(case.code)

    found = [event["diagnostic"]["code"] for event in run.named("DiagnosticFound")]
    assert set(case.codes) == set(found)
    assert sorted(map(extension.name, ("good", *case.builds))) == run.images("ImageFinished")
    assert registry.has(extension.name("good"), VERSION)
    assert not registry.has(extension.name("bad"), VERSION)
    assert before == snapshot(extension.path)


@pytest.mark.parametrize(
    "name",
    [b"new\nline", b"quo\"te'", b"byte\xff", b"-dash", b"x" * 200, b"esc\x1b[31m", "é".encode(), b"sp ace", b"$(id)"],
)
def test_odd_names_in_a_context(edk: Command, extension: Extension, registry: RegistryReader, name: bytes) -> None:
    """Files of odd names reach the image, count for it, and bring no control character to the terminal."""
    folder = extension.image("seg", "COPY . /in/\n")
    odd = folder / os.fsdecode(name)
    odd.touch()
    edk("build", "--dir", str(extension.path)).expect(0)
    odd.write_text("changed\n")

    run = edk("build", "--dir", str(extension.path)).expect(0)

    assert "\x1b" not in run.out
    # What can't be written as UTF-8 is not remembered, so the reason doesn't name it.
    assert b"\xff" in name or f"{shown(name)} changed" in run.out
    assert "changed\n" == registry.text(extension.name("seg"), VERSION, f"in/{os.fsdecode(name)}")


def shown(name: bytes) -> str:
    """Return a name with what no terminal should get written out."""
    text = os.fsdecode(name)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
