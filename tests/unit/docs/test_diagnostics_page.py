"""The page of all diagnostics, and the codes that it is made from."""

from __future__ import annotations

from types import ModuleType

import pytest

from edk.domain.codes import ALL, charts, conventions, dockerfiles, files, operators, resolving
from edk.domain.diagnostics import Code
from edk.ui.diagnostics_page import render
from tests.unit.docs.tables import page

AREAS = [
    (operators, "EDK1"),
    (dockerfiles, "EDK2"),
    (charts, "EDK3"),
    (resolving, "EDK4"),
    (files, "EDK5"),
    (conventions, "EDK6"),
]


def test_the_page_is_what_the_codes_say() -> None:
    """It is made by ``python -m edk.ui.diagnostics_page``, and made again when a code changes."""
    assert render() == page("diagnostics.md")


def test_each_code_has_one_section() -> None:
    """Whoever looks a code up finds it once."""
    headings = [line[4:10] for line in page("diagnostics.md").splitlines() if line.startswith("### ")]

    assert sorted(code.id for code in ALL) == headings


@pytest.mark.parametrize(("module", "prefix"), AREAS, ids=[prefix for _, prefix in AREAS])
def test_codes_stand_in_order_in_the_range_of_their_area(module: ModuleType, prefix: str) -> None:
    """A code tells its area by its number, and none is given twice."""
    ids = [code.id for code in module.CODES]

    assert sorted(set(ids)) == ids
    assert [] == [id_ for id_ in ids if not (id_.startswith(prefix) and id_[3:].isdigit() and len(id_) == 6)]


@pytest.mark.parametrize(("module", "prefix"), AREAS, ids=[prefix for _, prefix in AREAS])
def test_every_code_that_is_defined_is_listed(module: ModuleType, prefix: str) -> None:
    """None is forgotten in the tuple that the page and the outputs are made from."""
    defined = {value.id for value in vars(module).values() if isinstance(value, Code)}

    assert defined == {code.id for code in module.CODES}
    assert defined <= {code.id for code in ALL}


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.id)
def test_every_code_says_what_it_is_and_what_to_do(code: Code) -> None:
    """Title and remedy are phrases that stand in a sentence, the explanation is whole sentences."""
    assert code.severity in {"error", "warning", "info"}
    assert code.title
    assert not code.title.endswith(".")
    assert len(code.explanation) > 20
    assert code.explanation.endswith(".")
    assert len(code.remedy) > 5
    assert "  " not in code.title + code.explanation + code.remedy
