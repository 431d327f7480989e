"""The arguments of ``buildctl build``."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from edk.adapters.buildkit.command import build_arguments
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkit.staging import Staged
from edk.domain.requests import BuildRequest, SessionOptions

STAGED = Staged("/s/context", "/s/dockerfile", "k1")
ODD = ["", "a,b", 'say "x"', "a=b=c", "two\nlines", " spaces ", "ü", "'", "\\", "--opt=x", "$HOME", "a\tb", "\r\n"]


def arguments(**fields: Any) -> list[str]:
    """Return the arguments of a request with these fields."""
    return list(build_arguments(BuildRequest("x", "r:1/x:1", b"", "x/Dockerfile", **fields), STAGED, "/m.json"))


def given(option: str, found: list[str]) -> list[str]:
    """Return the values of an option."""
    return [one.partition("=")[2] for one in found if one.startswith(f"--{option}=")]


def attributes(value: str) -> dict[str, str]:
    """Read attributes as ``buildctl`` does: one record of CSV."""
    (row,) = list(csv.reader([value]))
    return dict(one.split("=", 1) for one in row)


def options(**fields: Any) -> dict[str, str]:
    """Return the frontend's options."""
    return dict(one.split("=", 1) for one in given("opt", arguments(**fields)))


def test_nothing_that_was_not_asked_for() -> None:
    """A plain build names the files, the tag and where the digest goes."""
    assert [
        "build",
        "--progress=rawjson",
        "--frontend=dockerfile.v0",
        "--opt=local-sessionid:context=k1:",
        "--local=k1-context=/s/context",
        "--local=dockerfile=/s/dockerfile",
        "--opt=filename=Dockerfile",
        "--output=type=image,name=r:1/x:1,push=true,compression=gzip,compression-level=1",
        "--metadata-file=/m.json",
    ] == arguments()


@pytest.mark.parametrize("value", ODD)
def test_odd_values_of_arguments_and_labels(value: str) -> None:
    """They are handed on as they are."""
    found = options(build_args=(("A", value),), labels=(("l", value),))

    assert value == found["build-arg:A"] == found["label:l"]


@pytest.mark.parametrize("path", [one for one in ODD if one and "\n" not in one])
def test_odd_paths_of_secrets(path: str) -> None:
    """They are quoted as CSV wants it."""
    found = given("secret", arguments(session=SessionOptions(secrets=(("one", path), ("two", "/x")))))

    assert [{"id": "one", "src": path}, {"id": "two", "src": "/x"}] == list(map(attributes, found))


def test_agents() -> None:
    """Each is handed on as it is."""
    session = SessionOptions(ssh=("default", "other=/run/a.sock,/k"))

    assert ["default", "other=/run/a.sock,/k"] == given("ssh", arguments(session=session))


@pytest.mark.parametrize(
    ("fields", "option"),
    [
        ({"platform": "linux/amd64,linux/arm64"}, {"platform": "linux/amd64,linux/arm64"}),
        ({"target": "one"}, {"target": "one"}),
        ({"network": "none"}, {"force-network-mode": "none"}),
        ({"network": "default"}, {}),
        ({"pull": True}, {"image-resolve-mode": "pull"}),
        ({"no_cache": True}, {"no-cache": ""}),
        ({"session": SessionOptions(attestations=("provenance",))}, {"attest:provenance": "mode=max"}),
        ({"session": SessionOptions(attestations=("sbom",))}, {"attest:sbom": ""}),
        (
            {"session": SessionOptions(attestations=("sbom",), sbom_generator="g:1")},
            {"attest:sbom": "generator=g:1"},
        ),
    ],
)
def test_options(fields: dict[str, Any], option: dict[str, str]) -> None:
    """Each field is the frontend's option of its name."""
    always = {"filename": "Dockerfile", "local-sessionid:context": "k1:"}
    assert always | option == options(**fields)


def test_the_network_of_the_host_needs_leave() -> None:
    """Only it does."""
    assert "--allow=network.host" in arguments(network="host")
    assert [] == given("allow", arguments(network="none"))


@pytest.mark.parametrize(
    ("session", "output"),
    [
        (SessionOptions(compression="gzip"), {"compression": "gzip", "compression-level": "1"}),
        (SessionOptions(compression="uncompressed"), {"compression": "uncompressed"}),
        (SessionOptions(compression="zstd"), {"compression": "zstd", "oci-mediatypes": "true"}),
        (SessionOptions(compression="estargz"), {"compression": "estargz", "oci-mediatypes": "true"}),
        (SessionOptions(compression="gzip", compression_level=0), {"compression": "gzip", "compression-level": "0"}),
        (
            SessionOptions(attestations=("provenance",)),
            {"compression": "gzip", "compression-level": "1", "oci-mediatypes": "true"},
        ),
    ],
)
def test_output(session: SessionOptions, output: dict[str, str]) -> None:
    """Compression and media types go with what is pushed."""
    (found,) = given("output", arguments(session=session))

    assert {"type": "image", "name": "r:1/x:1", "push": "true", **output} == attributes(found)


def test_a_cache_that_is_kept_elsewhere() -> None:
    """It is read and written, and a cache that can't be written fails no build."""
    found = arguments(session=SessionOptions(cache_ref="r/c:x"))

    (read,), (written,) = given("import-cache", found), given("export-cache", found)
    assert {"type": "registry", "ref": "r/c:x"} == attributes(read)
    assert ("registry", "r/c:x", "max", "true") == tuple(
        attributes(written)[name] for name in ("type", "ref", "mode", "ignore-error")
    )


@pytest.mark.parametrize(
    ("daemon", "flags", "name"),
    [
        (Daemon("unix:///b.sock", "/tls"), ("--addr", "unix:///b.sock"), "unix:///b.sock"),
        (Daemon("tcp://h:1"), ("--addr", "tcp://h:1"), "h:1"),
        (Daemon("tcp://h:1", "/tls"), ("--addr", "tcp://h:1", "--tlsdir", "/tls"), "h:1"),
        (
            Daemon("tcp://1.2.3.4:1", "/tls", "h"),
            ("--addr", "tcp://1.2.3.4:1", "--tlsdir", "/tls", "--tlsservername", "h"),
            "1.2.3.4:1",
        ),
        (Daemon("tcp://h:1", "", "h"), ("--addr", "tcp://h:1"), "h:1"),
    ],
)
def test_how_a_daemon_is_asked(daemon: Daemon, flags: tuple[str, ...], name: str) -> None:
    """TLS is for TCP, and a name for a certificate goes with it."""
    assert (flags, name) == (daemon.flags, daemon.name)
