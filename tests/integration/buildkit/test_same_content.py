"""The Docker Engine and BuildKit make the same images, and who changes between them builds nothing."""

from __future__ import annotations

import os
import shutil
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ROOT, Command
from tests.support.extension import Extension, snapshot
from tests.support.flattened import Flattened, differences, flatten, manifest_of
from tests.support.outages import OwnRegistry
from tests.support.reading_back import RegistryReader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

VERSION = "1.2.3"
CONTEXT_TIME = 946_684_800
UPSTREAM = ("edk-upstream/debian-python", "bookworm")
EXAMPLES = ("examples/otsus-method", "examples/lung-toolkit")


@pytest.fixture
def both(edk: Command, buildkit_address: str) -> Command:
    """The command line that knows of both builders."""
    return edk.with_environ(BUILDKIT_HOST=buildkit_address)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnRegistry]:
    """A registry of its own: images of the examples have names that others use."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with OwnRegistry(tmp_path / "registry") as registry:
        yield registry


def digests(host: str, names: list[str]) -> dict[str, str]:
    """Return the digests of the images as they stand."""
    reader = RegistryReader(host)
    return {name: reader.digest(name, VERSION) or reader.digest(name, "latest") for name in names}


def unlike(host: str, before: dict[str, str], after: dict[str, str]) -> dict[str, list[str]]:
    """Return in what images differ that have the same names."""
    found = {}
    for name in before:
        one, other = (flatten(host, name, digests[name]) for digests in (before, after))
        lines = differences(_comparable(one), _comparable(other))
        if _configured(one) != _configured(other):
            lines.append(f"{_configured(one)} / {_configured(other)}")
        if lines:
            found[name] = lines
    return found


def _configured(image: Flattened) -> dict[str, object]:
    """Return the configuration without what follows from the digest of the base: each builder's has its own."""
    kept = {
        name: value
        for name, value in image.config["Labels"].items()
        if not name.startswith("io.kaapana.edk.") and not name.endswith(".base.digest")
    }
    return {**image.config, "Labels": kept}


def _comparable(image: Flattened) -> Flattened:
    """Return an image without the times of what steps have made, and of folders.

    What is copied has the time that all contexts have, whoever builds. What RUN makes has that of the build, and a
    folder that COPY makes on its way has either, by the way that the context came.
    """
    files = {
        path: held if held.time == CONTEXT_TIME and held.kind != "dir" else held.without_time()
        for path, held in image.files.items()
    }
    return Flattened(files, image.config, image.layers, image.media_type)


def test_the_examples(both: Command, own: OwnRegistry, registry_host: str) -> None:
    """All files of all images of the examples are the same, with modes, owners and targets, and so is what starts."""
    command = both.with_environ(EDK_REGISTRY=own.host)
    state = Path(command.environ["EDK_STATE_DIR"])
    state.mkdir(parents=True)
    try:
        manifest_of(registry_host, *UPSTREAM)
    except urllib.error.HTTPError:
        pass  # then a hub can be reached
    else:
        # By another name of this machine, for the usual one means the registry in use.
        ref = f"{registry_host.replace('localhost', '127.0.0.1')}/{UPSTREAM[0]}:{UPSTREAM[1]}"
        (state / "edk.yaml").write_text(f'base_overrides:\n  "debian:bookworm-slim": "{ref}"\n')
    # By digests the images would name each other, and each builder's have their own.
    folders = [f"--dir={ROOT / one}" for one in EXAMPLES]
    arguments = ["build", "--no-import", "--json", "--references=tag", *folders]
    kept = [snapshot(ROOT / one) for one in EXAMPLES]

    by_docker = command(*arguments, "--builder", "docker", timeout=400).expect(0)
    names = by_docker.images("ImageBuilt")
    before = digests(own.host, names)
    by_buildkit = command(*arguments, "--builder", "buildkit", "--force", timeout=400).expect(0)
    after = digests(own.host, names)

    assert names == by_buildkit.images("ImageBuilt")
    assert 18 == len(names)
    assert all(before[name] != after[name] for name in names)
    assert {} == unlike(own.host, before, after)
    assert kept == [snapshot(ROOT / one) for one in EXAMPLES]


