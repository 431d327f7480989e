"""A registry that lies, fails, hides behind a proxy or wants credentials."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edk.adapters.registry import HttpRegistry, HttpRegistryProbes
from edk.domain.errors import DigestMismatchError, RegistryUnreachableError

Reply = tuple[int, dict[str, str], bytes]
Rule = Callable[[str, str, dict[str, str], bytes], Reply]

OCI = "application/vnd.oci.image.manifest.v1+json"
PAGE = b"<!DOCTYPE html><html><head><title>Please log in</title></head></html>"


class Script:
    """A server that answers by a rule, and keeps what it was asked."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.asked: list[tuple[str, str]] = []
        self.connections: set[object] = set()
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.asked.append((self.command, self.path))
                script.connections.add(self.client_address)
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, sent, content = script.rule(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **sent}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def registry(self, **options: object) -> HttpRegistry:
        """The adapter on it."""
        return HttpRegistry(self.host, **{"environ": {}, **options})  # type: ignore[arg-type]


@pytest.fixture
def serve() -> Iterator[Callable[[Rule], Script]]:
    """Start servers, and stop them afterwards."""
    started: list[Script] = []

    def start(rule: Rule) -> Script:
        started.append(Script(rule))
        return started[-1]

    yield start
    for script in started:
        script.server.shutdown()
        script.server.server_close()


def always(status: int, headers: dict[str, str], body: bytes = b"") -> Rule:
    """Answer the same to everything."""
    return lambda *_: (status, headers, body)


def digest_of(content: bytes) -> str:
    """The digest of content."""
    return "sha256:" + sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Docker-Distribution-Api-Version": "registry/2.0"}, b""),
        (200, {"Content-Type": "application/json"}, b"{}"),
        (401, {"Docker-Distribution-Api-Version": "registry/2.0"}, b'{"errors": []}'),
    ],
)
def test_ping_knows_a_registry(serve: Callable[[Rule], Script], status: int, headers: dict, body: bytes) -> None:
    """What registries answer to /v2/ is enough, also where they want credentials."""
    assert serve(always(status, headers, body)).registry().ping() is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {"Content-Type": "text/html"}, PAGE, "web page (“Please log in”)"),
        (200, {}, b" <html>", "web page"),
        (200, {"Content-Type": "text/plain"}, b"hello", "answered 200 to GET /v2/: hello"),
        (404, {}, b"", "answered 404"),
        (503, {}, b"no space", "answered 503 to GET /v2/: no space"),
        (429, {}, b"", "answered 429"),
    ],
)
def test_ping_names_what_is_no_registry(
    serve: Callable[[Rule], Script], status: int, headers: dict, body: bytes, said: str
) -> None:
    """Anything else is an error of exit code 4 that quotes what answered."""
    with pytest.raises(RegistryUnreachableError) as caught:
        serve(always(status, headers, body)).registry().ping()

    assert said in caught.value.message
    assert caught.value.hint


def test_nothing_there_is_told_at_once() -> None:
    """A closed port is an error with a remedy."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"

        with pytest.raises(RegistryUnreachableError, match=r"Nothing answers .* refused") as caught:
            HttpRegistry(host, environ={}).head("x", "1")

    assert "setup.sh" in caught.value.hint


def test_a_silent_registry_is_given_up(serve: Callable[[Rule], Script], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes the request and does not answer is left after the time-out."""
    monkeypatch.setattr("edk.adapters.registry.transport.READ_SECONDS", 0.1)
    gate = threading.Event()

    def silent(*_: object) -> Reply:
        gate.wait(5)
        return 200, {}, b""

    registry = serve(silent).registry()
    with pytest.raises(RegistryUnreachableError, match="in time"):
        registry.head("x", "1")
    gate.set()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_failing_registry_is_no_absent_image(serve: Callable[[Rule], Script], status: int) -> None:
    """5xx and 429 are errors for every question, never “not there”."""
    registry = serve(always(status, {}, b'{"errors": []}')).registry()

    for ask in (registry.head, registry.manifest, registry.labels):
        with pytest.raises(RegistryUnreachableError, match=str(status)):
            ask("x", "1")
    with pytest.raises(RegistryUnreachableError, match=str(status)):
        registry.tags("x")


def test_a_tag_that_is_just_written_is_asked_for_again(serve: Callable[[Rule], Script]) -> None:
    """Docker's registry answers 500 to who reads a tag in the instant in which it is written."""
    answers = [500, 200]
    script = serve(lambda *_: (answers.pop(0), {"Docker-Content-Digest": "sha256:" + "a" * 64}, b""))

    found = script.registry().head("x", "1")

    assert found is not None
    assert "sha256:" + "a" * 64 == found.digest
    assert [] == answers


