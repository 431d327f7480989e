"""How an image came to be, as an in-toto statement with SLSA provenance, in one canonical form of JSON.

Values of build arguments are hashed, and left out altogether where the name says that they are secrets: a short
secret can be found by hashing guesses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from edk.domain.encoding import encodable
from edk.domain.labels import Origin
from edk.domain.redaction import is_secret_name

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:edk:dockerfile-build:v1"
BUILDER = "urn:edk:builder:v1"
MEDIA_TYPE = "application/vnd.in-toto+json"
MAX_PARTS = 2_000
HIDDEN = "hidden"
_ARGUMENT = "build argument "


@dataclass(frozen=True, slots=True)
class Dependency:
    """An image that another one was built from, as it was named, and its digest; empty if not known."""

    ref: str
    digest: str


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What is told of one build.

    Args:
        image: registry and repository.
        digest: of the manifest that was pushed.
        origin: where it comes from.
        platform: that was built for; empty: the engine's own.
        build_args: names and values of those that the Dockerfile declares.
        dependencies: the images that it was built from.
        fingerprint: of its inputs.
        parts: its inputs part by part.
        versions: of what built it: name → version.
        finished: when it had been pushed, by RFC 3339.
    """

    image: str
    digest: str
    origin: Origin
    platform: str
    build_args: tuple[tuple[str, str], ...]
    dependencies: tuple[Dependency, ...]
    fingerprint: str
    parts: Mapping[str, str]
    versions: Mapping[str, str]
    finished: str


def statement(facts: BuildFacts) -> dict[str, Any]:
    """Return the statement of a build as JSON values."""
    origin = facts.origin
    return {
        "_type": STATEMENT,
        "subject": [{"name": facts.image, "digest": _digest_set(facts.digest)}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "dockerfile": origin.dockerfile,
                    "buildArguments": {name: _hidden(name, value) for name, value in facts.build_args},
                    "platform": facts.platform,
                },
                "internalParameters": {"fingerprint": facts.fingerprint, **_parts(facts.parts)},
                "resolvedDependencies": [*_source(origin), *(_image(each) for each in facts.dependencies)],
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": dict(facts.versions)},
                "metadata": {"startedOn": origin.created, "finishedOn": facts.finished},
            },
        },
    }


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return a value as JSON of one form: keys sorted, nothing between the tokens, UTF-8."""
    text = json.dumps(encodable(dict(value)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _hidden(name: str, value: str) -> str:
    if is_secret_name(name):
        return HIDDEN
    return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _parts(parts: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts of the fingerprint; of a very large context only how many there are."""
    if len(parts) > MAX_PARTS:
        return {"partsLeftOut": len(parts)}
    return {"parts": {name: HIDDEN if _tells_a_secret(name) else identity for name, identity in parts.items()}}


def _tells_a_secret(part: str) -> bool:
    return part.startswith(_ARGUMENT) and is_secret_name(part.removeprefix(_ARGUMENT))


def _source(origin: Origin) -> list[dict[str, Any]]:
    if not origin.revision:
        return []
    algorithm = "gitCommit"
    found: dict[str, Any] = {"name": "source", "digest": {algorithm: origin.revision}}
    if origin.source:
        found["uri"] = f"git+{origin.source}" if "://" in origin.source else f"git+ssh://{_scp(origin.source)}"
    return [{**found, "annotations": {"dirty": origin.dirty == "true"}}]


def _scp(address: str) -> str:
    host, _, path = address.partition(":")
    return f"{host}/{path.lstrip('/')}"


def _image(dependency: Dependency) -> dict[str, Any]:
    """Return an image as BuildKit names it, by a package URL."""
    ref = dependency.ref.partition("@")[0]
    name, colon, tag = ref.rpartition(":")
    if not colon or "/" in tag:
        name, tag = ref, "latest"
    uri = f"pkg:docker/{quote(name, '/')}@{quote(tag, '')}"
    return {"uri": uri, "digest": _digest_set(dependency.digest)} if dependency.digest else {"uri": uri}


def _digest_set(digest: str) -> dict[str, str]:
    algorithm, _, text = digest.partition(":")
    return {algorithm: text}
