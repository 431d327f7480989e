"""What a BuildKit daemon keeps of contexts, and what it makes of layers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.request
import uuid
from pathlib import Path

import pytest

from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.cancellation import Cancel
from edk.adapters.files import FileTree
from edk.domain.files import ContextFile
from edk.domain.requests import NO_SESSION, BuildRequest, SessionOptions
from edk.orchestrator.context_tar import SourceContext

pytestmark = pytest.mark.integration

DOCKERFILE = b"FROM scratch\nCOPY data /data\n"
ACCEPT = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


def _build(builder: BuildKitBuilder, tree: Path, name: str, session: SessionOptions = NO_SESSION) -> str:
    (tree / name).mkdir(exist_ok=True)
    content = uuid.uuid4().hex.encode()
    (tree / name / "data").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    context = (ContextFile("data", "file", False, len(content), digest, "", 0o644),)
    repository = f"buildkit-contexts/{uuid.uuid4().hex}"
    path = str(tree / name / "Dockerfile")
    request = BuildRequest(name, f"localhost:32000/{repository}:1", DOCKERFILE, path, session=session)
    source = SourceContext(DOCKERFILE, context, str(tree / name), FileTree(), request.dockerfile_member)
    builder.build(request, source, lambda _: None, Cancel())
    return repository


def _copies(address: str) -> list[str]:
    told = subprocess.run(
        ["buildctl", "--addr", address, "du", "--verbose"], capture_output=True, text=True, check=True
    )
    lines = [line.partition(":")[2].strip() for line in told.stdout.splitlines() if line.startswith("Description:")]
    return sorted(line for line in lines if line.startswith("local source for ") and line.endswith("-context"))


def _layers(repository: str) -> list[str]:
    url = f"http://localhost:32000/v2/{repository}/manifests/1"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": ACCEPT}), timeout=10) as answer:
        return [layer["mediaType"] for layer in json.load(answer)["layers"]]


def test_each_target_has_a_copy_of_its_own_in_the_daemon(
    buildkit_address: str, registry_host: str, tmp_path: Path
) -> None:
    """Targets that are built in turn do not take the copy of the context from each other."""
    assert registry_host
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "staged"))
    before = _copies(buildkit_address)

    for name in ("one", "two", "one", "two"):
        _build(builder, tmp_path, name)

    new = [copy for copy in _copies(buildkit_address) if copy not in before]
    assert len(new) == 2
    assert len(set(new)) == 2


@pytest.mark.parametrize(
    ("compression", "suffix"), [("", "tar.gzip"), ("gzip", "tar.gzip"), ("zstd", "tar+zstd"), ("uncompressed", "tar")]
)
def test_layers_are_compressed_as_it_was_asked(
    buildkit_address: str, registry_host: str, tmp_path: Path, compression: str, suffix: str
) -> None:
    """Without a wish they are of the kind that all engines read."""
    assert registry_host
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "staged"))

    repository = _build(builder, tmp_path, "one", SessionOptions(compression=compression))

    assert [layer.rpartition("rootfs.diff.")[2].rpartition("layer.v1.")[2] for layer in _layers(repository)] == [suffix]
