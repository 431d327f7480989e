"""The same images built and pushed by us and by each peer that is here: bake, compose, skaffold, plain docker."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import bare
from bench.building import MARK, REGISTRY
from bench.contestants import write_base
from bench.measure import EDK, PROJECT, Run, environment, run

Who = Literal["edk", "bake", "compose", "skaffold", "docker"]
NAMES: dict[Who, str] = {
    "edk": "edk build",
    "bake": "docker buildx bake",
    "compose": "docker compose build",
    "skaffold": "skaffold build",
    "docker": "docker build and push, one after the other",
}
PROGRAMS: dict[Who, str] = {"bake": "buildx", "compose": "docker-compose", "skaffold": "skaffold"}
TAG = "bench"
NO_DOCKER = "no docker command that can build here is on PATH"


@dataclass(frozen=True, slots=True)
class Peers:
    """What is here.

    Args:
        who: can be measured; we are the first.
        env: of all of them.
        engine: the bare docker command.
    """

    who: tuple[Who, ...]
    env: Mapping[str, str]
    engine: bare.BareEngine | None

    @property
    def missing(self) -> str:
        """Return what is not here, as words."""
        return ", ".join(NAMES[who] for who in NAMES if who not in self.who)


def find(work: Path) -> Peers:
    """Return the peers that ``bench/peers.sh`` could install; each is made a plug-in where it has to be one.

    Args:
        work: an empty folder; the state goes there, and the output of each run.
    """
    env = environment(
        work / "state",
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION=TAG,
        EDK_EXTENSIONS_DIR=str(work / "none"),
        EDK_BENCH_LOG=str(work / "run.log"),
    )
    folder = PROJECT / ".cache" / "peers"
    plugins = work / "docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    for program in ("buildx", "docker-compose"):
        if (folder / program).is_file():
            (plugins / (program if program.startswith("docker-") else f"docker-{program}")).symlink_to(folder / program)
    probe = work / "probe"
    probe.mkdir()
    (probe / "Dockerfile").write_text(f'FROM scratch\nLABEL {MARK}="probe"\n')
    engine = bare.find(env, probe)
    there = tuple(who for who, program in PROGRAMS.items() if (folder / program).is_file())
    quiet = {"SKAFFOLD_UPDATE_CHECK": "false", "SKAFFOLD_INTERACTIVE": "false"}
    quiet["SKAFFOLD_CACHE_FILE"] = str(work / "skaffold-cache")
    path = f"{folder}{os.pathsep}{env.get('PATH', '')}"
    who: tuple[Who, ...] = ("edk", *there, *(("docker",) if engine else ()))
    return Peers(who, {**env, **quiet, "PATH": path, "EDK_BENCH_PLUGINS": str(work / "docker")}, engine)


@dataclass(frozen=True, slots=True)
class Project:
    """The images of one contender, each in a folder of its own with its files in ``files``.

    Args:
        who: builds them.
        folder: of them.
        stem: of their names.
        count: of images.
        base: the reference that they stand on.
        registry: where they go.
    """

    who: Who
    folder: Path
    stem: str
    count: int
    base: str
    registry: str = REGISTRY

    @property
    def names(self) -> list[str]:
        """Return the repositories of the images."""
        return [f"{MARK}-{self.stem}-{self.who}-{number}" for number in range(self.count)]

    @property
    def refs(self) -> list[str]:
        """Return where the images stand."""
        return [f"{self.registry}/{name}:{TAG}" for name in self.names]

    def write(self, files: int, size: int) -> None:
        """Write the images with so many files of so many bytes each, a hundred to a folder; and what peers read."""
        for number, name in enumerate(self.names):
            place = self.folder / str(number)
            (place / "files").mkdir(parents=True)
            text = f'FROM {self.base}\nLABEL IMAGE="{name}"\nLABEL {MARK}="{number}"\nCOPY files/ /{MARK}/\n'
            (place / "Dockerfile").write_text(text)
            for file in range(files):
                part = place / "files" / f"part{file // 100}"
                part.mkdir(exist_ok=True)
                (part / f"file{file}.txt").write_text(secrets.token_hex(size // 2))
        self._write_bake()
        self._write_compose()
        self._write_skaffold()

    def change(self) -> None:
        """Have one file of the first image be another one."""
        (self.folder / "0" / "files" / "part0" / "file0.txt").write_text(secrets.token_hex(16))

    def build(self, peers: Peers) -> Run:
        """Build and push them."""
        env, plugins = peers.env, {**peers.env, "DOCKER_CONFIG": peers.env["EDK_BENCH_PLUGINS"]}
        match self.who:
            case "edk":
                command = (*EDK, "build", "--dir", self.folder, "--no-import", "--builder", "docker")
                return run(command, {**env, "EDK_REGISTRY": self.registry})
            case "bake":
                return run(("docker", "buildx", "bake", "--file", "bake.json"), plugins, cwd=self.folder)
            case "compose":
                return run(("docker", "compose", "build", "--push"), plugins, cwd=self.folder)
            case "skaffold":
                return run(("skaffold", "build", "--tag", TAG), plugins, cwd=self.folder)
            case "docker":
                assert peers.engine is not None
                pairs = [(self.folder / str(number), ref) for number, ref in enumerate(self.refs)]
                return peers.engine.build(env, pairs)

    def _write_bake(self) -> None:
        targets = {
            name: {"context": str(number), "tags": [ref], "output": ["type=image,push=true"]}
            for number, (name, ref) in enumerate(zip(self.names, self.refs, strict=True))
        }
        group = {"default": {"targets": self.names}}
        (self.folder / "bake.json").write_text(json.dumps({"group": group, "target": targets}))

    def _write_compose(self) -> None:
        services = {
            name: {"image": ref, "build": {"context": str(number)}}
            for number, (name, ref) in enumerate(zip(self.names, self.refs, strict=True))
        }
        # JSON is YAML.
        (self.folder / "compose.yaml").write_text(json.dumps({"services": services}))

    def _write_skaffold(self) -> None:
        artifacts = [
            {"image": ref.removesuffix(f":{TAG}"), "context": str(number), "docker": {"dockerfile": "Dockerfile"}}
            for number, ref in enumerate(self.refs)
        ]
        local = {"push": True, "useBuildkit": True, "concurrency": 4}
        build = {"local": local, "artifacts": artifacts}
        config = {"apiVersion": "skaffold/v4beta11", "kind": "Config", "build": build}
        (self.folder / "skaffold.yaml").write_text(json.dumps(config))


def push_base(work: Path, name: str, peers: Peers, registry: str = REGISTRY) -> str:
    """Build a base with a shell and 30 MB, push it, and return its reference."""
    assert peers.engine is not None
    folder = work / "base"
    folder.mkdir()
    write_base(folder / "files")
    (folder / "Dockerfile").write_text(f'FROM scratch\nLABEL {MARK}="base"\nCOPY files/ /\n')
    ref = f"{registry}/{MARK}-{name}-base:latest"
    peers.engine.build(peers.env, [(folder, ref)])
    shutil.rmtree(folder)
    return ref
