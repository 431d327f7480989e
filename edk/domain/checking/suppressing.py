"""Which findings are suppressed, by comments and by configuration, and which suppressions are of no use."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from edk.domain.checking.comments import Mark
from edk.domain.checking.config import CheckRules
from edk.domain.checking.gathered import Place
from edk.domain.checking.model import Finding
from edk.domain.codes import KNOWN, nearest
from edk.domain.codes import conventions as codes
from edk.domain.workspace import Root

_OWN = (codes.UNUSED_SUPPRESSION.id, codes.BAD_SUPPRESSION.id)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told, and how many findings are not."""

    findings: tuple[Finding, ...]
    suppressed: int


def nearest_code(code: str) -> str:
    """Return the hint for a code that there is not."""
    near = nearest(code)
    return f"did you mean {near}?" if near else "docs/diagnostics.md lists the codes"


def suppress(
    findings: Sequence[Finding],
    marks: Mapping[Place, Sequence[Mark]],
    roots: Mapping[str, Root],
    rules: Sequence[CheckRules],
) -> Told:
    """Return the findings that are told, with their severity.

    Args:
        findings: sorted.
        marks: root and file → its comments.
        roots: by path.
        rules: of each ``edk.yaml``, nearest first.
    """
    used: set[tuple[Place, Mark, str]] = set()
    left: list[Finding] = []
    for finding in findings:
        place = finding.root.path, finding.diagnostic.file
        hits = [mark for mark in marks.get(place, ()) if _covers(mark, finding)]
        used.update((place, mark, finding.diagnostic.code) for mark in hits)
        if not hits:
            left.append(finding)
    about = [told for place, found in marks.items() for mark in found for told in _judged(roots, place, mark, used)]
    kept = [_graded(f, rules) for f in (*left, *about) if not _ignored(f, rules)]
    ordered = sorted(kept, key=lambda f: (f.root.path, f.diagnostic.file, f.diagnostic.line, f.diagnostic.column))
    return Told(tuple(ordered), len(findings) + len(about) - len(kept))


def unused_in(rules: CheckRules, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield key and code of what an ``edk.yaml`` ignores, and that is not there.

    Args:
        rules: of one file.
        findings: all that there are, suppressed ones too.
    """
    for code in rules.ignore:
        if all(finding.diagnostic.code != code for finding in findings):
            yield code, f"check.ignore names {code}, which is not found here"
    for pattern, listed in rules.files:
        for code in listed:
            if not any(f.diagnostic.code == code and _matches(f.diagnostic.file, pattern) for f in findings):
                yield pattern, f"check.files names {code} for {pattern!r}, which is not found there"


def _covers(mark: Mark, finding: Finding) -> bool:
    diagnostic = finding.diagnostic
    return diagnostic.code in mark.codes and mark.about in (0, max(diagnostic.line, 1))


def _judged(
    roots: Mapping[str, Root], place: Place, mark: Mark, used: set[tuple[Place, Mark, str]]
) -> Iterator[Finding]:
    """Yield what is wrong with a comment."""
    root, (_, file) = roots[place[0]], place
    if not mark.codes:
        message = "a suppression names no code"
        yield Finding(root, codes.BAD_SUPPRESSION.at(file, mark.line, message, column=mark.column))
    for code in mark.codes:
        if code not in KNOWN:
            message = f"there is no code {code!r} to suppress"
            found = codes.BAD_SUPPRESSION.at(file, mark.line, message, nearest_code(code), mark.column)
            yield Finding(root, found)
        elif (place, mark, code) not in used and code not in _OWN:
            where = "in this file" if mark.about == 0 else f"in line {mark.about}"
            message = f"there is no {code} {where} to suppress"
            yield Finding(root, codes.UNUSED_SUPPRESSION.at(file, mark.line, message, column=mark.column))


def _ignored(finding: Finding, rules: Sequence[CheckRules]) -> bool:
    code, file = finding.diagnostic.code, finding.diagnostic.file
    return any(
        code in one.ignore or any(code in listed and _matches(file, pattern) for pattern, listed in one.files)
        for one in rules
    )


def _graded(finding: Finding, rules: Sequence[CheckRules]) -> Finding:
    for one in rules:
        severity = dict(one.severity).get(finding.diagnostic.code)
        if severity is not None:
            return replace(finding, diagnostic=structs.replace(finding.diagnostic, severity=severity))
    return finding


def _matches(path: str, pattern: str) -> bool:
    """Tell whether a pattern means a path: the path itself, a folder that it is in, or a name."""
    bare = pattern.rstrip("/").removesuffix("/**")
    parts = path.split("/")
    above = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return any(fnmatch.fnmatchcase(each, bare) for each in above) or fnmatch.fnmatchcase(parts[-1], bare)
