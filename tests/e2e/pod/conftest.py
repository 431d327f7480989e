"""The chart's pods for tests, started once, and its images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pod.installed import Images, Installed, installed


@pytest.fixture(scope="session")
def pod_images(registry_host: str, engine_endpoint: str) -> Images:
    """The images of the pod; opt-in, for building them takes minutes."""
    if not os.environ.get("EDK_E2E_POD"):
        pytest.skip("EDK_E2E_POD is not set; scripts/pod.sh test builds the images and sets it")
    return Images.known()


@pytest.fixture(scope="session")
def pods(tmp_path_factory: pytest.TempPathFactory, pod_images: Images, busybox: str) -> Iterator[Installed]:
    """The chart as a site without a hub installs it, ready, with a base in its registry."""
    with installed(tmp_path_factory.mktemp("pods"), pod_images, pod_images.ref("edk")) as made:
        made.up()
        made.push_base()
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for an installation of a test's own."""
    return tmp_path
