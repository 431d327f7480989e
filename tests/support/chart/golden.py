"""Stored renderings: the default as a whole, every other set of values as what differs from it."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from tests.support.chart.rendering import GOLDEN, documents, template, value_sets

DEFAULT = "default"
_SOURCE = re.compile(r"^# Source: edk/templates/", re.MULTILINE)


def rendered(name: str) -> str:
    """Return what helm makes of a set of values."""
    done = template("--values", value_sets()[name])
    assert done.returncode == 0, done.stderr
    return _SOURCE.sub("# ", done.stdout)


def parts(text: str) -> dict[str, list[str]]:
    """Return the lines of each document by its kind and name."""
    split = {}
    for part in text.removeprefix("---\n").split("\n---\n"):
        (head,) = documents(part)
        split[f"{head['kind']} {head['metadata']['name']}"] = part.rstrip("\n").splitlines()
    return split


def difference(default: str, other: str) -> str:
    """Return what differs: documents that went by their names, new ones as a whole, of others the lines."""
    was, now = parts(default), parts(other)
    lines = [f"gone: {name}" for name in was if name not in now]
    for name, text in now.items():
        if name not in was:
            lines += ["", f"new: {name}", *text]
        elif was[name] != text:
            # Without numbers of lines, which each change of the default would move.
            hunks = [*difflib.unified_diff(was[name], text, lineterm="", n=2)][2:]
            lines += ["", f"changed: {name}", *("@@" if line.startswith("@@ ") else line for line in hunks)]
    return "\n".join(lines).lstrip("\n") + "\n"


def golden_file(name: str) -> Path:
    """Return where the rendering of a set of values is stored."""
    return GOLDEN / (f"{name}.yaml" if name == DEFAULT else f"{name}.diff")


def expected_files() -> dict[Path, str]:
    """Return what should be stored."""
    default = rendered(DEFAULT)
    others = {name: difference(default, rendered(name)) for name in value_sets() if name != DEFAULT}
    return {golden_file(DEFAULT): default, **{golden_file(name): text for name, text in others.items()}}


def renew() -> None:
    """Store all renderings anew."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    wanted = expected_files()
    for old in set(GOLDEN.iterdir()) - set(wanted):
        old.unlink()
    for path, text in wanted.items():
        path.write_text(text)
