"""What is taken from which root, and from which registry."""

from __future__ import annotations

import pytest

from edk.domain.resolve import Catalog
from tests.unit.core.bench import Bench
from tests.unit.core.building import PLATFORM as PLATFORM_ROOT
from tests.unit.core.building import target

PLATFORM = "registry.example.org/group/project"
DIGEST = "sha256:" + "1" * 64


def dockerfile(base: str) -> str:
    return f'FROM {base}\nLABEL IMAGE="mine"\n'


@pytest.mark.parametrize("base", [f"{PLATFORM}/tool:0.6.0", f"{PLATFORM}/tool@{DIGEST}"])
def test_stays_in_the_platforms_registry(base: str) -> None:
    """A base of the platform's registry that is not built here is taken from there, not from the local one."""
    bench = Bench({"mine/Dockerfile": dockerfile(base)}, platform_registry=PLATFORM)
    assert [base] == [link.external for link in bench.plan().images[0].node.bases]


def test_is_built_here_where_a_dockerfile_yields_it() -> None:
    """A base of the platform's registry that a Dockerfile here yields is built here."""
    files = {
        "mine/Dockerfile": dockerfile(f"{PLATFORM}/tool:0.6.0"),
        "tool/Dockerfile": 'FROM scratch\nLABEL IMAGE="tool"\n',
    }
    plan = Bench(files, platform_registry=PLATFORM).plan()
    assert ["tool", "mine"] == [image.label for image in plan.images]


def test_local_registry_is_asked_for_what_only_it_has() -> None:
    """A base of the local registry without a Dockerfile is taken from the local registry."""
    bench = Bench({"mine/Dockerfile": dockerfile("localhost:32000/tool:1.0")}, platform_registry=PLATFORM)
    assert ["localhost:32000/tool:1.0"] == [link.external for link in bench.plan().images[0].node.bases]


def test_an_ignored_target_gives_way_to_a_farther_one() -> None:
    """A Dockerfile that is set to be ignored does not hide one of its name in a farther root."""
    text = 'FROM scratch\nLABEL IMAGE="x"\n'
    near = target("near/Dockerfile", text + 'LABEL BUILD_IGNORE="True"\n')
    far = target("far/Dockerfile", text, root=PLATFORM_ROOT)
    assert (far,) == Catalog.of([near, far]).find("x")
