"""The script that builds the pod's images, with a builder that only tells what it was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.conftest import ROOT, Run

FAKE_DOCKER = """#!/bin/sh
case "$1 $2" in
  "buildx version") exit 0 ;;
  "buildx build") shift; printf '%s\\n' "$*" >>"$TOLD"; exit "${FAKE_EXIT:-0}" ;;
esac
exit 1
"""


@pytest.fixture
def images(project: Path) -> Path:
    """A project with what the script reads, and docker buildx."""
    (project / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    for name in ("edk", "builder", "engine", "registry"):
        folder = project / "deploy/image" / name
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_bytes((ROOT / "deploy/image" / name / "Dockerfile").read_bytes())
    (project / "bin").mkdir()
    (project / "bin/docker").write_text(FAKE_DOCKER)
    (project / "bin/docker").chmod(0o755)
    return project


def call(images: Path, run: Run, registry: str, *arguments: str, **variables: str) -> tuple[int, str, list[str]]:
    """Run the script; return its exit code, what it said, and what the builder was asked."""
    told = images / "told"
    done = run(
        images / "scripts/build_pod_images.sh",
        *arguments,
        cluster=False,
        PATH=f"{images / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
        EDK_REGISTRY=registry,
        TOLD=str(told),
        **variables,
    )
    return done.returncode, done.stderr, told.read_text().splitlines() if told.exists() else []


def test_all_four_are_built_from_public_bases_and_pushed(images: Path, run: Run, registry: str) -> None:
    """First the base is asked for, to know whether a hub is reached; then nothing overrides what is pinned."""
    code, said, asked = call(images, run, registry)

    assert 0 == code, said
    assert "--output type=cacheonly" in asked[0]
    assert ["edk", "edk-builder", "edk-registry", "edk-engine"] == [
        line.split("--tag ")[1].split()[0].removeprefix(f"{registry}/").removesuffix(":1.2.3") for line in asked[1:]
    ]
    for line in asked[1:]:
        assert " --push " in line
        assert "DEBIAN=" not in line
        assert "--build-arg VERSION=1.2.3" in line
        assert line.endswith(str(images))


def test_bases_of_a_mirror_stand_for_the_public_ones(images: Path, run: Run, registry: str) -> None:
    """Then no hub is asked for."""
    mine = ("--base", "DEBIAN=mirror.example.org/debian:12", "--base", "NODE=mirror.example.org/node:24")
    code, said, asked = call(images, run, registry, *mine, "--only", "edk")

    assert 0 == code, said
    assert 1 == len(asked)
    assert "--build-arg DEBIAN=mirror.example.org/debian:12" in asked[0]
    assert "--build-arg NODE=mirror.example.org/node:24" in asked[0]
    assert "GO=" not in asked[0].replace("GOPROXY=", "")


def test_what_a_site_needs_is_a_secret(images: Path, run: Run, registry: str, tmp_path: Path) -> None:
    """Certificates and configuration are named as files, and their content is nowhere on a command line."""
    certificates = tmp_path / "authorities.pem"
    certificates.write_text("CERTIFICATES")
    pip = tmp_path / "pip.conf"
    pip.write_text("[global]\nindex-url = https://user:geheim@mirror.example.org\n")
    site = {"SSL_CERT_FILE": str(certificates), "PIP_CONFIG_FILE": str(pip)}
    _, _, asked = call(images, run, registry, "--bases", "hub", "--only", "edk", **site)

    assert f"--secret id=ca,src={certificates}" in asked[0]
    assert f"--secret id=pip.conf,src={pip}" in asked[0]
    assert "geheim" not in asked[0]


def test_programs_that_are_there_are_not_compiled(images: Path, run: Run, registry: str, tmp_path: Path) -> None:
    """They stand for the stage that compiles, and its base is not asked for."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("helm", "buildctl", "buildkitd"):
        (tools / name).write_bytes(Path("/bin/true").read_bytes())
        (tools / name).chmod(0o755)
    code, said, asked = call(images, run, registry, "--bases", "hub", "--only", "edk-builder", "--tools", str(tools))

    assert 0 == code, said
    assert "--build-context tools=" in asked[0]
    assert "--build-arg GO=scratch" in asked[0]


@pytest.mark.parametrize(
    "arguments",
    [("--only", "x"), ("--bases", "mine"), ("--tools", "/nowhere"), ("--tag",), ("--push",), ("--base", "PERL=x")],
)
def test_wrong_usage_is_refused_before_anything_is_asked(
    images: Path, run: Run, registry: str, arguments: tuple[str, ...]
) -> None:
    """With exit code 2."""
    code, said, asked = call(images, run, registry, *arguments)

    assert (2, []) == (code, asked)
    assert "build_pod_images: error:" in said


def test_a_failed_build_is_told_by_the_exit_code(images: Path, run: Run, registry: str) -> None:
    """And names the image; what comes after it is not built."""
    code, said, asked = call(images, run, registry, "--bases", "hub", FAKE_EXIT="1")

    assert 1 == code
    assert f"{registry}/edk:1.2.3 could not be built" in said
    assert 1 == len(asked)


def test_a_registry_out_of_reach_is_told_at_once(images: Path, run: Run) -> None:
    """Before minutes of building."""
    code, said, asked = call(images, run, "127.0.0.1:9")

    assert (4, []) == (code, asked)
    assert "the registry 127.0.0.1:9 does not answer" in said
