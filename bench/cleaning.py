"""Give the engine's and the registry's disk back."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    import docker

MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
LARGE = 1_900_000_000


@dataclass(slots=True)
class Leftovers:
    """What the bench leaves in engine and registry: references, and what the build cache gets from `since` on."""

    mark: str
    refs: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.time)

    def remove(self) -> None:
        """Remove the images, their tags in the registry, and the cached steps that name the mark or are huge.

        The build cache belongs to all who build here, so it is not emptied.
        """
        # Imported once all is measured: the memory of a process counts from that of its parent.
        import docker

        client = docker.from_env(timeout=600)
        try:
            for ref in dict.fromkeys(self.refs):
                _unpublish(ref)
            for image in client.images.list():
                # A tag that moved on leaves an image that is known by its digest only.
                names = [*(image.attrs.get("RepoTags") or ()), *(image.attrs.get("RepoDigests") or ())]
                if any(f"/{self.mark}-" in name for name in names):
                    _forget(client, str(image.id))
            self._prune(client)
        finally:
            client.close()

    def _prune(self, client: docker.DockerClient) -> None:
        before: set[str] = set()
        while True:
            # A step can go once those behind it are gone.
            found = {record["ID"] for record in client.api.df().get("BuildCache") or () if self._is_ours(record)}
            if found == before:
                return
            for record in found:
                client.api.prune_builds(filters={"id": record}, all=True)  # type: ignore[arg-type]
            before = found

    def _is_ours(self, record: dict[str, Any]) -> bool:
        made = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.since))
        huge = record["Size"] > LARGE and record["CreatedAt"] >= made
        return not record["InUse"] and (huge or self.mark in record["Description"])


def _forget(client: docker.DockerClient, image: str) -> None:
    import docker.errors

    try:
        client.images.remove(image, force=True)
    except docker.errors.ImageNotFound:
        return


def _unpublish(ref: str) -> None:
    host, _, rest = ref.partition("/")
    name, _, tag = rest.partition(":")
    url = f"http://{host}/v2/{name}/manifests/"
    try:
        head = urllib3.request("HEAD", url + tag, headers={"Accept": MANIFESTS}, timeout=5, retries=False)
        digest = head.headers.get("Docker-Content-Digest")
        if head.status == 200 and digest:
            urllib3.request("DELETE", url + digest, timeout=5, retries=False)
    except urllib3.exceptions.HTTPError:
        return
