"""Archives of images of the real registry, imported by the real engine."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import pytest

from edk.adapters.registry.http import OCI_INDEX, HttpRegistry
from edk.domain.errors import BuildError, DigestMismatchError
from edk.domain.shipping import Shipment
from edk.orchestrator.image_archive import packed, write_archive
from tests.fakes.registry import digest_of
from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.unit.archive.layout import blobs_of, members

pytestmark = pytest.mark.integration


def write(registry: HttpRegistry, repository: str, tag: str, path: Path) -> str:
    """Write the archive of one image, and return the image's digest."""
    image = packed(registry, Shipment(repository, repository, tag, ("a/b:c",)))
    write_archive(registry, [image], str(path))
    return image.digest


@pytest.fixture
def engine(engine_endpoint: str) -> Iterator[docker.DockerClient]:
    """The engine, asked by no code of the EDK."""
    client = docker.DockerClient(base_url=engine_endpoint)
    yield client
    client.close()


@pytest.fixture
def built(edk: Command, extension: Extension) -> str:
    """The name of an image of several layers that stands in the registry as ``:7``."""
    folder = extension.image("x", "COPY data.txt /data.txt\nCOPY more.txt /more.txt\n", files=FILES)
    edk("build-image", "--dir", str(folder), "--image-version", "7").expect(0)
    return extension.name("x")


FILES = {"data.txt": "the data\n", "more.txt": "more of it\n"}


class Damaging(BaseHTTPRequestHandler):
    """Hands requests on to a registry, and changes a byte of every large blob."""

    host = ""

    def do_GET(self) -> None:
        """Hand it on."""
        asked = urllib.request.Request(
            f"http://{self.host}{self.path}", headers={"Accept": self.headers["Accept"] or "*/*"}
        )
        with urllib.request.urlopen(asked, timeout=20) as answer:
            body = answer.read()
            headers = dict(answer.headers)
        if "/blobs/" in self.path and len(body) > 1000:
            body = body[:500] + bytes([body[500] ^ 1]) + body[501:]
        self.send_response(200)
        for name in ("Content-Type", "Docker-Content-Digest", "Docker-Distribution-Api-Version"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture
def damaging(registry_host: str) -> Iterator[str]:
    """The address of a registry that damages what it hands out."""
    handler = type("To", (Damaging,), {"host": registry_host})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_archive_holds_exactly_what_the_registry_holds(
    built: str, registry_host: str, registry: RegistryReader, tmp_path: Path
) -> None:
    """Every blob of the manifest under its true digest, and the manifest itself."""
    path = tmp_path / "x.tar"

    digest = write(HttpRegistry(registry_host), built, "7", path)

    manifest = registry.manifest(built, "7")
    blobs = blobs_of(members(path))
    wanted = {manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
    assert wanted | {digest} == set(blobs)
    assert {name: digest_of(content) for name, content in blobs.items()} == {name: name for name in blobs}
    assert registry.digest(built, "7") == digest
    assert ["x.tar"] == [file.name for file in tmp_path.glob("*.tar*")]


def test_the_engine_imports_an_archive(
    edk: Command, extension: Extension, registry: RegistryReader, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """By the platform's name, as the very image that stands in the registry, and it runs."""
    folder = extension.image("x", "COPY data.txt /data.txt\nCOPY more.txt /more.txt\n", files=FILES)
    name = extension.name("x")
    at_platform = edk.with_environ(REGISTRY_URL="registry.example.org/platform", VOLUME_PATH=str(tmp_path / "volume"))
    run = at_platform("build-image", "--dir", str(folder), "--image-version", "7", "--tar").expect(0)
    archive = tmp_path / "volume" / f"{name}.tar"
    image_id = registry.manifest(name, "7")["config"]["digest"]
    for tag in engine.images.get(image_id).tags:
        engine.images.remove(tag)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(image_id)

    with archive.open("rb") as stream:
        (image,) = engine.images.load(stream)

    try:
        assert str(archive) in run.out
        assert image_id == image.id
        assert [f"registry.example.org/platform/{name}:7"] == image.tags
        said = engine.containers.run(image, ["cat", "/data.txt", "/more.txt"], remove=True, network_mode="none")
        assert "".join(FILES.values()) == said.decode()
    finally:
        engine.images.remove(f"registry.example.org/platform/{name}:7")


def test_a_damaged_blob_leaves_no_archive(built: str, damaging: str, tmp_path: Path) -> None:
    """What a disk or a proxy changed on the way is told, and never imported."""
    path = tmp_path / "volume" / "x.tar"

    with pytest.raises(DigestMismatchError):
        write(HttpRegistry(damaging), built, "7", path)

    assert [] == list(path.parent.iterdir())


def test_an_image_of_several_platforms_is_refused(built: str, registry_host: str, tmp_path: Path) -> None:
    """With what to do."""
    with urllib.request.urlopen(
        urllib.request.Request(
            f"http://{registry_host}/v2/{built}/manifests/7",
            headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
        ),
        timeout=20,
    ) as answer:
        content, kind = answer.read(), answer.headers["Content-Type"]
    entry = {"mediaType": kind, "digest": digest_of(content), "size": len(content)}
    platform = {"os": "linux", "architecture": "amd64"}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**entry, "platform": platform}]}
    put = urllib.request.Request(
        f"http://{registry_host}/v2/{built}/manifests/both",
        json.dumps(index).encode(),
        {"Content-Type": OCI_INDEX},
        method="PUT",
    )
    urllib.request.urlopen(put, timeout=20).close()

    with pytest.raises(BuildError, match="both holds several platforms") as caught:
        write(HttpRegistry(registry_host), built, "both", tmp_path / "volume" / "x.tar")

    assert "--platform" in caught.value.hint
    assert not (tmp_path / "volume").exists()


def test_a_volume_that_cannot_be_written_is_told(edk: Command, extension: Extension, tmp_path: Path) -> None:
    """The image stands, its archive does not; no traceback."""
    folder = extension.image("x")
    (tmp_path / "file").write_text("")
    volume = edk.with_environ(VOLUME_PATH=str(tmp_path / "file" / "volume"))

    run = volume("build-image", "--dir", str(folder), "--image-version", "7", "--tar").expect(1)

    assert f"{extension.name('x')}.tar can't be written" in run.err
    assert "VOLUME_PATH" in run.err


def test_without_a_platform_nothing_is_imported(edk: Command, extension: Extension) -> None:
    """The archive is there, and the error says which setting is missing."""
    folder = extension.image("x")

    run = edk("build-image", "--dir", str(folder), "--image-version", "7", "--import").expect(2)

    assert "KUBE_HELM_URL is not set" in run.err
    assert [f"{extension.name('x')}.tar"] == [path.name for path in (edk.cwd / "volume").iterdir()]