def test_a_page_with_200_is_no_image(serve: Callable[[Rule], Script]) -> None:
    """A portal that answers everything with its page does not make an image exist."""
    registry = serve(always(200, {"Content-Type": "text/html"}, PAGE)).registry()

    for ask in (registry.head, registry.manifest, registry.labels):
        with pytest.raises(RegistryUnreachableError, match="web page"):
            ask("x", "1")


def test_a_manifest_that_is_not_its_digest_is_refused(serve: Callable[[Rule], Script]) -> None:
    """Bytes are hashed and compared with the header, and with a digest that was asked for."""
    body = b'{"schemaVersion": 2}'
    wrong = "sha256:" + "0" * 64
    lying = serve(always(200, {"Docker-Content-Digest": wrong, "Content-Type": OCI}, body)).registry()
    silent = serve(always(200, {"Content-Type": OCI}, body)).registry()

    with pytest.raises(DigestMismatchError):
        lying.manifest("x", "1")
    with pytest.raises(DigestMismatchError):
        silent.manifest("x", wrong)
    found = silent.head("x", "1")
    assert digest_of(body) == (found and found.digest)


def test_a_damaged_config_gives_no_labels(serve: Callable[[Rule], Script]) -> None:
    """Labels come only from a config whose bytes are its digest's."""
    config = json.dumps({"config": {"Labels": {"a": "b"}}}).encode()
    manifest = json.dumps({"config": {"digest": digest_of(config)}}).encode()

    def rule(_: str, path: str, *__: object) -> Reply:
        return 200, {}, manifest if "/manifests/" in path else config + b" "

    with pytest.raises(DigestMismatchError, match="config should be"):
        serve(rule).registry().labels("x", "1")


def test_labels_of_an_index_are_those_of_the_platform(serve: Callable[[Rule], Script]) -> None:
    """Of several platforms the configured one counts, else the first that is no attestation."""
    contents: dict[str, bytes] = {}

    def stored(value: object) -> str:
        content = json.dumps(value).encode()
        contents[digest_of(content)] = content
        return digest_of(content)

    def image(name: str) -> str:
        config = stored({"config": {"Labels": {"is": name}}})
        return stored({"config": {"digest": config}})

    platforms = [("unknown", "unknown"), ("linux", "arm64"), ("linux", "amd64")]
    entries = [
        {"digest": image(f"{system}/{kind}"), "platform": {"os": system, "architecture": kind}}
        for system, kind in platforms
    ]
    contents["1"] = json.dumps({"manifests": entries}).encode()
    script = serve(lambda _, path, *__: (200, {}, contents[path.rpartition("/")[2]]))

    assert {"is": "linux/amd64"} == script.registry().labels("x", "1")
    assert {"is": "linux/arm64"} == script.registry(platform="linux/riscv64").labels("x", "1")


def test_tags_are_followed_through_all_pages(serve: Callable[[Rule], Script]) -> None:
    """Links lead on, be they relative or absolute, and never to another host."""

    def rule(_: str, path: str, *__: object) -> Reply:
        if "last=b" in path:
            return 200, {}, b'{"tags": ["c"]}'
        if "last=a" in path:
            return 200, {"Link": '<http://elsewhere:1/v2/x/tags/list?last=b>; rel="next"'}, b'{"tags": ["b"]}'
        return 200, {"Link": '</v2/x/tags/list?last=a&n=1>; rel="next"'}, b'{"tags": ["a"]}'

    assert ("a", "b", "c") == serve(rule).registry().tags("x")


def test_a_tag_that_does_not_stick_is_said(serve: Callable[[Rule], Script]) -> None:
    """A registry that answers 201 without storing is found out by reading back."""
    body = b"{}"

    def rule(method: str, path: str, *_: object) -> Reply:
        if method == "PUT":
            return 201, {}, b""
        return (200, {"Content-Type": OCI}, body) if "sha256" in path else (404, {}, b"")

    with pytest.raises(DigestMismatchError, match="is nothing"):
        serve(rule).registry().retag("x", digest_of(body), "new")


def test_connections_are_kept(serve: Callable[[Rule], Script]) -> None:
    """Fifty questions go over one connection."""
    script = serve(always(404, {}))
    registry = script.registry()
    for number in range(50):
        registry.head("x", str(number))

    assert (50, 1) == (len(script.asked), len(script.connections))


def test_a_connection_closed_meanwhile_is_made_anew(serve: Callable[[Rule], Script]) -> None:
    """A server that closes after each answer without saying so does no harm."""
    script = serve(always(404, {}))
    registry = script.registry()
    registry.head("x", "1")
    script.server.RequestHandlerClass.protocol_version = "HTTP/1.0"
    for _ in range(3):
        assert registry.head("x", "1") is None


