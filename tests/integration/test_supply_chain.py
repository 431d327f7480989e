"""Origin, provenance and content of images, on the real engine and registry, as a user sees them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

OCI = "org.opencontainers.image."
DIRTY = "io.kaapana.edk.source.dirty"
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} | {
    f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
STATUS = "Package: libfoo1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nDescription: x\n\n"
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEAx0m1vLq2pT5yqXbWc9YkR3\n" * 4


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user does, and return what it prints."""
    environ = {"PATH": os.environ["PATH"], **_GIT}
    done = subprocess.run(["git", "-C", folder, *arguments], env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Commit everything, and return the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
        git(folder, "remote", "add", "origin", "https://me:s3cret-pass@git.example.org/x.git")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(params=["BuildKit", "classic"])
def either(request: pytest.FixtureRequest, edk: Command) -> Command:
    """The command line, with each builder in turn."""
    return edk.with_environ(EDK_CLASSIC_BUILDER="1") if request.param == "classic" else edk


def test_labels_tell_the_source_and_children_do_not_inherit_them(
    either: Command, extension: Extension, registry: RegistryReader
) -> None:
    """The base of one commit, its child of the next one with a change that is not committed."""
    extension.local_base("base")
    extension.image("x", "LABEL org.opencontainers.image.title=mine\nCOPY data.txt /\n", base="base")
    first = commit(extension.path)
    either("build", "--image", extension.name("base"), "--dir", str(extension.path)).expect(0)
    second = commit(extension.path)
    extension.write("containers/x/data.txt", "changed\n")
    either("build", "--dir", str(extension.path)).expect(0)

    below, above = registry.labels(extension.name("base"), "latest"), registry.labels(extension.name("x"), "1.2.3")
    assert (first, "false") == (below[f"{OCI}revision"], below[DIRTY])
    assert (second, "true") == (above[f"{OCI}revision"], above[DIRTY])
    assert "https://git.example.org/x.git" == above[f"{OCI}source"]
    assert (extension.name("base"), "mine") == (below[f"{OCI}title"], above[f"{OCI}title"])
    assert registry.digest(extension.name("base"), "latest") == above[f"{OCI}base.digest"]
    assert f"localhost:32000/{extension.name('base')}:latest" == above[f"{OCI}base.name"]
    assert below[f"{OCI}created"] <= above[f"{OCI}created"]


def test_dirty_follows_the_files(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A build of what is committed, of a new file, and of the old state again."""
    extension.image("x", "COPY . /\n")
    commit(extension.path)
    seen = []
    for change in (lambda: None, lambda: extension.write("containers/x/new", "n"), lambda: _remove(extension)):
        change()
        edk("build", "--dir", str(extension.path), "--force").expect(0)
        seen.append(registry.labels(extension.name("x"), "1.2.3")[DIRTY])

    assert ["false", "true", "false"] == seen


def _remove(extension: Extension) -> None:
    (extension.path / "containers/x/new").unlink()


def test_an_unchanged_tree_is_not_built_for_a_new_commit(edk: Command, extension: Extension) -> None:
    """Where an image comes from is no part of what it is."""
    extension.image("x")
    commit(extension.path)
    edk("build", "--dir", str(extension.path)).expect(0)
    commit(extension.path)

    assert [] == edk("build", "--dir", str(extension.path), "--json").expect(0).images("ImageStarted")


def test_provenance_is_recorded_and_found_in_the_registry_by_others(
    edk: Command, extension: Extension, registry: RegistryReader, tmp_path: Path
) -> None:
    """In the state of who built it, and, if asked for, beside the image for everybody; without any secret."""
    extension.local_base("base")
    extension.image("x", "ARG MY_TOKEN\nARG MODE\nCOPY data.txt /\n", base="base")
    head = commit(extension.path)
    given = ("--build-arg", "MY_TOKEN=s3cret-token", "--build-arg", "MODE=m0de-value")
    edk("build", "--dir", str(extension.path), "--attest", *given).expect(0)

    name, digest = extension.name("x"), registry.digest(extension.name("x"), "1.2.3")
    text = edk("provenance", name, "--json").expect(0).out
    found = json.loads(text)
    other = edk.with_environ(EDK_STATE_DIR=str(tmp_path / "other"))
    assert text == other("provenance", f"{name}@{digest}", "--json").expect(0).out
    assert [{"name": f"localhost:32000/{name}", "digest": {"sha256": digest[7:]}}] == found["subject"]
    dependencies = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert {"gitCommit": head} == dependencies[0]["digest"]
    assert {"sha256": registry.digest(extension.name("base"), "latest")[7:]} == dependencies[1]["digest"]
    for secret in ("s3cret-token", "s3cret-pass", "m0de-value"):
        assert [] == [p for p in edk.cwd.rglob("*.json") if secret in p.read_text()]
    shown = edk("provenance", name).expect(0).out
    assert f"source       git+https://git.example.org/x.git {head}\n" in shown
    index = registry.manifest_of_tag(name, digest.replace(":", "-"))
    assert [("application/vnd.in-toto+json", "provenance")] == [
        (each["artifactType"], each["annotations"]["io.kaapana.edk.document"]) for each in index["manifests"]
    ]
    artifact = registry.manifest(name, index["manifests"][0]["digest"])
    assert digest == artifact["subject"]["digest"]
    assert [] == edk("build", "--dir", str(extension.path), *given, "--json").expect(0).images("ImageStarted")


def test_what_was_not_recorded_is_said(edk: Command, extension: Extension) -> None:
    """An image that nobody recorded, and one that is not there."""
    run = edk("provenance", "test/busybox:latest").expect(1)
    assert "nothing is recorded of test/busybox@sha256:" in run.err

    assert f"the registry has no image {extension.name('x')}" in edk("provenance", extension.name("x")).expect(2).err


def test_data_and_secrets_are_pointed_out_before_anything_is_built(edk: Command, extension: Extension) -> None:
    """By the plan, and by the build ahead of its first image; or the image is refused."""
    extension.image("x", "ENV API_KEY=abcdefgh\nCOPY files /files\n", files={"files/notes": KEY})
    extension.write("containers/x/files/scan", b"\0" * 128 + b"DICM" + b"\0" * 40)
    arguments = ("--dir", str(extension.path))

    planned = edk("plan", *arguments).expect(0)
    for text in ("Dockerfile:3:1: warning: ENV API_KEY", "files/scan:1:1: warning: a DICOM file", "a private key"):
        assert text in planned.err
    built = edk("build", *arguments, "--json").expect(0)
    kinds = [event["event"] for event in built.events]
    assert 3 == kinds.count("DiagnosticFound")
    assert max(i for i, kind in enumerate(kinds) if kind == "DiagnosticFound") < kinds.index("ImageStarted")
    for run in (planned, built):
        assert "abcdefgh" not in run.out + run.err

    refused = edk.with_environ(EDK_PATIENT_DATA="refuse")("build", *arguments, "--force").expect(3)
    assert "is a DICOM file, and patient_data is refuse (EDK507)" in refused.out
    extension.write("edk.yaml", 'allow_data: ["containers/x/files/**"]\n')
    allowed = edk.with_environ(EDK_PATIENT_DATA="refuse")("build", *arguments, "--json").expect(0)
    assert ["EDK219"] == [event["diagnostic"]["code"] for event in allowed.named("DiagnosticFound")]


def test_a_bill_of_materials_lists_what_an_image_holds(
    edk: Command, extension: Extension, registry: RegistryReader, tmp_path: Path
) -> None:
    """Packages of the system and of Python, made with the build, and found in the registry by others."""
    if shutil.which("syft") is None:
        pytest.skip("syft is not installed: go install github.com/anchore/syft/cmd/syft@v1.18.1")
    metadata = "Metadata-Version: 2.1\nName: barlib\nVersion: 4.5.6\n"
    extension.image(
        "x",
        "COPY root /\n",
        files={
            "root/var/lib/dpkg/status": STATUS,
            "root/etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
            "root/usr/lib/python3/dist-packages/barlib-4.5.6.dist-info/METADATA": metadata,
        },
    )
    edk("build", "--dir", str(extension.path), "--sbom", "--attest").expect(0)

    text = edk("sbom", extension.name("x")).expect(0).out
    packages = {(c["name"], c["version"]) for c in json.loads(text)["components"] if c["type"] == "library"}
    assert {("libfoo1", "1.2-3"), ("barlib", "4.5.6")} <= packages
    other = edk.with_environ("PATH", EDK_STATE_DIR=str(tmp_path / "other"), PATH="/usr/bin:/bin")
    assert text == other("sbom", extension.name("x")).expect(0).out


def test_without_syft_a_build_that_asks_for_bills_says_so_at_once(edk: Command, extension: Extension) -> None:
    """Before anything is built, with how to get it."""
    extension.image("x")
    without = edk.with_environ(PATH="/usr/bin:/bin")

    run = without("build", "--dir", str(extension.path), "--sbom").expect(2)
    assert "there is no syft on this machine" in run.err
    assert "go install" in run.err
    assert "built" not in run.out
    assert "there is no syft" in without("sbom", "test/busybox:latest").expect(2).err
