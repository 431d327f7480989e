"""Writing into a registry: blobs, manifests, and their removal, by the OCI distribution specification.

Nothing is taken on trust here either: what was uploaded is asked for, and a manifest is read back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from edk.adapters.registry.faults import unexpected
from edk.domain.errors import BuildError, DigestMismatchError

if TYPE_CHECKING:
    from edk.adapters.registry.transport import Answer, Transport

_NO_DELETION = "Set REGISTRY_STORAGE_DELETE_ENABLED=true in its environment, and start it again."


class RegistryWriting:
    """The writing half of `edk.adapters.registry.HttpRegistry`."""

    _transport: Transport

    def has_blob(self, repository: str, digest: str) -> bool:
        """See `edk.ports.Registry.has_blob`."""
        path = _blob(repository, digest)
        answer = self._transport.send("HEAD", path)
        return self._known(answer, "HEAD", path)

    def upload(self, repository: str, digest: str, size: int, pieces: Iterable[bytes]) -> None:
        """See `edk.ports.Registry.upload`."""
        where = self._begin(repository, {})
        if not isinstance(where, str):
            raise unexpected(self._transport.host, "POST", _uploads(repository), where.status, where.body)
        mark = "&" if "?" in where else "?"
        path = f"{where}{mark}{urlencode({'digest': digest})}"
        answer = self._transport.upload(path, size, pieces)
        if answer.status == 400:
            raise DigestMismatchError(
                f"{self._transport.host}/{repository}: what was uploaded as {digest} is something else",
                "The source of the blob is damaged: take it from elsewhere, or build it anew.",
            )
        if answer.status not in (201, 202, 204):
            raise unexpected(self._transport.host, "PUT", path, answer.status, answer.body)
        if not self.has_blob(repository, digest):
            raise self._lost(repository, f"blob {digest}")

    def try_writing(self, repository: str) -> None:
        """See `edk.ports.Registry.try_writing`."""
        where = self._begin(repository, {})
        if not isinstance(where, str):
            raise unexpected(self._transport.host, "POST", _uploads(repository), where.status, where.body)
        answer = self._transport.send("PATCH", where, {"Content-Type": "application/octet-stream"}, b"edk")
        if answer.status != 202:
            raise unexpected(self._transport.host, "PATCH", where, answer.status, answer.body)
        parts = urlsplit(urljoin(where, answer.header("location") or where))
        self._transport.send("DELETE", f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """See `edk.ports.Registry.mount`."""
        where = self._begin(repository, {"mount": digest, "from": source})
        if isinstance(where, str):
            # The registry began an upload instead: it does not have the blob there, or does not mount.
            self._transport.send("DELETE", where)
            return False
        return where.status == 201

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """See `edk.ports.Registry.put_manifest`."""
        digest = "sha256:" + sha256(content).hexdigest()
        path = _manifest(repository, reference)
        answer = self._transport.send("PUT", path, {"Content-Type": media_type}, content)
        if answer.status in (400, 404):
            raise DigestMismatchError(
                f"{self._transport.host}/{repository} refuses the manifest {reference}: {_said(answer)}",
                "A blob that it names is not there: upload it first, or build the image anew.",
            )
        if answer.status not in (200, 201, 202):
            raise unexpected(self._transport.host, "PUT", path, answer.status, answer.body)
        now = self._transport.send("HEAD", path, {"Accept": media_type})
        if now.status != 200 or now.header("docker-content-digest") not in ("", digest):
            raise self._lost(repository, f"manifest {reference}")
        return digest

    def delete(self, repository: str, digest: str) -> bool:
        """See `edk.ports.Registry.delete`."""
        path = _manifest(repository, digest)
        answer = self._transport.send("DELETE", path)
        if answer.status == 405:
            raise BuildError(f"Registry {self._transport.host} does not let images be deleted", _NO_DELETION)
        return self._known(answer, "DELETE", path)

    def _begin(self, repository: str, query: dict[str, str]) -> str | Answer:
        """Return the path of an upload that was begun, or the answer if none was."""
        path = _uploads(repository) + (f"?{urlencode(query)}" if query else "")
        answer = self._transport.send("POST", path, body=b"")
        if answer.status != 202 or not answer.header("location"):
            if answer.status >= 400:
                raise unexpected(self._transport.host, "POST", path, answer.status, answer.body)
            return answer
        # Of the same host, whatever it says: some registries call themselves by a name that is not known here.
        parts = urlsplit(urljoin(path, answer.header("location")))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _known(self, answer: Answer, method: str, path: str) -> bool:
        if answer.status == 404:
            return False
        if answer.status not in (200, 202):
            raise unexpected(self._transport.host, method, path, answer.status, answer.body)
        return True

    def _lost(self, repository: str, what: str) -> DigestMismatchError:
        return DigestMismatchError(
            f"{self._transport.host}/{repository} took {what}, but does not hold it",
            "Look at the registry's log and disk, then try again.",
        )


def _said(answer: Answer) -> str:
    """Return the registry's own words, see "Error Codes" in the distribution specification."""
    try:
        errors = json.loads(answer.body)["errors"]
        return "; ".join(f"{e.get('message', '')} {e.get('detail') or ''}".strip() for e in errors[:3])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"status {answer.status}"


def _uploads(repository: str) -> str:
    return f"/v2/{quote(repository)}/blobs/uploads/"


def _blob(repository: str, digest: str) -> str:
    return f"/v2/{quote(repository)}/blobs/{quote(digest, ':')}"


def _manifest(repository: str, reference: str) -> str:
    return f"/v2/{quote(repository)}/manifests/{quote(reference, ':')}"
