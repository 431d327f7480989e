"""From a case that fails to the fewest steps that still fail, and to a text that replays them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

from tests.simulation.kernel import DivergenceError
from tests.simulation.simulation import Case, run

MOST_RUNS = 400


def outcome_of(case: Case) -> tuple[str, int]:
    """Return what does not hold, empty if all does, and how many builds there were.

    Any other error of the product's counts too.
    """
    try:
        return "", run(case).builds
    except DivergenceError as error:
        return str(error) or "something does not hold", 0
    except Exception as error:  # noqa: BLE001 - whatever a loop raises is a finding
        return f"{type(error).__name__}: {error}", 0


def failure_of(case: Case) -> str:
    """Return what does not hold, empty if all does."""
    return outcome_of(case)[0]


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Return a case with fewer steps and files, and on plainer ground, that still fails.

    Steps are dropped by halves, quarters and so on, down to single ones (delta debugging), until none can be.
    """
    left = MOST_RUNS
    found = True
    while found and left > 0:
        found = False
        for smaller in _smaller(case):
            left -= 1
            if left < 0:
                break
            if fails(smaller):
                case, found = smaller, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    size = len(case.steps)
    while size:
        for start in range(0, len(case.steps), size):
            yield replace(case, steps=case.steps[:start] + case.steps[start + size :])
        size //= 2
    folders = sorted({path.rpartition("/")[0] for path in case.files})
    for folder in folders:
        kept = {path: text for path, text in case.files.items() if not path.startswith(f"{folder}/")}
        if len(kept) < len(case.files):
            yield replace(case, files=kept)
    for path in case.files:
        yield replace(case, files={p: t for p, t in case.files.items() if p != path})
    plain = {"jobs": 1, "latency": 0.0, "often": 0.0, "slowest": 1.0}
    for name, value in plain.items():
        if getattr(case, name) != value:
            yield replace(case, **{name: value})


def as_json(case: Case, why: str) -> str:
    """Return the content of a file for `regressions`."""
    return json.dumps({"why": why, **asdict(case)}, indent=1) + "\n"


def as_python(case: Case) -> str:
    """Return a case as Python text."""
    steps = "".join(f"        {step!r},\n" for step in case.steps)
    files = "".join(f"        {path!r}: {text!r},\n" for path, text in case.files.items())
    names = ("jobs", "cancel", "latency", "often", "slowest")
    rest = "".join(f"    {name}={getattr(case, name)!r},\n" for name in names)
    return f"Case(\n    seed={case.seed},\n    files={{\n{files}    }},\n    steps=[\n{steps}    ],\n{rest})\n"


def from_json(text: str) -> Case:
    """Return the case that a file of `regressions` holds."""
    fields = json.loads(text)
    del fields["why"]
    return Case(**fields)