def test_basic_credentials_of_docker_login_are_used(serve: Callable[[Rule], Script], tmp_path: Path) -> None:
    """A 401 is answered with the stored login, at once on later requests; without one it is told what to run."""
    login = b64encode(b"me:s3cret").decode()

    def rule(_: str, __: str, headers: dict[str, str], ___: bytes) -> Reply:
        known = headers.get("authorization") == f"Basic {login}"
        return (404, {}, b"") if known else (401, {"WWW-Authenticate": 'Basic realm="r"'}, b"")

    script = serve(rule)
    (tmp_path / "config.json").write_text(json.dumps({"auths": {script.host: {"auth": login}}}))
    registry = script.registry(environ={"DOCKER_CONFIG": str(tmp_path)})

    assert registry.head("x", "1") is None
    assert registry.head("x", "1") is None
    assert len(script.asked) == 3
    with pytest.raises(RegistryUnreachableError) as caught:
        script.registry().head("x", "1")
    assert f"docker login {script.host}" == caught.value.hint


def test_bearer_tokens_are_fetched_for_their_scope(serve: Callable[[Rule], Script]) -> None:
    """A token service named by a 401 is asked for a token, without credentials if there are none."""

    def rule(_: str, path: str, headers: dict[str, str], __: bytes) -> Reply:
        if path.startswith("/token"):
            assert "scope=repository%3Ax%3Apull" in path
            return 200, {}, b'{"token": "abc"}'
        if headers.get("authorization") == "Bearer abc":
            return 404, {}, b""
        realm = f'Bearer realm="http://{headers["host"]}/token",service="s",scope="repository:x:pull"'
        return 401, {"WWW-Authenticate": realm}, b""

    assert serve(rule).registry().head("x", "1") is None


def test_a_dead_proxy_is_named_and_masked() -> None:
    """A host that is reached through a proxy which is not there: the proxy is named without its password."""
    environ = {"http_proxy": "http://me:s3cret@127.0.0.1:9"}
    registry = HttpRegistry("reg.example:5000", insecure=("reg.example:5000",), environ=environ)

    with pytest.raises(RegistryUnreachableError) as caught:
        registry.ping()

    assert "http://***@127.0.0.1:9" in caught.value.message
    assert "no_proxy" in caught.value.hint
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_a_proxy_is_used_and_its_page_blamed_on_it(serve: Callable[[Rule], Script]) -> None:
    """Other hosts are asked through the proxy of the environment, and what it makes up is told as its doing."""
    proxy = serve(always(200, {"Content-Type": "text/html"}, PAGE))
    environ = {"HTTP_PROXY": proxy.host}
    registry = HttpRegistry("reg.example:5000", insecure=("reg.example",), environ=environ)

    with pytest.raises(RegistryUnreachableError, match=r"proxy http://127.0.0.1:\d+ may have sent it"):
        registry.ping()
    assert [("GET", "http://reg.example:5000/v2/")] == proxy.asked


def test_localhost_by_passes_the_proxy(serve: Callable[[Rule], Script]) -> None:
    """Nothing on this machine is asked for through a proxy."""
    script = serve(always(404, {}))

    assert script.registry(environ={"http_proxy": "http://127.0.0.1:9"}).head("x", "1") is None


def test_probes_tell_refused_uploads_and_deletions(serve: Callable[[Rule], Script]) -> None:
    """A registry that takes no uploads or deletions is found out by trying."""
    script = serve(lambda method, *_: (405, {}, b"read only") if method != "GET" else (404, {}, b""))
    probes = HttpRegistryProbes((), {})

    with pytest.raises(RegistryUnreachableError, match=r"takes no uploads: it is read-only"):
        probes.try_writing(script.host)
    assert probes.deletes(script.host) is False


INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (always(200, {"Content-Type": INDEX}, b'{"manifests":[]}'), b'{"manifests":[]}'),
        (always(404, {"Content-Type": "text/plain"}, b"404 page not found"), None),
        (always(200, {"Content-Type": "application/json"}, b"{}"), None),
    ],
)
def test_a_list_of_referrers_is_used_where_there_is_one(
    serve: Callable[[Rule], Script], rule: Rule, expected: bytes | None
) -> None:
    """Registries before the OCI specification 1.1 do not know the path."""
    script = serve(rule)

    assert expected == script.registry().referrers("a/b", digest_of(b"x"))
    assert [("GET", f"/v2/a/b/referrers/{digest_of(b'x')}")] == script.asked
