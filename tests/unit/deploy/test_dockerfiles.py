"""The Dockerfiles of the pod's images, read by the EDK's own reader: nothing is built."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.dockerfile.reading import read_dockerfile
from tests.support.command import ROOT

IMAGES = ("edk", "builder", "engine", "registry")
COMPILERS = {"g++", "gcc", "make", "build-essential", "python3-dev", "golang", "npm"}
PINNED = re.compile(r"^[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$")


def text(name: str) -> str:
    """Return a Dockerfile's text."""
    return (ROOT / "deploy/image" / name / "Dockerfile").read_text()


def reading(name: str) -> DockerfileReading:
    """Return what a Dockerfile says."""
    return read_dockerfile(text(name).encode())


def last_stage(name: str) -> list[tuple[str, str]]:
    """Return the instructions of the final stage as pairs of keyword and text."""
    found = [(i.keyword, i.text) for i in reading(name).instructions]
    begins = max(n for n, (keyword, _) in enumerate(found) if keyword == "FROM")
    return found[begins:]


@pytest.mark.parametrize("name", IMAGES)
def test_every_base_is_pinned_by_its_digest(name: str) -> None:
    """And stands in an ARG, so that a site without a hub can name another one."""
    froms = [use for use in reading(name).images if use.how == "from" and use.ref != "scratch"]

    assert froms
    for use in froms:
        assert use.written.startswith("${"), use
        assert PINNED.match(use.ref), use


@pytest.mark.parametrize("name", IMAGES)
def test_one_base_has_one_digest(name: str) -> None:
    """All four stand on the same Debian, and what is compiled is compiled by the same Go."""
    ours = dict(re.findall(r"^ARG (DEBIAN|GO|NODE)=(\S+)$", text(name), re.MULTILINE))
    edks = dict(re.findall(r"^ARG (DEBIAN|GO|NODE)=(\S+)$", text("edk"), re.MULTILINE))

    assert ours
    assert ours == {key: edks[key] for key in ours}


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_wrong_with_it(name: str) -> None:
    """No diagnostic, and so no secret among them."""
    assert () == reading(name).diagnostics


@pytest.mark.parametrize(("name", "user"), [("edk", "1000:1000"), ("builder", "1000:1000"), ("registry", "1000:1000")])
def test_an_ordinary_user_runs_it(name: str, user: str) -> None:
    """By number, so that Kubernetes can tell; only a Docker Engine is root."""
    assert [user] == [words.split()[-1] for keyword, words in last_stage(name) if keyword == "USER"]


@pytest.mark.parametrize("name", IMAGES)
def test_no_compiler_is_in_the_final_stage(name: str) -> None:
    """They stay in the stages before it, and no package list is left behind."""
    runs = " ".join(words for keyword, words in last_stage(name) if keyword == "RUN")

    assert COMPILERS.isdisjoint(runs.split())
    assert runs.count("apt-get install") == runs.count("--no-install-recommends") == runs.count("/var/lib/apt/lists")


@pytest.mark.parametrize("name", IMAGES)
def test_only_what_is_named_is_sent_to_the_builder(name: str) -> None:
    """Neither .git nor .venv nor what lies about; a change beside it builds nothing anew."""
    lines = (ROOT / "deploy/image" / name / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert "*" == rules[0]
    for rule in rules[1:]:
        if rule.startswith("!"):
            assert list(ROOT.glob(rule[1:])), f"{rule} names nothing"


def test_the_user_has_what_the_entry_points_need() -> None:
    """Each link of /kaapana/app leads to a script of the project."""
    links = re.findall(r"/opt/edk/((?:scripts/)?\w+\.sh)", text("edk"))

    assert {"init.sh", "build_extension.sh", "scripts/build_image.sh", "scripts/build_chart.sh"} == set(links)
    for link in links:
        assert (ROOT / link).stat().st_mode & 0o111, link


def test_programs_have_the_versions_that_are_tested() -> None:
    """What the tests run with is what the image holds."""
    tests = (ROOT / "scripts/test.sh").read_text()
    demo = (ROOT / "scripts/code_server_demo.sh").read_text()
    helm = re.search(r"ARG HELM_VERSION=(\S+)", text("edk"))
    buildkit = {re.search(r"ARG BUILDKIT_VERSION=(\S+)", text(name))[1] for name in ("edk", "builder")}  # type: ignore[index]
    server = re.search(r"ARG CODE_SERVER_VERSION=(\S+)", text("edk"))

    assert helm
    assert server
    assert f"cmd/helm@{helm[1]}" in tests
    assert {version for version in buildkit if f"@{version}" in tests} == buildkit
    assert 1 == len(buildkit)
    assert f"code_server_version={server[1]}" in demo


def test_the_version_is_that_of_the_project() -> None:
    """As scripts/build_pod_images.sh reads it."""
    first = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version = "))

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == first.split('"')[1]


def test_the_builder_is_laid_out_as_the_public_one() -> None:
    """User, paths and entrypoint of moby/buildkit's rootless image, so that either goes with the chart."""
    said = "\n".join(words for _, words in last_stage("builder"))

    for part in (
        'ENTRYPOINT ["rootlesskit", "buildkitd"]',
        "HOME=/home/user",
        "XDG_RUNTIME_DIR=/run/user/1000",
        "BUILDKIT_HOST=unix:///run/user/1000/buildkit/buildkitd.sock",
        "/home/user/.local/share/buildkit",
        "user:100000:65536",
    ):
        assert part in said


def test_scripts_of_the_images_are_executable() -> None:
    """COPY --chmod sets it again, but who runs them from a clone has them as they are."""
    for path in (Path("edk/edk-pod"), Path("edk/edk-pod-certificates"), Path("registry/entrypoint.sh")):
        assert (ROOT / "deploy/image" / path).stat().st_mode & 0o111, path
