"""The volume of the registry is full, and gets room again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pod.installed import EXTENSIONS, Images, installed, until

pytestmark = pytest.mark.e2e

_FULL = "dd if=/dev/zero of=/var/lib/registry/filler bs=64k 2>/dev/null; true"


def test_registry_is_full(folder: Path, pod_images: Images, busybox: str) -> None:
    """What is wrong and what to do is said, in the terminal and in the status; once there is room it goes on."""
    with installed(folder, pod_images, pod_images.ref("edk")) as pods:
        pods.up(small={"edk-registry": 32 << 20})
        pods.push_base()
        pods.run("sh", "-c", _FULL, container="registry")

        name = pods.image("full", body="COPY data.txt /data.txt\nRUN dd if=/dev/urandom of=/big bs=1k count=900\n")
        said = pods.edk("build", "--dir", f"{EXTENSIONS}/{name}", "--no-import", code=4)

        assert "no space left" in said.lower() or "full" in said.lower(), said
        assert "edk prune" in said, said
        assert not pods.registry.has(name, "0.0.0")
        print(said, pods.edk("status"))
        pods.run("rm", "/var/lib/registry/filler", container="registry")

        until(lambda: pods.holds(name, "one\n"), f"the watcher did not go on: {pods.edk('status')}")
