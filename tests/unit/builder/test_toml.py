"""The configuration of a daemon of our own, read back as TOML."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from edk.domain.buildkitd import CacheBounds, DaemonConfig, render

CONFIG = DaemonConfig(
    data="/s/buildkit/data",
    run="/run/edk-1",
    registries=("localhost:32000", "local-registry.services.svc.cluster.local:5000"),
    jobs=3,
    bounds=CacheBounds.of(20_000_000_000),
    runtime="/usr/sbin/runc",
)


def read(config: DaemonConfig = CONFIG) -> dict[str, Any]:
    """Return what a TOML parser finds."""
    return tomllib.loads(render(config))


def test_what_runs_and_where() -> None:
    """The OCI worker alone, in the folders that were named."""
    toml = read()
    oci = toml["worker"]["oci"]

    assert "/s/buildkit/data" == toml["root"]
    assert ["unix:///run/edk-1/buildkitd.sock"] == toml["grpc"]["address"]
    assert "unix:///run/edk-1/buildkitd.sock" == CONFIG.address
    assert not toml["worker"]["containerd"]["enabled"]
    assert (True, False, "/usr/sbin/runc", 3) == (
        oci["enabled"],
        oci["rootless"],
        oci["binary"],
        oci["max-parallelism"],
    )


def test_no_socket_is_shared_with_other_daemons() -> None:
    """Also not that for traces, whose usual place is the machine's."""
    assert "/run/edk-1/otel-grpc.sock" == read()["otel"]["socketPath"]


def test_rootless_is_told() -> None:
    """In a user's namespace the worker must not try what only root may."""
    assert read(replace(CONFIG, rootless=True))["worker"]["oci"]["rootless"]


def test_the_registries_are_plain() -> None:
    """By all their names, each once, for TOML knows no key twice."""
    twice = replace(CONFIG, registries=("localhost:32000", "localhost:32000", "r:5000"))

    assert {"localhost:32000": {"http": True}, "r:5000": {"http": True}} == read(twice)["registry"]


def test_the_last_rule_spares_nothing() -> None:
    """A ceiling in bytes on everything, whatever its age: nothing else bounds the cache."""
    last = read()["worker"]["oci"]["gcpolicy"][-1]

    assert {
        "all": True,
        "reservedSpace": "2000000000",
        "maxUsedSpace": "20000000000",
        "minFreeSpace": "2000000000",
    } == last


def test_no_rule_spares_what_is_young_or_is_a_floor_alone() -> None:
    """``keepDuration`` pins whole ancestries; ``keepBytes`` and ``gckeepstorage`` are no ceilings."""
    oci = read()["worker"]["oci"]
    words = {word for rule in oci["gcpolicy"] for word in rule}

    assert oci["gc"]
    assert {"all", "filters", "reservedSpace", "maxUsedSpace", "minFreeSpace"} == words
    assert all("maxUsedSpace" in rule for rule in oci["gcpolicy"])
    assert not {"gckeepstorage", "reservedSpace"} & set(oci)


def test_past_builds_are_forgotten() -> None:
    """Both bounds are given, for one alone does nothing."""
    assert {"maxAge": "1h", "maxEntries": 20} == read()["history"]


@pytest.mark.parametrize("path", ['/a "quoted" b', "/back\\slash", "/ümlaut", "/tab\there", "/del\x7f"])
def test_any_path_is_written_as_it_is(path: str) -> None:
    """Whatever a folder is called."""
    assert path == read(replace(CONFIG, data=path))["root"]


@pytest.mark.parametrize("limit", [0, 19_999_999])
def test_a_cache_too_small_to_build_with_is_refused(limit: int) -> None:
    """It says what is enough."""
    with pytest.raises(ValueError, match="at least 20MB"):
        CacheBounds.of(limit)
