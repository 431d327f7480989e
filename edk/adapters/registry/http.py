"""What a registry holds, asked by the OCI distribution specification; nothing it says is taken on trust.

A manifest read back is hashed, and so is the config that labels are read from: a registry with a damaged
disk, or a proxy in between, answers 200 all the same.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from edk.adapters.registry.faults import unexpected
from edk.adapters.registry.transport import Answer, Transport
from edk.adapters.registry.writing import RegistryWriting
from edk.domain.errors import DigestMismatchError
from edk.domain.requests import ManifestInfo

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

_ACCEPT = {"Accept": ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_PAGES = 1_000


class HttpRegistry(RegistryWriting):
    """Asks one registry; see `edk.ports.Registry`. Any number of threads may use it.

    Args:
        address: ``host:port``, or with ``http://`` or ``https://`` before it to force a scheme. Without
            one, this machine and `insecure` hosts are spoken to plainly, all others by TLS.
        insecure: hosts (``host`` or ``host:port``) without TLS.
        environ: proxies, and where the Docker client's configuration lies; the process's own by default.
        platform: whose image of an index counts, as ``os/architecture``.
    """

    def __init__(
        self,
        address: str,
        *,
        insecure: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        platform: str = "linux/amd64",
    ) -> None:
        self._transport = Transport(address, insecure, os.environ if environ is None else environ)
        self._platform = platform

    @property
    def host(self) -> str:
        """Its host and port, as in a reference."""
        return self._transport.host

    def ping(self) -> None:
        """Return if it answers ``/v2/`` as a registry does; raise RegistryUnreachableError."""
        answer = self._transport.send("GET", "/v2/")
        self._transport.insist_json(answer)
        known = "docker-distribution-api-version" in answer.headers or answer.body.strip() in (b"", b"{}")
        if answer.status not in (200, 401) or not known:
            raise unexpected(self.host, "GET", "/v2/", answer.status, answer.body)

    def head(self, repository: str, reference: str) -> ManifestInfo | None:
        """Return what stands at a tag or digest, None if nothing; raise RegistryUnreachableError."""
        answer = self._ask("HEAD", _manifests(repository, reference), _ACCEPT)
        if answer is None:
            return None
        digest = answer.header("docker-content-digest")
        if not _DIGEST.fullmatch(digest):
            found = self.manifest(repository, reference)
            return found[0] if found else None
        size = answer.header("content-length")
        return ManifestInfo(digest, _media_type(answer), int(size) if size.isdecimal() else 0)

    def manifest(self, repository: str, reference: str) -> tuple[ManifestInfo, bytes] | None:
        """Return a manifest read back, None if there is none.

        Raises:
            DigestMismatchError: its bytes are not of the digest that the registry or the reference names.
            RegistryUnreachableError: see `edk.ports.Registry`.
        """
        answer = self._ask("GET", _manifests(repository, reference), _ACCEPT)
        if answer is None:
            return None
        digest = "sha256:" + sha256(answer.body).hexdigest()
        for expected in (answer.header("docker-content-digest"), reference):
            if expected.startswith("sha256:") and expected != digest:
                raise _mismatch(f"{self.host}/{repository}", f"manifest {reference}", expected, digest)
        return ManifestInfo(digest, _media_type(answer), len(answer.body)), answer.body

    def labels(self, repository: str, reference: str) -> dict[str, str] | None:
        """Return the labels of an image's config, None if there is no such image or its config is gone.

        Raises:
            DigestMismatchError: manifest or config are not what their digests say.
            RegistryUnreachableError: see `edk.ports.Registry`.
        """
        found = self.manifest(repository, reference)
        if found is None:
            return None
        content = _object(found[1])
        if "manifests" in content:
            chosen = _chosen(content, self._platform)
            return self.labels(repository, chosen) if chosen and chosen != reference else {}
        digest = _field(content, "config", "digest")
        if not _DIGEST.fullmatch(digest):
            return {}
        answer = self._ask("GET", f"/v2/{repository}/blobs/{digest}", {})
        if answer is None:
            return None
        actual = "sha256:" + sha256(answer.body).hexdigest()
        if actual != digest:
            raise _mismatch(f"{self.host}/{repository}", "config", digest, actual)
        labels = _object(answer.body).get("config")
        labels = labels.get("Labels") if isinstance(labels, dict) else None
        return {str(name): str(value) for name, value in labels.items()} if isinstance(labels, dict) else {}

    def blob(self, repository: str, digest: str) -> Iterator[bytes]:
        """Yield a blob piece by piece; raise DigestMismatchError at its end if it is not what its digest says.

        Raises:
            RegistryUnreachableError: it can't be had.
        """
        seen = sha256()
        for piece in self._transport.stream(f"/v2/{repository}/blobs/{digest}"):
            seen.update(piece)
            yield piece
        actual = f"sha256:{seen.hexdigest()}"
        if actual != digest:
            raise _mismatch(f"{self.host}/{repository}", "blob", digest, actual)

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return the tags of a repository, sorted; none if it does not exist."""
        return self._pages(f"/v2/{repository}/tags/list?n=1000", "tags")

    def repositories(self) -> tuple[str, ...]:
        """Return the names of all repositories, sorted; see `edk.ports.Registry.repositories`."""
        return self._pages("/v2/_catalog?n=1000", "repositories")

    def _pages(self, path: str, field: str) -> tuple[str, ...]:
        """Return the names that a list holds which may come in pages, sorted."""
        found: set[str] = set()
        for _ in range(_PAGES):
            answer = self._ask("GET", path, {})
            if answer is None:
                break
            names = _object(answer.body).get(field)
            found.update(name for name in names if isinstance(name, str)) if isinstance(names, list) else None
            link = _NEXT.search(answer.header("link"))
            if link is None:
                break
            parts = urlsplit(urljoin(path, link[1]))  # of the same host, whatever the link says
            path = f"{parts.path}?{parts.query}"
        return tuple(sorted(found))

    def referrers(self, repository: str, digest: str) -> bytes | None:
        """Return the index of the artifacts about a manifest; None if the registry keeps no such list."""
        answer = self._ask("GET", f"/v2/{quote(repository)}/referrers/{quote(digest, ':')}", {"Accept": OCI_INDEX})
        return answer.body if answer is not None and _media_type(answer) == OCI_INDEX else None

    def retag(self, repository: str, digest: str, tag: str) -> None:
        """Make a tag point at a manifest that the repository already holds.

        Raises:
            DigestMismatchError: the repository does not hold it, or the tag read back points elsewhere.
            RegistryUnreachableError: see `edk.ports.Registry`.
        """
        found = self.manifest(repository, digest)
        if found is None:
            raise DigestMismatchError(
                f"{self.host}/{repository} does not hold {digest}, so it can't be tagged {tag}",
                "Build it again with --force.",
            )
        info, content = found
        path = _manifests(repository, tag)
        answer = self._transport.send("PUT", path, {"Content-Type": info.media_type}, content)
        if answer.status not in (200, 201, 202):
            raise unexpected(self.host, "PUT", path, answer.status, answer.body)
        now = self.head(repository, tag)
        if now is None or now.digest != digest:
            actual = now.digest if now else "nothing"
            raise _mismatch(f"{self.host}/{repository}", f"tag {tag}", digest, actual)

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> Answer | None:
        """Return an answer of status 200, None for 404."""
        answer = self._transport.send(method, path, headers)
        self._transport.insist_json(answer)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise unexpected(self.host, method, path, answer.status, answer.body)
        return answer


def _manifests(repository: str, reference: str) -> str:
    return f"/v2/{quote(repository)}/manifests/{quote(reference, ':')}"


def _media_type(answer: Answer) -> str:
    return answer.header("content-type").partition(";")[0].strip()


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _field(content: Mapping[str, Any], *names: str) -> str:
    value: Any = content
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _chosen(index: Mapping[str, Any], platform: str) -> str:
    """Return the digest of the platform's image in an index, else of the first that is one."""
    found = index["manifests"] if isinstance(index["manifests"], list) else []
    first = ""
    for entry in found:
        if not isinstance(entry, dict) or not _DIGEST.fullmatch(_field(entry, "digest")):
            continue
        name = f"{_field(entry, 'platform', 'os')}/{_field(entry, 'platform', 'architecture')}"
        if name == platform:
            return _field(entry, "digest")
        if name != "unknown/unknown":  # attestations
            first = first or _field(entry, "digest")
    return first


def _mismatch(where: str, what: str, expected: str, actual: str) -> DigestMismatchError:
    return DigestMismatchError(
        f"{where}: {what} should be {expected} and is {actual}",
        "The registry's storage is damaged, or something on the way alters answers. Build with --force; if"
        " that does not help, delete the file of that digest in the registry's storage.",
    )
