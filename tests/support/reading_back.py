"""Asks the registry itself what it holds, by no code of the EDK."""

from __future__ import annotations

import io
import json
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

_MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class RegistryReader:
    """Reads images of a registry over plain HTTP.

    Args:
        host: and port.
    """

    host: str

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes, Any]:
        headers = {"Accept": _MANIFESTS} | ({"Content-Type": kind} if kind else {})
        asked = urllib.request.Request(f"http://{self.host}/v2/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def digest(self, repository: str, tag: str) -> str:
        """Return the digest of a tag's manifest, empty if there is none."""
        status, _, headers = self._ask("HEAD", f"{repository}/manifests/{tag}")
        return str(headers["Docker-Content-Digest"]) if status == 200 else ""

    def has(self, repository: str, tag: str) -> bool:
        """Tell whether a tag stands."""
        return bool(self.digest(repository, tag))

    def manifest(self, repository: str, tag: str) -> dict[str, Any]:
        """Return a manifest."""
        status, content, _ = self._ask("GET", f"{repository}/manifests/{tag}")
        assert 200 == status, f"{repository}:{tag}: {status}"
        manifest: dict[str, Any] = json.loads(content)
        return manifest

    def manifest_of_tag(self, repository: str, tag: str) -> dict[str, Any]:
        """Return what stands under a tag, an index too."""
        url = f"http://{self.host}/v2/{repository}/manifests/{tag}"
        asked = urllib.request.Request(url, headers={"Accept": _INDEX})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            index: dict[str, Any] = json.loads(answer.read())
        return index

    def config(self, repository: str, tag: str) -> dict[str, Any]:
        """Return the configuration of an image."""
        digest = self.manifest(repository, tag)["config"]["digest"]
        config: dict[str, Any] = json.loads(self._ask("GET", f"{repository}/blobs/{digest}")[1])
        return config

    def labels(self, repository: str, tag: str) -> dict[str, str]:
        """Return the labels of an image."""
        return self.config(repository, tag)["config"].get("Labels") or {}

    def file(self, repository: str, tag: str, path: str) -> tuple[bytes, int]:
        """Return a regular file's content and mode, of the uppermost layer that holds it."""
        for layer in reversed(self.manifest(repository, tag)["layers"]):
            blob = self._ask("GET", f"{repository}/blobs/{layer['digest']}")[1]
            with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
                for member in tar:
                    if member.name.lstrip("./") == path and member.isreg():
                        opened = tar.extractfile(member)
                        assert opened is not None
                        return opened.read(), member.mode
        raise AssertionError(f"{repository}:{tag} has no {path}")

    def text(self, repository: str, tag: str, path: str) -> str:
        """Return a file's text."""
        return self.file(repository, tag, path)[0].decode()

    def untag(self, repository: str, tag: str) -> None:
        """Remove the manifest that a tag points to, with all its tags."""
        status, _, _ = self._ask("DELETE", f"{repository}/manifests/{self.digest(repository, tag)}")
        assert 202 == status, f"the registry does not delete: {status}"

    def move(self, repository: str, tag: str, to: str) -> None:
        """Point a tag at what another tag of the repository points to."""
        _, content, headers = self._ask("GET", f"{repository}/manifests/{to}")
        status, _, _ = self._ask("PUT", f"{repository}/manifests/{tag}", content, headers["Content-Type"])
        assert 201 == status
