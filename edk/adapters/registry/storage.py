"""Where the registry that the set-up started keeps its files; of any other that is not known."""

from __future__ import annotations

import re
from pathlib import Path

from edk.domain.network import is_local
from edk.domain.oci import valid_digest
from edk.domain.verifying import Storage, tag_file

_CONTAINER = re.compile(r"container (\S+)")
_IN_CONTAINER = "/var/lib/registry"


def storage_of(state_dir: str, address: str) -> Storage:
    """Return what ``scripts/setup.d/registry.sh`` noted, if the registry at an address is that one.

    Args:
        state_dir: the state folder.
        address: ``host:port``.
    """
    host, _, port = address.rpartition(":")
    started = _text(Path(state_dir, "started", "registry"))
    if not started or not is_local(host):
        return Storage()
    container = _CONTAINER.match(started)
    if container is not None:
        name = container[1]
        if name != f"edk-registry-{port}":
            return Storage()
        # The registry's image remembers in memory what it holds.
        return Storage(_IN_CONTAINER, f"docker exec {name}", f"docker restart {name}")
    config = _text(Path(state_dir, "registry", "config.yml"))
    if f":{port}'" not in config:
        return Storage()
    return Storage(str(Path(state_dir, "registry", "data").resolve()), restart="")


def tag_target(storage: Storage, repository: str, tag: str) -> str:
    """Return the digest that a tag's file holds; empty if it holds none, or can't be read from here."""
    if not storage.root or storage.before:
        return ""
    found = _text(Path(storage.root, "docker/registry/v2", tag_file(repository, tag)))
    return found if valid_digest(found) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
