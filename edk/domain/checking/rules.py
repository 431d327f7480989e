"""All rules, on what was gathered."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.checking.gathered import Gathered
from edk.domain.checking.model import Finding
from edk.domain.checking.rules_charts import chart_rules
from edk.domain.checking.rules_dags import dag_rules
from edk.domain.checking.rules_dockerfiles import dockerfile_rules, with_label
from edk.domain.checking.rules_images import image_rules
from edk.domain.checking.rules_operators import operator_rules
from edk.domain.codes.resolving import NO_IMAGE_LABEL


def find_all(gathered: Gathered) -> tuple[Finding, ...]:
    """Return what the plan found and what the rules find, sorted by place, without repetition."""
    found: dict[tuple[str, str, int, int, str, str], Finding] = {}
    for finding in (*_planned(gathered), *_ruled(gathered)):
        d = finding.diagnostic
        key = (finding.root.path, d.file, d.line, d.column, d.code, d.message)
        if key not in found or (finding.mends and not found[key].mends):
            found[key] = finding
    return tuple(found[key] for key in sorted(found))


def _planned(gathered: Gathered) -> Iterator[Finding]:
    for located in gathered.plan.diagnostics:
        if located.diagnostic.code == NO_IMAGE_LABEL.id:
            yield with_label(gathered, located)
        else:
            yield Finding(located.root, located.diagnostic)


def _ruled(gathered: Gathered) -> Iterator[Finding]:
    yield from image_rules(gathered)
    yield from dockerfile_rules(gathered)
    yield from chart_rules(gathered)
    yield from operator_rules(gathered)
    yield from dag_rules(gathered)
