"""Problems as lines that the problem matcher of `edk.domain.code_server` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edk.domain.code_server import BEGIN, END
from edk.domain.problems import Problem
from edk.ui.text import plural, safe


def problem_lines(problems: Sequence[Problem], note: str = "") -> Iterator[str]:
    """Yield all problems between a line that begins them, which clears those before, and one that ends them.

    Args:
        problems: as they stand now.
        note: what else there is to say, in words; no problem in itself.
    """
    yield BEGIN
    for problem in problems:
        yield safe(_line(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    yield safe(f"{END}: {plural(errors, 'error')}, {plural(warnings, 'warning')}{'; ' if note else ''}{note}")


def _line(problem: Problem) -> str:
    told = f"{problem.severity}: {problem.message} [{problem.code}]"
    return f"{problem.file}:{problem.line}:{problem.column}: {told}" if problem.file else f"edk: {told}"
