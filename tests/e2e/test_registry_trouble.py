"""A registry that fails, lies, or is none: retried, found out, told; never a false success."""

from __future__ import annotations

import hashlib
import socket
import time

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.faulty_registry import Answer, FaultyRegistry, FirstRequests
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def build(edk: Command, extension: Extension, address: str):
    """Build by another address of the registry."""
    extension.image("seg")
    return edk.with_environ(LOCAL_REGISTRY_URL=address)("build", "--dir", str(extension.path), "--json")


@pytest.mark.parametrize(
    ("method", "within", "status"),
    [
        ("HEAD", "/manifests/", 503),
        ("PUT", "/manifests/", 500),
        ("POST", "/uploads/", 503),
        ("GET", "/manifests/", 502),
        ("PUT", "/manifests/", 429),
    ],
)
def test_failing_for_a_while(
    edk: Command,
    extension: Extension,
    registry: RegistryReader,
    registry_host: str,
    method: str,
    within: str,
    status: int,
) -> None:
    """A registry that fails twice and then works gets the image, in one run."""
    rule = FirstRequests(2, status, method, within)
    with FaultyRegistry(registry_host, rule) as faulty:
        build(edk, extension, faulty.address).expect(0)

    assert 2 == rule.failed
    assert registry.has(extension.name("seg"), VERSION)


def test_says_created_and_stores_nothing(edk: Command, extension: Extension, registry_host: str) -> None:
    """A registry that takes a manifest and forgets it makes the image a failure."""

    def forgets(method: str, path: str) -> Answer:
        return (201, b"") if method == "PUT" and "/manifests/" in path else None

    with FaultyRegistry(registry_host, forgets) as faulty:
        run = build(edk, extension, faulty.address)

    run.expect(run.named("RunFinished")[0]["exit_code"])
    assert run.code in (1, 4)
    (failed,) = run.named("ImageFailed")
    assert extension.name("seg") in failed["message"]
    assert [] == run.named("ImageFinished")


def test_wrong_digest(edk: Command, extension: Extension, registry_host: str) -> None:
    """A registry that tells another digest than what it holds makes the image a failure."""
    wrong = "sha256:" + hashlib.sha256(b"something else").hexdigest()

    with FaultyRegistry(registry_host, digest=wrong) as faulty:
        run = build(edk, extension, faulty.address)

    assert run.code in (1, 4)
    assert "Traceback" not in run.err
    assert [] == run.named("ImageFinished")


def test_failing_for_ever(edk: Command, extension: Extension, registry_host: str) -> None:
    """A registry that takes no manifest at all is told after the last attempt, with exit code 4."""
    rule = FirstRequests(10_000, 503, "PUT", "/manifests/")
    with FaultyRegistry(registry_host, rule) as faulty:
        run = build(edk.with_environ(EDK_RETRIES="1"), extension, faulty.address).expect(4)

    assert 1 == len(run.named("RetryScheduled"))
    assert "503" in run.named("ImageFailed")[0]["message"]


def test_page_of_something_else(edk: Command, extension: Extension, registry_host: str) -> None:
    """A web server that answers /v2/ with a page is told to be no registry, at once."""

    def page(_method: str, _path: str) -> Answer:
        return 200, b"<html><body>Please log in to the hospital's network</body></html>"

    with FaultyRegistry(registry_host, page) as faulty:
        run = build(edk, extension, faulty.address).expect(4)

    assert faulty.address in run.err + run.out
    assert 10 > run.seconds


def test_nobody_listens(edk: Command, extension: Extension) -> None:
    """A registry that is not there is told within seconds, by its address."""
    run = build(edk, extension, "localhost:1").expect(4)

    assert "localhost:1" in run.err + run.out
    assert 5 > run.seconds


def test_black_hole(edk: Command, extension: Extension) -> None:
    """A registry that takes connections and never answers is told within half a minute."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        run = build(edk, extension, f"localhost:{server.getsockname()[1]}").expect(4)

    assert 30 > time.monotonic() - started
    assert "localhost:" in run.err + run.out


def test_proxies_that_lead_nowhere(edk: Command, extension: Extension) -> None:
    """Proxy variables do not concern the registry of this machine."""
    dead = "http://127.0.0.1:9"
    environ = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"), dead)
    extension.image("seg")

    run = edk.with_environ(**environ)("build", "--dir", str(extension.path), "--json").expect(0)

    assert [extension.name("seg")] == run.images("ImageFinished")
