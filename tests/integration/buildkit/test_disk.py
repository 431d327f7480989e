"""The caches of BuildKit daemons: how large they are, and pruning them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.adapters.buildkit.disk import BuildKitDisk
from edk.adapters.buildkit.endpoint import Daemon
from edk.domain.errors import EngineUnreachableError
from tests.support.buildkitd import own_daemon
from tests.support.command import Command
from tests.support.extension import Extension

pytestmark = pytest.mark.integration

STEP = "RUN head -c 8000000 /dev/urandom > /big\n"


def test_prune_brings_the_caches_of_all_daemons_down(
    edk: Command, extension: Extension, buildkit_address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is asked for is their sum; images in the registry, and those that are built next, are as they were."""
    extension.image("x", STEP)
    with own_daemon(tmp_path_factory.mktemp("one")) as one, own_daemon(tmp_path_factory.mktemp("two")) as two:
        for daemon in (one, two):
            bk = edk.with_environ(EDK_BUILDER="buildkit", BUILDKIT_HOST=daemon.address)
            bk("build", "--dir", str(extension.path), "--force", "--no-import").expect(0)
        both = edk.with_environ(EDK_BUILDER="buildkit", BUILDKIT_HOST=f"{one.address},{two.address}")
        disk = BuildKitDisk([Daemon(one.address), Daemon(two.address)])
        before = disk.cache_bytes()

        run = both("prune", "--build-cache", "2MB", "--yes", "--dir", str(extension.path)).expect(0)

        assert before > 16_000_000
        assert disk.cache_bytes() <= 2_000_000, run.out
        assert (0, 0) == disk.copies(0) == disk.remove_copies(0)
        assert [] == both("build", "--dir", str(extension.path), "--json").expect(0).named("ImageStarted")
        both("build", "--dir", str(extension.path), "--force").expect(0)


def test_a_daemon_that_is_away(tmp_path: Path, buildkit_address: str) -> None:
    """It is told, not counted as empty."""
    with pytest.raises(EngineUnreachableError, match=r"no\.sock"):
        BuildKitDisk([Daemon(buildkit_address), Daemon(f"unix://{tmp_path}/no.sock")]).cache_bytes()
