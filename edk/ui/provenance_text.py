"""How an image came to be, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WIDTH = 12


def provenance_lines(statement: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a statement of provenance says, line by line; what it lacks is left out."""
    predicate = _map(statement, "predicate")
    definition, details = _map(predicate, "buildDefinition"), _map(predicate, "runDetails")
    outer, inner = _map(definition, "externalParameters"), _map(definition, "internalParameters")
    metadata, builder = _map(details, "metadata"), _map(details, "builder")
    for subject in _maps(statement, "subject"):
        yield _line("image", f"{subject.get('name', '')}@{_digest(subject)}")
    yield _line("built", f"{metadata.get('startedOn', '')} to {metadata.get('finishedOn', '')}")
    yield _line("by", ", ".join(f"{name} {version}" for name, version in _map(builder, "version").items()))
    yield _line("Dockerfile", str(outer.get("dockerfile", "")))
    if outer.get("platform"):
        yield _line("platform", str(outer["platform"]))
    for name, value in _map(outer, "buildArguments").items():
        yield _line("argument", f"{name} ({value})")
    for each in _maps(definition, "resolvedDependencies"):
        commit = _map(each, "digest").get("gitCommit")
        if commit:
            changed = ", with changes that are not committed" if _map(each, "annotations").get("dirty") else ""
            yield _line("source", f"{each.get('uri', '')} {commit}{changed}".strip())
        else:
            yield _line("from", f"{each.get('uri', '')} {_digest(each)}".strip())
    yield _line("fingerprint", str(inner.get("fingerprint", "")))


def _line(name: str, text: str) -> str:
    return f"{name:<{_WIDTH}} {text}"


def _digest(descriptor: Mapping[str, Any]) -> str:
    return ", ".join(f"{algorithm}:{text}" for algorithm, text in _map(descriptor, "digest").items())


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _maps(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
