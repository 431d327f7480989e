"""The schemas of Kubernetes' API, without a cluster."""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any

import kubernetes_validate
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.support.chart.rendering import Document

VERSIONS = ("1.25.0", "1.29.0", "1.30.0", "1.37.0")
"""The oldest and the newest that there are schemas of, and both sides of what the chart does differently."""
OTHERS = {"Middleware": {"traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"}}
"""Kinds that Kubernetes itself does not have, and their versions."""


def wrong_documents(rendered: tuple[Document, ...], kubernetes: str) -> list[str]:
    """Return what a Kubernetes would refuse: unknown fields, wrong types, what is missing."""
    found = []
    for document in rendered:
        if document["apiVersion"] in OTHERS.get(document["kind"], set()):
            continue
        name = f"{document['kind']} {document['metadata']['name']}"
        validator = _validator(document["kind"], document["apiVersion"], kubernetes)
        if validator is None:
            found.append(f"{name}: there is no {document['kind']} of {document['apiVersion']}")
            continue
        found += [
            f"{name}: {'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(document)
        ]
    return found


def _schema(kubernetes: str, name: str) -> dict[str, Any] | None:
    """Return a file of the schemas that refuse unknown fields; None if there is none of that name."""
    folder = importlib.resources.files(kubernetes_validate) / "kubernetes-json-schema"
    file = folder / f"v{kubernetes}-local-strict" / name
    return json.loads(file.read_text()) if file.is_file() else None


@functools.cache
def _definitions(kubernetes: str) -> Registry[Any]:
    found = _schema(kubernetes, "_definitions.json")
    assert found is not None, f"there are no schemas of Kubernetes {kubernetes}"
    return Resource.from_contents(found) @ Registry()


# kubernetes_validate.validate does the same, and reads all definitions anew for each document: a second each.
@functools.cache
def _validator(kind: str, version: str, kubernetes: str) -> Draft202012Validator | None:
    group, _, short = version.rpartition("/")
    prefix = f"{group.split('.')[0]}-" if group else ""
    schema = _schema(kubernetes, f"{kind.lower()}-{prefix}{short}.json")
    if schema is None:
        return None
    registry = Resource.from_contents(schema) @ _definitions(kubernetes)
    return Draft202012Validator(schema, registry=registry)
