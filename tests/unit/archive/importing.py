"""Archives of one image, taken into a registry in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edk.domain.reference import RegistryAliases
from edk.orchestrator.importing import ImportRequest, import_archive
from tests.fakes.registry import FakeRegistry
from tests.support.images import layout_members, saved_members
from tests.unit.core.bench import Bench

LAYERS = (b"first layer" * 9999, b"second layer" * 7)
LABELS = {"io.kaapana.edk.fingerprint": "abc"}
NAME = "localhost:32000/seg:1"
KINDS: dict[str, Callable[[str], dict[str, bytes]]] = {
    "layout": lambda name: layout_members(name, LAYERS, LABELS),
    "docker save": lambda name: saved_members(name, LAYERS, LABELS),
}


def take_in(path: str | Path, bench: Bench | None = None, **changes: str) -> Bench:
    """Import an archive into an empty registry, or that of a bench."""
    bench = bench or Bench({})
    aliases = RegistryAliases.of("localhost:32000", "registry.example.org/platform")
    import_archive(bench.services, ImportRequest(str(path), "localhost:32000", aliases, **changes))
    return bench


def layers_of(registry: FakeRegistry, repository: str, tag: str) -> list[bytes]:
    """Return the layers that stand at a tag, read back."""
    found = registry.manifest(repository, tag)
    assert found is not None
    digests = [layer["digest"] for layer in json.loads(found[1])["layers"]]
    return [b"".join(registry.blob(repository, digest)) for digest in digests]


def tagged(registry: FakeRegistry) -> list[str]:
    """Return every tag that stands."""
    return [f"{name}:{tag}" for name in registry.repositories() for tag in registry.tags(name)]
