"""Bad input by the command line: told with its place, while everything else is built and nothing is touched."""

from __future__ import annotations

import pytest

from tests.support.cases import CHARTS, DOCKERFILES, IGNORES, NAMES, OPERATORS, Case
from tests.support.command import Command
from tests.support.extension import Extension, snapshot

pytestmark = pytest.mark.integration

MAX_SECONDS = 20


def cases(*tables: tuple[Case, ...]):
    """Return tables as the parameters of a test."""
    return pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for table in tables for c in table])


def filled(extension: Extension, says: str) -> str:
    """Put the names of images into an expected text."""
    for short in ("bad", "two", "base"):
        says = says.replace(f"{{{short}}}", extension.name(short))
    return says


@cases(OPERATORS, DOCKERFILES, IGNORES, NAMES, CHARTS)
def test_plan_tells_of_it(edk: Command, extension: Extension, case: Case) -> None:
    """A plan names the fault and its place, and holds every image that is sound."""
    extension.image("good")
    case.make(extension)
    before = snapshot(extension.path)

    run = edk("plan", "--dir", str(extension.path), "--json").expect(case.code)

    plan = run.plan
    found = [d for d in plan["diagnostics"] if d["severity"] != "info"]
    for code in case.codes:
        matching = [d for d in found if d["code"].startswith(code)]
        assert matching, (code, found)
        if code == case.codes[0]:
            assert any(filled(extension, case.says) in d["message"] + d["hint"] for d in matching), matching
            assert case.at in ("", *(f"{d['file']}:{d['line']}" for d in matching)), matching
    assert bool(case.codes) == bool(found), found
    actions = {image["name"]: image["action"] for image in plan["images"]}
    for short in ("good", *case.builds):
        assert "build" == actions[extension.name(short)], actions
    for short in case.not_built:
        assert "build" != actions.get(extension.name(short)), actions
    assert run.seconds < MAX_SECONDS
    assert before == snapshot(extension.path)
