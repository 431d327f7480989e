"""What only BuildKit does: secrets, agents, several platforms, attestations, compression, a cache for others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.buildkitd import own_daemon
from tests.support.command import Command, Run
from tests.support.extension import Extension
from tests.support.flattened import blob, flatten, manifest_of
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

VERSION = "1.2.3"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def bk(edk: Command, buildkit_address: str) -> Command:
    """The command line that builds by BuildKit."""
    return edk.with_environ(BUILDKIT_HOST=buildkit_address, EDK_BUILDER="buildkit")


def build(command: Command, extension: Extension, *arguments: str) -> Run:
    """Build, with events."""
    return command("build", "--dir", str(extension.path), "--json", *arguments).expect(0)


def reads(command: Command, extension: Extension, remedy: str) -> None:
    """Have all that reads images read those of an extension; an archive holds no index, and it is said what to do."""
    command("trace", "SegOperator", "--dir", str(extension.path)).expect(0)
    command("verify", "--dir", str(extension.path)).expect(0)
    run = command("export", "--dir", str(extension.path), "--output", str(command.cwd / "out.tar")).expect(1)
    assert remedy in run.err + run.out


def test_a_secret_is_used_and_is_nowhere(
    bk: Command, extension: Extension, registry: RegistryReader, registry_host: str, tmp_path: Path
) -> None:
    """The step reads it; no layer, configuration, log, event or file of the state holds it; another builds nothing."""
    secret = f"s3cret-{uuid.uuid4().hex}"
    file = tmp_path / 'odd, "name" = x'
    file.write_text(secret)
    extension.image(
        "x", f"RUN --mount=type=secret,id=tok sha256sum /run/secrets/tok > /sum; : {extension.suffix}\n", files={}
    )
    given = ("--build-secret", f"id=tok,src={file}")

    run = build(bk, extension, *given)

    name = extension.name("x")
    expected = subprocess.run(["sha256sum"], input=secret.encode(), capture_output=True, check=True).stdout.split()[0]
    assert expected.decode() in registry.text(name, VERSION, "sum")
    files = {str(path): path.read_bytes() for path in bk.cwd.rglob("*") if path.is_file()}
    manifest = registry.manifest(name, VERSION)
    parts = [one["digest"] for one in (manifest["config"], *manifest["layers"])]
    blobs = {digest: blob(registry_host, name, digest) for digest in parts}
    for where, content in {"out": run.out.encode(), "err": run.err.encode(), **files, **blobs}.items():
        assert secret.encode() not in content, where
    flat = flatten(registry_host, name, VERSION)
    assert "run/secrets/tok" not in {path for path, held in flat.files.items() if held.size}

    file.write_text(f"{secret}-changed")
    assert [] == build(bk, extension, *given).named("ImageStarted")


def test_a_secret_that_was_not_given(bk: Command, extension: Extension) -> None:
    """A step that must have one ends the build as wrong usage, without a retry."""
    extension.image("x", "RUN --mount=type=secret,id=tok,required=true cat /run/secrets/tok\n", files={})

    run = bk("build", "--dir", str(extension.path))

    assert run.code in (1, 2)
    assert "--build-secret id=NAME,src=FILE" in run.out + run.err
    assert "retry" not in run.out


def test_a_secret_file_that_is_not_there(bk: Command, extension: Extension) -> None:
    """It is named, and no Dockerfile is blamed."""
    extension.image("x", "RUN --mount=type=secret,id=tok cat /run/secrets/tok\n", files={})

    run = bk("build", "--dir", str(extension.path), "--build-secret", "id=tok,src=/no/such/file")

    assert run.code in (1, 2)
    assert "/no/such/file" in run.out + run.err
    assert "refused the Dockerfile" not in run.out


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """The socket of an ssh agent that has a key."""
    if shutil.which("ssh-agent") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("ssh is not installed")
    path = str(tmp_path / "agent.sock")
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as process:
        key = tmp_path / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key), "-C", "mine"], check=True)
        while not Path(path).exists():
            assert process.poll() is None
        added = subprocess.run(
            ["ssh-add", str(key)], env={**os.environ, "SSH_AUTH_SOCK": path}, capture_output=True, check=False
        )
        assert added.returncode == 0, added.stderr
        yield path
        process.terminate()


def test_an_agent(bk: Command, extension: Extension, registry: RegistryReader, agent: str) -> None:
    """A step sees the agent's socket, by the environment or by its name; without one it is said what is missing."""
    extension.image(
        "x",
        f"RUN --mount=type=ssh,required=true test -S $SSH_AUTH_SOCK && echo there > /saw; : {extension.suffix}\n",
        files={},
    )

    run = bk("build", "--dir", str(extension.path))
    assert run.code in (1, 2)
    assert "--ssh default" in run.out + run.err

    run = bk("build", "--dir", str(extension.path), "--ssh", "default")
    assert run.code in (1, 2)
    assert "SSH_AUTH_SOCK" in run.out + run.err

    build(bk, extension, "--ssh", f"default={agent}")
    assert "there\n" == registry.text(extension.name("x"), VERSION, "saw")

    build(bk.with_environ(SSH_AUTH_SOCK=agent), extension, "--ssh", "default", "--force", "--no-cache")


@pytest.mark.parametrize("value", ['a,b="c" d', "a=b", "two\nlines", "ü'"])
def test_odd_build_arguments(bk: Command, extension: Extension, registry: RegistryReader, value: str) -> None:
    """They reach the step as they are."""
    extension.image("x", 'ARG A\nRUN printf %s "$A" > /a\n', files={})

    build(bk, extension, "--build-arg", f"A={value}")

    assert value == registry.text(extension.name("x"), VERSION, "a")


