"""`edk explain`: the page of a code, and the list of all."""

from __future__ import annotations

import json

import pytest

from edk.cli import main
from edk.domain.codes import ALL
from edk.domain.diagnostics import Code
from edk.ui.explain_text import list_lines, page_lines

CODE = Code("EDK901", "error", "a title", "It explains " + "word " * 40 + "at length.", "mend it in edk.yaml")


def test_a_page_is_wrapped_between_words() -> None:
    """Title, explanation, remedy; each line fits, and nothing is lost."""
    lines = list(page_lines(CODE, 50))

    assert ["EDK901: error: a title", ""] == lines[:2]
    assert ["What to do:", "    Mend it in edk.yaml."] == lines[-2:]
    assert [] == [line for line in lines if len(line) > 50]
    assert CODE.explanation.split() == " ".join(lines[2:-3]).split()


@pytest.mark.parametrize(("width", "most"), [(10, 40), (500, 100)])
def test_a_page_is_neither_too_narrow_nor_too_wide(width: int, most: int) -> None:
    """Whatever the terminal is."""
    longest = max(len(line) for line in page_lines(CODE, width))

    assert most - 10 < longest <= most


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.id)
def test_every_code_has_its_page(code: Code, capsys: pytest.CaptureFixture[str]) -> None:
    """With all that the documentation says."""
    assert 0 == main(["explain", code.id])
    shown = capsys.readouterr().out

    assert shown.startswith(f"{code.id}: {code.severity}: ")
    assert code.explanation.split() == shown.split("\n\n")[1].split()
    assert code.remedy[1:].rstrip(".").split() == shown.rsplit("What to do:\n")[1].strip()[1:-1].split()


@pytest.mark.parametrize("text", ["EDK201", "edk201", "[EDK201]", "201"])
def test_ways_to_write_a_code(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is copied from a diagnostic, or typed in haste."""
    assert 0 == main(["explain", text])
    assert capsys.readouterr().out.startswith("EDK201: ")


def test_several_codes_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    """One page below the other."""
    assert 0 == main(["explain", "EDK201", "EDK501", "edk201"])

    shown = capsys.readouterr().out
    assert [1, 1] == [shown.count("\nEDK501: "), ("\n" + shown).count("\nEDK201: ")]


def test_the_list_names_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    """By area, each once."""
    assert 0 == main(["explain"])
    shown = capsys.readouterr().out

    assert sorted(code.id for code in ALL) == [line.split()[0] for line in shown.splitlines() if "  EDK" in line]
    assert {len(line) <= 60 for line in list_lines(60)} == {True}


@pytest.mark.parametrize(
    ("text", "hint"), [("EDK2O1", "did you mean EDK201"), ("EDK599", "did you mean EDK5"), ("x", "edk explain lists")]
)
def test_an_unknown_code(text: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest one is named."""
    assert 2 == main(["explain", text])
    shown = capsys.readouterr().err

    assert f"no diagnostic has the code '{text}'" in shown
    assert hint in shown


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert 0 == main(["explain", "--json"])
    assert [code.id for code in ALL] == [code["id"] for code in json.loads(capsys.readouterr().out)["codes"]]
