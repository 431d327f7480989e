"""As in a pod: the name of the registry in references leads nowhere here, and every command does with the other one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import OPERATOR, Extension
from tests.support.outages import OwnRegistry
from tests.support.reading_back import RegistryReader

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("docker-registry") is None, reason="docker-registry is not installed"),
]
NODES = "localhost:9"
"""Nobody listens there."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    """The registry's address from the pod; not spelt as the nodes' one is."""
    with OwnRegistry(tmp_path / "registry") as registry:
        yield registry.host.replace("localhost", "127.0.0.1")


@pytest.fixture
def podded(edk: Command, service: str) -> Command:
    """The command line with the environment of a pod."""
    return edk.with_environ(
        EDK_REGISTRY=NODES,
        LOCAL_REGISTRY_URL=service,
        KAAPANA_BUILD_VERSION="1.2.3",
        KUBERNETES_SERVICE_HOST="10.0.0.1",
    )


def test_every_command(podded: Command, light: Extension, service: str, tmp_path: Path) -> None:
    """Bases and operators by either name; references say the nodes' name, and nothing is asked there."""
    light.local_base("base")
    for short, name in (("one", service), ("two", NODES), ("three", "local-only")):
        light.image(short, base=f"{name}/{light.name('base')}:latest")
    for name, image in (("One", f"{service}/{light.name('one')}"), ("Two", f"{NODES}/{light.name('two')}")):
        light.write(f"dag/{name}Operator.py", OPERATOR.format(name=f"{name}Operator", image=f'"{image}:1.2.3"'))
    folder = ("--dir", str(light.path))

    podded("build", *folder).expect(0)
    reader = RegistryReader(service)
    assert "base 1\n" == reader.text(light.name("one"), "1.2.3", "base.txt")
    assert "base 1\n" == reader.text(light.name("two"), "1.2.3", "base.txt")

    plan = podded("plan", *folder, "--json").expect(0).plan
    assert {"skip"} == {image["action"] for image in plan["images"]}
    assert {NODES} == {ref.partition("/")[0] for image in plan["images"] for ref in image["refs"]}
    assert {"local"} == {image["status"] for image in plan["operator_images"]}
    listed = json.loads(podded("images", "--json").expect(0).out)
    assert light.name("two") in json.dumps(listed)
    assert f"{NODES}/{light.name('one')}:1.2.3" in podded("trace", *folder, light.name("one")).expect(0).out
    assert "missing" not in podded("verify", *folder).expect(0).out.lower()
    podded("provenance", light.name("two")).expect(0)
    archive = str(tmp_path / "x.tar")
    podded("export", *folder, "--output", archive).expect(0)
    podded("import", archive).expect(0)
    podded("prune", "--dry-run").expect(0)

    doctor = podded("doctor", "--json")
    checks = {check["name"]: check for check in reversed(json.loads(doctor.out)["checks"])}
    assert f"pushed to {service}, which nodes know as {NODES}" in checks["pod"]["detail"]
    assert {"ok"} == {
        check["status"] for check in json.loads(doctor.out)["checks"] if check["name"].startswith("registry")
    }