def test_two_platforms(bk: Command, tmp_path: Path, registry_host: str) -> None:
    """An index of both, that is found again, planned, traced, exported and verified."""
    extension = Extension(tmp_path / "two", "scratch")
    extension.image("seg", files={"data.txt": "x"})
    extension.uses("SegOperator", "seg")
    dag = extension.name("dag")
    extension.write("dag/Dockerfile", f'FROM scratch\nLABEL IMAGE="{dag}"\nCOPY files/ /kaapana/tmp/dags/\n')
    extension.chart(dag)
    extension.write("edk.yaml", "platform: linux/amd64,linux/arm64\n")

    first = build(bk, extension)

    name = extension.name("seg")
    index = manifest_of(registry_host, name, VERSION)
    assert INDEX == index["mediaType"] or "manifests" in index
    found = {f"{one['platform']['os']}/{one['platform']['architecture']}" for one in index["manifests"]}
    assert {"linux/amd64", "linux/arm64"} == found
    for platform in found:
        assert "data.txt" in flatten(registry_host, name, VERSION, platform).files
    assert 2 == len(first.named("ImageFinished"))
    assert [] == build(bk, extension).named("ImageStarted")
    elsewhere = bk.with_environ(EDK_STATE_DIR=str(bk.cwd / "another"))
    assert [] == build(elsewhere, extension).named("ImageStarted")
    bk("plan", "--dir", str(extension.path)).expect(0)
    reads(bk, extension, "one --platform")


def test_provenance(bk: Command, extension: Extension, registry_host: str, whole: Extension) -> None:
    """The image's index holds what BuildKit says of the build; image and fingerprint are found in it all the same."""
    first = build(bk, whole, "--attestation", "provenance")

    for short in ("base", "seg", "dag"):
        index = manifest_of(registry_host, whole.name(short), VERSION if short != "base" else "latest")
        attested = [one for one in index["manifests"] if one.get("annotations", {}).get("vnd.docker.reference.type")]
        assert 1 == len(attested)
        assert 2 == len(index["manifests"])
        layers = manifest_of(registry_host, whole.name(short), attested[0]["digest"])["layers"]
        statement = json.loads(blob(registry_host, whole.name(short), layers[0]["digest"]))
        assert statement["predicateType"].startswith("https://slsa.dev/provenance/")
    assert 3 == len(first.named("ImageFinished"))
    assert [] == build(bk, whole, "--attestation", "provenance").named("ImageStarted")
    elsewhere = bk.with_environ(EDK_STATE_DIR=str(bk.cwd / "another"))
    assert [] == build(elsewhere, whole, "--attestation", "provenance").named("ImageStarted")
    reads(bk, whole, "without --attestation")


@pytest.mark.parametrize(
    ("compression", "kinds"),
    [
        ("gzip", {"gzip"}),
        ("zstd", {"zstd"}),
        ("estargz", {"gzip"}),
        ("uncompressed", {"tar"}),
    ],
)
def test_compression(bk: Command, extension: Extension, registry_host: str, compression: str, kinds: set[str]) -> None:
    """The new layer has the media type of what was asked for, and holds the same."""
    extension.image("seg", f"COPY data.txt /\nRUN echo {extension.suffix} > /made\n")

    build(bk, extension, "--compression", compression)

    flat = flatten(registry_host, extension.name("seg"), VERSION)
    assert {"data.txt", "made"} <= flat.files.keys()
    assert kinds == {layer.rpartition("+")[2].rpartition(".")[2] for layer in flat.layers[-1:]}
    if compression == "zstd":
        assert "application/vnd.oci.image.manifest.v1+json" == flat.media_type
    if compression == "estargz":
        (last,) = manifest_of(registry_host, extension.name("seg"), VERSION)["layers"][-1:]
        assert "containerd.io/snapshot/stargz/toc.digest" in last["annotations"]


def test_a_cache_in_the_registry(
    bk: Command, extension: Extension, registry: RegistryReader, tmp_path: Path, registry_host: str
) -> None:
    """A daemon that has never built it takes its steps from there: what was made by chance is the same."""
    extension.image("seg", "RUN cat /proc/sys/kernel/random/uuid > /chance\nCOPY data.txt /\n")
    cache = ("--cache-registry", f"{registry_host}/e2e-cache-{extension.suffix}")
    build(bk, extension, *cache)
    first = registry.text(extension.name("seg"), VERSION, "chance")

    with own_daemon(tmp_path / "second") as second:
        other = bk.with_environ(BUILDKIT_HOST=second.address, EDK_STATE_DIR=str(bk.cwd / "another"))
        extension.write("containers/seg/data.txt", "changed\n")
        build(other, extension, *cache)
        assert first == registry.text(extension.name("seg"), VERSION, "chance")
        assert "changed\n" == registry.text(extension.name("seg"), VERSION, "data.txt")

        build(other, extension, "--no-cache")
        assert first != registry.text(extension.name("seg"), VERSION, "chance")


def test_a_cache_that_is_out_of_reach_fails_nothing(
    bk: Command, extension: Extension, registry: RegistryReader
) -> None:
    """The image is built and pushed all the same."""
    extension.image("seg")

    build(bk, extension, "--cache-registry", "localhost:1/e2e-cache")

    assert registry.has(extension.name("seg"), VERSION)
