"""The pages of a real registry: what was pushed is on them, and nothing that happens to the registry breaks them."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edk.adapters.registry import HttpRegistry
from edk.domain.fingerprint import LABEL
from edk.domain.oci import OCI_INDEX
from tests.fakes.registry import MANIFEST, digest_of
from tests.support.command import Command, base_environ
from tests.support.faulty_registry import FaultyRegistry
from tests.support.html import read_page
from tests.support.images import documents, put_image
from tests.support.paging import Served
from tests.support.started import StartedRegistry

pytestmark = pytest.mark.integration
BASE = b"base" * 50_000


@pytest.fixture
def started(tmp_path: Path) -> Iterator[StartedRegistry]:
    """A registry of the test's own."""
    with StartedRegistry(tmp_path / "registry") as registry:
        yield registry


@pytest.fixture
def registry(started: StartedRegistry) -> HttpRegistry:
    """The same, to push to."""
    return HttpRegistry(started.host, environ={})


def command(tmp_path: Path, host: str, **more: str) -> Command:
    """The command line of somebody who has a registry and nothing else."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return Command(home, dict(base_environ("unix:///nowhere.sock", home, EDK_REGISTRY=host, **more)))


@pytest.fixture
def page(started: StartedRegistry, tmp_path: Path) -> Iterator[Served]:
    """Pages of the registry."""
    with Served(command(tmp_path, started.host)) as served:
        yield served


def put_index(registry: HttpRegistry, repository: str, tag: str) -> str:
    """Store an image of two platforms, and return the digest of its index."""
    entries = []
    for arch in ("amd64", "arm64"):
        layer = arch.encode() * 1000
        config, manifest = documents([layer], {"arch": arch})
        for content in (config, layer):
            registry.upload(repository, digest_of(content), len(content), [content])
        digest = registry.put_manifest(repository, digest_of(manifest), MANIFEST, manifest)
        platform = {"os": "linux", "architecture": arch}
        entries.append({"mediaType": MANIFEST, "digest": digest, "size": len(manifest), "platform": platform})
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return registry.put_manifest(repository, tag, OCI_INDEX, index)


def test_what_was_pushed_is_shown(page: Served, registry: HttpRegistry) -> None:
    """Every link of the list leads to a page; an index is one row, with a section for each platform."""
    put_image(registry, "base", "latest", [BASE], {LABEL: f"sha256:{'1' * 64}"})
    put_image(registry, "group/seg", "0.6.0", [BASE, b"own" * 9999], {LABEL: f"sha256:{'2' * 64}", "note": "<b>hi</b>"})
    index = put_index(registry, "multi", "1")

    shown = page.read("/")

    for words in ("base", "group/seg", "0.6.0", "multi", "linux/amd64", "linux/arm64", "No extensions are read here"):
        assert words in shown.text
    pages = {link: page.read(link) for link in set(shown.links) if "/image/" in link}
    assert 3 == len(pages)
    seg = next(read for link, read in pages.items() if "seg" in link)
    assert "<b>hi</b>" in seg.text
    assert "base:latest" in seg.text
    multi = pages[f"/image/multi@{index}"]
    assert 2 == multi.text.count("What makes it big")


def test_the_command_to_remove_does_remove(page: Served, registry: HttpRegistry) -> None:
    """As it stands on the page, in a shell."""
    import subprocess

    put_image(registry, "gone", "1", [b"x"])
    text = page.read("/image/gone").text
    line = text[text.index("curl -X DELETE") :].split("It")[0].split("\n")[0]

    subprocess.run(["sh", "-c", f"{line} --fail --silent"], check=True, timeout=20)

    assert registry.head("gone", "1") is None


def test_a_registry_that_goes_and_comes_back(page: Served, started: StartedRegistry, registry: HttpRegistry) -> None:
    """503 with what to do while it is away, for people and programs; then all as it was, without a restart."""
    put_image(registry, "x", "1", [b"x"])
    assert "x" in page.read("/").text
    started.stop()

    away = page.until("/", 503)
    api = json.loads(page.get("/api/images.json", 503))

    assert f"Nothing answers at registry {started.host}" in away.text
    assert "setup.sh" in away.text
    assert f"Nothing answers at registry {started.host}" in api["error"]
    assert b"ok\n" == page.get("/healthz", 200)
    started.set_up()
    assert "x" in page.until("/", 200).text


def test_a_damaged_image_is_shown_as_such(page: Served, registry: HttpRegistry, started: StartedRegistry) -> None:
    """And all others as ever."""
    put_image(registry, "sound", "1", [b"x"])
    digest = put_image(registry, "broken", "1", [b"y"]).removeprefix("sha256:")
    (started.blobs / "sha256" / digest[:2] / digest / "data").write_bytes(b"{}")

    shown = page.read("/")

    assert "damaged" in shown.text
    assert "sound" in shown.text


def test_many_viewers_cost_one_survey(started: StartedRegistry, registry: HttpRegistry, tmp_path: Path) -> None:
    """Whatever number of them look at once, the registry is asked for each thing once."""
    for n in range(5):
        put_image(registry, f"x{n}", "1", [b"x", str(n).encode()])

    with FaultyRegistry(started.host) as counted, Served(command(tmp_path, counted.address)) as page:
        threads = [threading.Thread(target=page.get, args=("/", 200)) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert {1} == set(Counter(line for line in counted.requests if not line.endswith("/v2/")).values())
    assert 1 + 5 * 4 == len([line for line in counted.requests if not line.endswith("/v2/")])


def test_a_slow_registry_holds_nobody_up(started: StartedRegistry, registry: HttpRegistry, tmp_path: Path) -> None:
    """Whoever asks first is told that it takes long; it is shown once it is there."""
    put_image(registry, "x", "1", [b"x"])
    may_answer = threading.Event()

    def slow(_method: str, path: str) -> None:
        # Each answer comes in time, and both together do not.
        if "_catalog" in path or "/tags/" in path:
            may_answer.wait(8)

    with FaultyRegistry(started.host, slow) as held, Served(command(tmp_path, held.address)) as page:
        assert "The registry answers slowly" in read_page(page.get("/", 503)).text
        may_answer.set()
        assert "x" in page.until("/", 200).text


def test_three_hundred_images(started: StartedRegistry, registry: HttpRegistry, tmp_path: Path) -> None:
    """The command asks for each one's tags and where they point, and reads none twice."""

    def push(n: int) -> None:
        put_image(registry, f"many/image-{n}", "1", [b"base", str(n).encode()], {LABEL: f"sha256:{n:064}"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, range(300)))
    with FaultyRegistry(started.host) as counted:
        edk = command(tmp_path, counted.address)
        first = json.loads(edk("images", "--json").expect(0).out)
        cost = len(counted.requests)
        again = json.loads(edk("images", "--json").expect(0).out)

    assert 300 == len(first["images"]) == len(again["images"])
    assert (2 + 4 * 300, 2 + 2 * 300) == (cost, len(counted.requests) - cost)
    assert {len(b"base")} == {each["shared_bytes"] for each in first["images"]}


