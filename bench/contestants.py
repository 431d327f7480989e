"""The four that build the same images: the docker command, us with either builder, and the buildctl command."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import bare
from bench.building import MARK, REGISTRY
from bench.measure import EDK, Run, run

Who = Literal["docker", "edk-docker", "edk-buildkit", "buildctl"]
WHO: tuple[Who, ...] = ("docker", "edk-buildkit", "edk-docker", "buildctl")
NAMES: dict[Who, str] = {
    "docker": "docker build and docker push",
    "edk-docker": "edk, Docker Engine",
    "edk-buildkit": "edk, BuildKit",
    "buildctl": "bare buildctl",
}
TAG = "bench"


@dataclass(frozen=True, slots=True)
class Tools:
    """What they build with.

    Args:
        engine: the docker command.
        env: of all of them; in it `BUILDKIT_HOST` is our daemon.
        other: address of a second daemon, the bare buildctl's; one daemon keeps one context, which each would take
            from the other.
    """

    engine: bare.BareEngine
    env: Mapping[str, str]
    other: str


@dataclass(frozen=True, slots=True)
class Images:
    """Images of one of the four, on a base of its own; each has its files in ``files``.

    Args:
        who: builds them.
        folder: with a folder for the base and one for each image.
        stem: of their names.
        count: how many stand on the base.
    """

    who: Who
    folder: Path
    stem: str
    count: int = 1

    @property
    def refs(self) -> list[str]:
        """Return where the images stand in the registry."""
        return [f"{REGISTRY}/{MARK}-{self.stem}-{self.who}-{number}:{TAG}" for number in range(self.count)]

    @property
    def base_ref(self) -> str:
        """Return where the base stands."""
        tag = "latest" if self.who.startswith("edk") else TAG
        return f"{REGISTRY}/{MARK}-{self.stem}-{self.who}-base:{tag}"

    def write(self, base: Path, files: Path, step: str = "") -> None:
        """Write them.

        Args:
            base: folder with the files of the base; hard links are made.
            files: the same for each image.
            step: a command that each runs behind the copy of its files.
        """
        name = self.base_ref.removeprefix(f"{REGISTRY}/").partition(":")[0]
        head = f'LABEL REGISTRY="local-only"\nLABEL IMAGE="{name}"\n'
        _image(self.folder / "base", f"FROM scratch\n{head}COPY files/ /\n", base)
        from_ = f"local-only/{name}:latest" if self.who.startswith("edk") else self.base_ref
        for number, ref in enumerate(self.refs):
            label = ref.removeprefix(f"{REGISTRY}/").partition(":")[0]
            text = f'FROM {from_}\nLABEL IMAGE="{label}"\nCOPY files/ /{MARK}/\n'
            # What all images do alike would be done once.
            run_it = f"RUN {step} # {MARK} {number}\n" if step else ""
            _image(self.folder / str(number), text + run_it, files)

    def change(self, path: str, content: bytes) -> None:
        """Have a file of each image be something else, or that of the base where `path` begins with ``base/``."""
        if path.startswith("base/"):
            _replace(self.folder / "base" / "files" / path.removeprefix("base/"), content)
            return
        for number in range(self.count):
            _replace(self.folder / str(number) / "files" / path, content)

    def build(self, tools: Tools, *, base: bool = False) -> Run:
        """Build and push them; those without us one behind the other, and the base only if it is asked for."""
        if self.who.startswith("edk"):
            builder = self.who.removeprefix("edk-")
            options = ("--dir", self.folder, "--no-import", "--jobs", "4", "--builder", builder)
            return run((*EDK, "build", *options), tools.env)
        pairs = [(self.folder / str(number), ref) for number, ref in enumerate(self.refs)]
        if base:
            pairs.insert(0, (self.folder / "base", self.base_ref))
        return tools.engine.build(tools.env, pairs) if self.who == "docker" else _buildctl(tools, pairs)


def _buildctl(tools: Tools, pairs: Sequence[tuple[Path, str]]) -> Run:
    runs = []
    for folder, ref in pairs:
        command = ("buildctl", "--addr", tools.other, "build", "--frontend=dockerfile.v0", f"--local=context={folder}")
        more = (f"--local=dockerfile={folder}", f"--output=type=image,name={ref},push=true")
        runs.append(run((*command, *more), tools.env))
    return Run(sum(r.seconds for r in runs), max(r.peak_bytes for r in runs))


def write_base(folder: Path) -> Path:
    """Write the files of a base: a shell, a thousand files, and 30 MB that can't be compressed."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    shell = shutil.which("busybox")
    assert shell is not None
    for name in ("sh", "sleep", "true"):
        shutil.copy(shell, folder / "bin" / name)
    for number in range(1000):
        (folder / "lib" / f"module{number}.py").write_text(f"VALUE = {number}\n" * 50)
    # Piece by piece: the memory of a process that is measured counts from the most that its parent had.
    with (folder / "lib" / "data").open("wb") as data:
        for _ in range(30):
            data.write(secrets.token_bytes(1_000_000))
    return folder


def write_files(folder: Path, count: int, size: int) -> Path:
    """Write so many files of so many bytes each, which gzip makes about half as large, a hundred to a folder."""
    for number in range(count):
        place = folder / f"part{number // 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        (place / f"file{number}.txt").write_text(secrets.token_hex(size // 2))
    return folder


def _image(folder: Path, dockerfile: str, files: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(dockerfile)
    shutil.copytree(files, folder / "files", copy_function=os.link)


def _replace(path: Path, content: bytes) -> None:
    """Write a file as an editor saves it; one that other folders have as well gives way to a new one."""
    if path.exists() and path.stat().st_nlink > 1:
        path.unlink()
    path.write_bytes(content)
