"""Rules about Dockerfiles by themselves: their labels."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.checking.docker_facts import DockerFacts, LabelLine
from edk.domain.checking.gathered import Gathered, place_of
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.codes import conventions as codes
from edk.domain.codes.resolving import NO_IMAGE_LABEL, NOT_LOCAL
from edk.domain.dockerfile.identity import identity
from edk.domain.workspace import LocatedDiagnostic, Target

_LABELS = ("IMAGE", "VERSION", "REGISTRY", "BUILD_IGNORE")


def dockerfile_rules(gathered: Gathered) -> Iterator[Finding]:
    """Yield what is wrong with the labels of Dockerfiles."""
    for target in gathered.targets:
        facts = gathered.dockerfiles.get(place_of(target))
        if facts is None or facts.digest != target.content_digest or not target.reading.parsed:
            continue
        yield from _doubled(target, facts)
        who = identity(target.reading)
        if who.image and not who.version and not who.build_ignore:
            message = f"{who.image} has no LABEL VERSION"
            yield Finding(target.root, codes.NO_VERSION.at(target.dockerfile, who.image_line, message))


def _doubled(target: Target, facts: DockerFacts) -> Iterator[Finding]:
    """Yield labels that stand twice in one stage; several names of an image are told when it is read."""
    seen: dict[tuple[int, str], tuple[str, LabelLine]] = {}
    for line in facts.labels:
        for name, value in line.pairs:
            if name not in _LABELS:
                continue
            before = seen.get((line.stage, name))
            seen[line.stage, name] = value, line
            if before is None or (name == "IMAGE" and before[0] != value):
                continue
            same = before[0] == value
            message = f"LABEL {name} stands in line {before[1].line}, too" + ("" if same else ", with another value")
            mends: tuple[FileEdit, ...] = ()
            if same and len(line.pairs) == 1 and before[1] is not line:
                mends = (FileEdit(target.dockerfile, facts.digest, Edit(line.start, line.end, b"")),)
            yield Finding(target.root, codes.DOUBLED_LABEL.at(target.dockerfile, line.line, message), mends)


def with_label(gathered: Gathered, located: LocatedDiagnostic) -> Finding:
    """Return the diagnostic of a Dockerfile without a name, with the label that mends it if that is no guess.

    That is the name of its folder if something asks for an image of that name, or the one name that is asked for and
    that nobody yields if this is the one Dockerfile without a name.
    """
    target = next(
        (t for t in gathered.targets if (t.root, t.dockerfile) == (located.root, located.diagnostic.file)), None
    )
    facts = gathered.dockerfiles.get(place_of(target)) if target is not None else None
    name = _asked_for(gathered, target) if target is not None else ""
    if facts is None or not name or facts.behind_from < 0:
        return Finding(located.root, located.diagnostic)
    edit = put_line(facts, facts.behind_from, f'LABEL IMAGE="{name}"')
    return Finding(located.root, located.diagnostic, (FileEdit(located.diagnostic.file, facts.digest, edit),))


def _asked_for(gathered: Gathered, target: Target) -> str:
    missing = {
        d.diagnostic.message.split("'")[1]
        for d in gathered.plan.diagnostics
        if d.diagnostic.code in {NOT_LOCAL.id, codes.MISSPELT_IMAGE.id} and d.root == target.root
    }
    folder = target.context.rpartition("/")[2]
    if folder in missing:
        return folder
    unnamed = [
        d for d in gathered.plan.diagnostics if d.diagnostic.code == NO_IMAGE_LABEL.id and d.root == target.root
    ]
    return next(iter(missing)) if len(missing) == len(unnamed) == 1 else ""


def put_line(facts: DockerFacts, at: int, text: str) -> Edit:
    """Return the edit that puts a line of its own into a Dockerfile, at the beginning or behind the end of a line."""
    line = text.encode()
    behind_end = not facts.ended and at >= facts.size
    return Edit(at, at, facts.newline + line if behind_end else line + facts.newline)