def test_below_a_path_and_by_a_name(started: StartedRegistry, registry: HttpRegistry, tmp_path: Path) -> None:
    """As a proxy of the platform asks for it, with or without the path in front."""
    put_image(registry, "x", "1", [b"x"])
    environ = {"EDK_PAGE_PATH": "/local-registry-ui/", "EDK_PAGE_HOSTS": "kaapana.example.org"}
    with Served(command(tmp_path, started.host, **environ)) as page:
        for target in ("/local-registry-ui", "/local-registry-ui/", "/"):
            shown = page.read(target, host="kaapana.example.org")
            assert all(link.startswith("/local-registry-ui/") for link in shown.links)
        page.get("/", 421, host="attacker.example.org")


def test_it_ends_at_once_when_it_is_told_to(started: StartedRegistry, tmp_path: Path) -> None:
    """Without a word about it."""
    with Served(command(tmp_path, started.host)) as page:
        page.process.send_signal(signal.SIGTERM)
        out, err = page.process.communicate(timeout=20)

    assert (130, b"") == (page.process.returncode, err)
    assert b"Traceback" not in out


def test_it_never_writes(started: StartedRegistry, registry: HttpRegistry, tmp_path: Path) -> None:
    """Nothing to the registry; and it does without a state that it can't write to."""
    put_image(registry, "x", "1", [b"x"])
    with FaultyRegistry(started.host) as noted:
        edk = command(tmp_path, noted.address, EDK_STATE_DIR="/proc/nowhere")
        with Served(edk) as page:
            assert "x" in page.read("/").text

    assert {"GET", "HEAD"} == {line.split()[0] for line in noted.requests}


