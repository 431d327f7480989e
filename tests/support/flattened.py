"""What an image holds once its layers lie on one another, read from the registry by no code of the EDK."""

from __future__ import annotations

import hashlib
import json
import posixpath
import subprocess
import tarfile
import urllib.request
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import IO, Any

_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json"
)
_OPAQUE = ".wh..wh..opq"
_GONE = ".wh."
_CONFIG = ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "ExposedPorts")
_CREATED = "org.opencontainers.image.created"


@dataclass(frozen=True)
class Held:
    """A file, folder or link.

    Args:
        kind: ``file``, ``dir``, ``link``, or the type of a tar's member.
        mode: permission bits.
        owner: user and group.
        size: in bytes.
        content: sha256 of a file's, target of a link.
        time: of its last change, in whole seconds of the epoch.
    """

    kind: str
    mode: int
    owner: tuple[int, int]
    size: int
    content: str
    time: int

    def without_time(self) -> Held:
        """Return it as if it had been changed in 1970."""
        return replace(self, time=0)


@dataclass(frozen=True)
class Flattened:
    """An image.

    Args:
        files: by path, without a slash before.
        config: what a container of it is started with, without the label of its time.
        layers: media types, lowest first.
        media_type: of its manifest.
    """

    files: dict[str, Held]
    config: dict[str, Any]
    layers: tuple[str, ...]
    media_type: str


def flatten(host: str, repository: str, reference: str, platform: str = "linux/amd64") -> Flattened:
    """Read an image by its tag or digest; of an index the image for a platform."""
    manifest = manifest_of(host, repository, reference)
    if "manifests" in manifest:
        (digest,) = [one["digest"] for one in manifest["manifests"] if _platform(one) == platform]
        manifest = manifest_of(host, repository, digest)
    files: dict[str, Held] = {}
    for layer in manifest["layers"]:
        _lay(files, _layer(host, repository, layer["digest"], layer["mediaType"]))
    config = json.loads(blob(host, repository, manifest["config"]["digest"]))["config"]
    labels = {name: value for name, value in (config.get("Labels") or {}).items() if name != _CREATED}
    kept = {name: config.get(name) or None for name in _CONFIG}
    types = tuple(layer["mediaType"] for layer in manifest["layers"])
    return Flattened(files, {**kept, "Labels": labels}, types, manifest["mediaType"])


def manifest_of(host: str, repository: str, reference: str) -> dict[str, Any]:
    """Return a manifest or an index."""
    url = f"http://{host}/v2/{repository}/manifests/{reference}"
    asked = urllib.request.Request(url, headers={"Accept": _MANIFESTS})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        manifest: dict[str, Any] = json.loads(answer.read())
    return manifest


def blob(host: str, repository: str, digest: str) -> bytes:
    """Return the content of a blob."""
    with urllib.request.urlopen(f"http://{host}/v2/{repository}/blobs/{digest}", timeout=60) as answer:
        content: bytes = answer.read()
    return content


def differences(one: Flattened, other: Flattened) -> list[str]:
    """Return a line for each path that is not the same in both."""
    paths = sorted(one.files.keys() | other.files.keys())
    return [
        f"{path}: {one.files.get(path)} / {other.files.get(path)}"
        for path in paths
        if one.files.get(path) != other.files.get(path)
    ]


def _platform(descriptor: dict[str, Any]) -> str:
    platform = descriptor.get("platform", {})
    return f"{platform.get('os')}/{platform.get('architecture')}"


def _lay(files: dict[str, Held], layer: tuple[tuple[str, Held | None], ...]) -> None:
    # What a layer takes away is what lay below it, wherever in the layer that stands.
    for folder, name in (posixpath.split(path) for path, held in layer if held is None):
        gone = folder if name == _OPAQUE else posixpath.join(folder, name.removeprefix(_GONE))
        for there in [one for one in files if one.startswith(f"{gone}/") or (one == gone and name != _OPAQUE)]:
            del files[there]
    for path, held in layer:
        if held is not None:
            before = files.get(path)
            if held.kind != "dir" and before is not None and before.kind == "dir":
                for below in [one for one in files if one.startswith(f"{path}/")]:
                    del files[below]
            files[path] = held


@lru_cache(maxsize=256)
def _layer(host: str, repository: str, digest: str, media_type: str) -> tuple[tuple[str, Held | None], ...]:
    content = blob(host, repository, digest)
    if "zstd" in media_type:
        content = subprocess.run(["zstd", "-dc"], input=content, capture_output=True, check=True).stdout
    found: list[tuple[str, Held | None]] = []
    with tarfile.open(fileobj=BytesIO(content)) as tar:
        for member in tar:
            path = posixpath.normpath(member.name).lstrip("/")
            whiteout = posixpath.basename(path).startswith(_GONE)
            found.append((path, None if whiteout else _held(tar, member)))
    return tuple(found)


def _held(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Held:
    kind = "dir" if member.isdir() else "link" if member.issym() else "file" if member.isreg() else str(member.type)
    opened = tar.extractfile(member) if member.isreg() else None
    content = _hash(opened) if opened else member.linkname
    owner = (member.uid, member.gid)
    return Held(kind, member.mode & 0o7777, owner, member.size, content, int(member.mtime))


def _hash(stream: IO[bytes]) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
