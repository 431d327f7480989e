"""The page of all diagnostics, made from their codes: ``python -m edk.ui.diagnostics_page > docs/diagnostics.md``."""

from __future__ import annotations

from edk.domain.codes import ALL
from edk.domain.diagnostics import Code

AREAS = (
    ("EDK1", "Operators and DAGs"),
    ("EDK2", "Dockerfiles, .dockerignore and build contexts"),
    ("EDK3", "Charts"),
    ("EDK4", "Names, targets and the graph"),
    ("EDK5", "Files and limits"),
    ("EDK6", "Conventions, which edk check looks at"),
)
HEAD = """# Diagnostics

What is wrong in the sources, with a stable code. `edk check`, `edk plan` and `edk build` print them as
`file:line:column: severity: message [code]`, the hint on the line below, and `edk plan --json` lists them
under `diagnostics`. An **error** makes the exit code 3, and what it concerns is not built; everything else is.
A **warning** should be looked at. An **info** is shown by `edk check` and `edk plan` alone. Those of EDK6xx are told by
[`edk check`](checking.md) alone, save EDK601. `edk explain CODE` shows a section of this page in the terminal,
`edk explain` the list of all codes.

This page is made from the codes in `edk/domain/codes/` by `python -m edk.ui.diagnostics_page`.
"""


def render() -> str:
    """Return the page as Markdown."""
    parts = [HEAD]
    for prefix, title in AREAS:
        codes = sorted((c for c in ALL if c.id.startswith(prefix)), key=lambda c: c.id)
        parts.append(f"## {title}\n")
        parts.extend(_section(code) for code in codes)
    return "\n".join(parts)


def _section(code: Code) -> str:
    title = code.title[0].upper() + code.title[1:]
    remedy = code.remedy[0].upper() + code.remedy[1:].rstrip(".")
    return f"### {code.id}: {title}\n\n*{code.severity}.* {code.explanation}\n\n**What to do:** {remedy}.\n"


if __name__ == "__main__":
    print(render(), end="")
