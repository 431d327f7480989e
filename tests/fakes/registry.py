"""A registry in memory that holds real manifests and configs, and fails or lies when told to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from edk.domain.errors import DigestMismatchError, EdkError, RegistryUnreachableError
from edk.domain.requests import ManifestInfo

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def config_of(labels: Mapping[str, str]) -> bytes:
    """Return the bytes of an image's config with these labels."""
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": dict(labels)}, "rootfs": {}}
    return json.dumps(config).encode()


def manifest_of(config: bytes) -> bytes:
    """Return the bytes of a manifest without layers over a config."""
    described = {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode()


def digest_of(content: bytes) -> str:
    """Return the digest that a registry gives to content."""
    return "sha256:" + sha256(content).hexdigest()


@dataclass
class _Repository:
    manifests: dict[str, bytes] = field(default_factory=dict)
    configs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class FakeRegistry:
    """The Registry port over dictionaries.

    `calls` holds what was asked, as (method, repository, reference).
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self._repositories: dict[str, _Repository] = {}
        self._failures: dict[str, list[EdkError]] = {}
        # Repository → how often it still breaks off where a tag of it is asked for.
        self.broken: dict[str, int] = {}

    def put(self, repository: str, tag: str, labels: Mapping[str, str]) -> str:
        """Store an image with these labels under a tag, and return its digest."""
        held = self._repositories.setdefault(repository, _Repository())
        config = config_of(labels)
        manifest = manifest_of(config)
        held.configs[digest_of(config)] = config
        held.manifests[digest_of(manifest)] = manifest
        held.tags[tag] = digest_of(manifest)
        return held.tags[tag]

    def drop(self, repository: str, tag: str) -> None:
        """Delete a tag, leaving what it pointed at."""
        del self._repositories[repository].tags[tag]

    def damage(self, repository: str, digest: str) -> None:
        """Change the bytes behind a manifest's digest, as a failing disk does."""
        self._repositories[repository].manifests[digest] += b" "

    def lose_config(self, repository: str, digest: str) -> None:
        """Lose the config of a manifest, as a garbage collection at the wrong moment does."""
        held = self._repositories[repository]
        del held.configs[json.loads(held.manifests[digest])["config"]["digest"]]

    def fail(self, method: str, *errors: EdkError) -> None:
        """Raise these errors, one a call, at the next calls of a method, e.g. ``head``."""
        self._failures.setdefault(method, []).extend(errors)

    def ping(self) -> None:
        """Return, or fail as told."""
        self._called("ping", "", "")

    def head(self, repository: str, reference: str) -> ManifestInfo | None:
        """Return what stands at a tag or digest, None if nothing."""
        self._called("head", repository, reference)
        if self.broken.get(repository, 0) > 0:
            self.broken[repository] -= 1
            raise RegistryUnreachableError("localhost:32000 does not answer")
        found = self._find(repository, reference)
        return ManifestInfo(found[0], MANIFEST, len(found[1])) if found else None

    def manifest(self, repository: str, reference: str) -> tuple[ManifestInfo, bytes] | None:
        """Return a manifest read back, None if there is none."""
        self._called("manifest", repository, reference)
        return self._verified(repository, reference)

    def labels(self, repository: str, reference: str) -> dict[str, str] | None:
        """Return the labels of an image's config, None if there is no such image."""
        self._called("labels", repository, reference)
        found = self._verified(repository, reference)
        if found is None:
            return None
        digest = json.loads(found[1])["config"]["digest"]
        config = self._repositories[repository].configs.get(digest)
        return None if config is None else dict(json.loads(config)["config"]["Labels"])

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return the tags of a repository, sorted."""
        self._called("tags", repository, "")
        held = self._repositories.get(repository)
        return tuple(sorted(held.tags)) if held else ()

    def retag(self, repository: str, digest: str, tag: str) -> None:
        """Make a tag point at a manifest that the repository already holds."""
        self._called("retag", repository, tag)
        if self._verified(repository, digest) is None:
            raise DigestMismatchError(f"{repository} does not hold {digest}, so it can't be tagged {tag}")
        self._repositories[repository].tags[tag] = digest

    def blob(self, repository: str, digest: str) -> Iterator[bytes]:
        """Yield a blob; fail at its end if it is not what its digest says."""
        self._called("blob", repository, digest)
        content = self._blobs_of(repository).get(digest)
        if content is None:
            raise RegistryUnreachableError(f"{repository} does not hold the blob {digest}")
        yield content
        if digest_of(content) != digest:
            raise DigestMismatchError(f"{repository}: blob {digest} is something else")

    def referrers(self, repository: str, digest: str) -> bytes | None:
        """Return None: it keeps no list of what refers to a manifest."""
        self._called("referrers", repository, digest)
        return None

    def repositories(self) -> tuple[str, ...]:
        """Return the names of all repositories, sorted."""
        self._called("repositories", "", "")
        return tuple(sorted(self._repositories))

    def has_blob(self, repository: str, digest: str) -> bool:
        """Say whether a repository holds a blob."""
        self._called("has_blob", repository, digest)
        return digest in self._blobs_of(repository)

    def upload(self, repository: str, digest: str, size: int, pieces: Iterable[bytes]) -> None:
        """Store a blob; fail if it is not what its digest says."""
        self._called("upload", repository, digest)
        content = b"".join(pieces)
        if digest_of(content) != digest or len(content) != size:
            raise DigestMismatchError(f"{repository}: what was uploaded as {digest} is something else")
        self._repositories.setdefault(repository, _Repository()).configs[digest] = content

    def try_writing(self, repository: str) -> None:
        """See `edk.ports.Registry.try_writing`."""
        self._called("try_writing", repository, "")

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Have a repository hold a blob of another one."""
        self._called("mount", repository, digest)
        content = self._blobs_of(source).get(digest)
        if content is None:
            return False
        self._repositories.setdefault(repository, _Repository()).configs[digest] = content
        return True

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """Store a manifest whose blobs are there."""
        self._called("put_manifest", repository, reference)
        held = self._repositories.setdefault(repository, _Repository())
        manifest = json.loads(content)
        named = [*([manifest["config"]] if "config" in manifest else []), *manifest.get("layers", [])]
        if any(descriptor["digest"] not in held.configs for descriptor in named):
            raise DigestMismatchError(f"{repository} refuses the manifest {reference}: a blob is not there")
        digest = digest_of(content)
        held.manifests[digest] = content
        if not reference.startswith("sha256:"):
            held.tags[reference] = digest
        return digest

    def delete(self, repository: str, digest: str) -> bool:
        """Remove a manifest and every tag that points at it."""
        self._called("delete", repository, digest)
        held = self._repositories.get(repository)
        if held is None or digest not in held.manifests:
            return False
        del held.manifests[digest]
        for tag in [tag for tag, there in held.tags.items() if there == digest]:
            del held.tags[tag]
        return True

    def _blobs_of(self, repository: str) -> dict[str, bytes]:
        held = self._repositories.get(repository)
        return held.configs if held else {}

    def _called(self, method: str, repository: str, reference: str) -> None:
        self.calls.append((method, repository, reference))
        if self._failures.get(method):
            raise self._failures[method].pop(0)

    def _find(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        held = self._repositories.get(repository)
        if held is None:
            return None
        digest = held.tags.get(reference, reference)
        return (digest, held.manifests[digest]) if digest in held.manifests else None

    def _verified(self, repository: str, reference: str) -> tuple[ManifestInfo, bytes] | None:
        found = self._find(repository, reference)
        if found is None:
            return None
        digest, content = found
        if digest_of(content) != digest:
            raise DigestMismatchError(f"{repository}: manifest {reference} should be {digest}")
        return ManifestInfo(digest, MANIFEST, len(content)), content