def test_a_whole_workflow(both: Command, whole: Extension, registry_host: str) -> None:
    """With links, modes, odd names, an empty folder, an ignored file, and instructions that make files."""
    folder = whole.image(
        "odd",
        "WORKDIR /made/here\nCOPY . /c\nCOPY --chown=7:8 data.txt /own/\nRUN echo made > /made/by-run && rm /c/gone\n"
        'COPY sub /d\nUSER 7\nENV A=b\nEXPOSE 80\nENTRYPOINT ["/bin/sh"]\nCMD ["-c", "true"]\n',
        files={"data.txt": "x", "gone": "x", "sub/deep/f": "f", "ignored": "x", ".dockerignore": "ignored\n"},
    )
    (folder / "data.txt").chmod(0o777)
    (folder / "link").symlink_to("data.txt")
    (folder / "sub/to-folder").symlink_to("deep")
    (folder / "empty").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff")).write_bytes(b"1")
    Path(folder, "Ünï code").write_bytes(b"2")
    names = [whole.name(short) for short in ("base", "seg", "dag", "odd")]

    arguments = ("build", "--dir", str(whole.path), "--references=tag")
    both(*arguments, "--builder", "docker").expect(0)
    before = digests(registry_host, names)
    both(*arguments, "--builder", "buildkit", "--force").expect(0)
    after = digests(registry_host, names)

    assert {} == unlike(registry_host, before, after)
    odd = flatten(registry_host, whole.name("odd"), after[whole.name("odd")])
    assert {"c/data.txt", "c/link", "c/empty", "c/sub/deep/f", "d/to-folder", "made/by-run"} <= odd.files.keys()
    assert odd.files.keys().isdisjoint({"c/gone", "c/ignored"})
    assert ((7, 8), 0o755) == (odd.files["own/data.txt"].owner, odd.files["own/data.txt"].mode)


def test_changing_the_builder_builds_nothing(both: Command, whole: Extension, registry_host: str) -> None:
    """Docker, BuildKit, what is chosen by itself: an image is that of its sources, whoever has built it."""
    both("build", "--dir", str(whole.path), "--builder", "docker").expect(0)
    names = [whole.name(short) for short in ("base", "seg", "dag")]
    before = digests(registry_host, names)

    for builder in ("buildkit", "docker", "auto"):
        run = both("build", "--dir", str(whole.path), "--builder", builder, "--json").expect(0)
        assert [] == run.named("ImageStarted")

    elsewhere = both.with_environ("BUILDKIT_HOST", EDK_STATE_DIR=str(both.cwd / "another"), EDK_BUILDER="docker")
    assert [] == elsewhere("build", "--dir", str(whole.path), "--json").expect(0).named("ImageStarted")
    assert before == digests(registry_host, names)


def test_the_same_twice_has_the_same_layers(both: Command, extension: Extension, registry_host: str) -> None:
    """A context staged anew, on another day, gives the same bytes: nothing in a layer is the time of its staging."""
    folder = extension.image("seg", "COPY . /c\n", files={"a/b/f": "x", "g": "y"})
    (folder / "link").symlink_to("g")
    (folder / "empty").mkdir()
    name, layers = extension.name("seg"), []
    for turn in range(2):
        again = both.with_environ(EDK_STATE_DIR=str(both.cwd / f"state{turn}"))
        again("build", "--dir", str(extension.path), "--builder", "buildkit", "--force", "--no-cache").expect(0)
        layers.append([layer["digest"] for layer in manifest_of(registry_host, name, VERSION)["layers"]])

    assert layers[0] == layers[1]
