"""What an export costs beside `docker save` of the same images: time, and memory of the process."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.building import BARE, MARK, REGISTRY
from bench.cleaning import Leftovers
from bench.measure import (
    EDK,
    Figure,
    Goal,
    Peer,
    Result,
    Run,
    RunFailedError,
    Skipped,
    environment,
    megabytes,
    repeat,
    run,
    seconds,
)

LAYER_BYTES = 300_000_000
IMAGES = 3


def measure(work: Path, runs: int, leftovers: Leftovers) -> Iterator[Result]:
    """Yield time and memory of exporting three images with a common layer of 300 MB, half of which can be compressed.

    Both take what stands ready: ours from the registry, the engine's own from its store. Archives go to the same disk.

    Args:
        work: an empty folder.
        runs: how often each, in turn.
        leftovers: told what stays in the engine.
    """
    docker = shutil.which("docker")
    if docker is None:
        yield Skipped("export", "there is no docker command to compare with")
        return
    try:
        yield from _measured(work, runs, leftovers, docker)
    except RunFailedError as error:
        yield Skipped("export", str(error))


def _measured(work: Path, runs: int, leftovers: Leftovers, docker: str) -> Iterator[Result]:
    extension, env = work / "extension", _environment(work)
    names = _write_images(extension)
    refs = [f"{REGISTRY}/{name}:bench" for name in names]
    leftovers.refs.extend([*refs, f"{REGISTRY}/{MARK}-export-base:latest"])
    run((*EDK, "build", "--dir", extension, "--no-import"), env)

    def ours() -> Run:
        (work / "ours.tar").unlink(missing_ok=True)
        return run((*EDK, "export", "--dir", extension, "-o", work / "ours.tar"), env)

    def theirs() -> Run:
        (work / "theirs.tar").unlink(missing_ok=True)
        return run((docker, "save", "-o", work / "theirs.tar", *refs), env)

    # Once each beforehand: the files of both are in the page cache then.
    repeat(1, ours, theirs)
    taken, saved = repeat(runs, ours, theirs)
    ratio = Goal("no slower", 1, "ratio")
    peer = Peer("docker save of the same images", seconds(saved))
    yield Figure("export three images that share 300 MB", "s", seconds(taken), runs, ratio, peer)
    memory = Peer("the docker command (the engine does the work)", megabytes(saved))
    yield Figure("the same, peak memory", "MB", megabytes(taken), runs, Goal("< 100 MB", 100), memory)
    sizes = [(work / name).stat().st_size / 1e6 for name in ("ours.tar", "theirs.tar")]
    yield Figure("the same, size of the archive", "MB", sizes[0], 1, None, Peer("docker save", sizes[1]))


def _environment(work: Path) -> dict[str, str]:
    return environment(
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION="bench",
        EDK_EXTENSIONS_DIR=str(work),
        EDK_BENCH_LOG=str(work / "export.log"),
    )


def _write_images(folder: Path) -> list[str]:
    """Write a base with a large layer and the images that stand on it, and return their names."""
    base = folder / "base"
    (base / "data").mkdir(parents=True)
    with (base / "data" / "random").open("wb") as file:
        for _ in range(LAYER_BYTES // 2_000_000):
            file.write(os.urandom(1_000_000))
    with (base / "data" / "text").open("wb") as file:
        for number in range(LAYER_BYTES // 2_000_000):
            file.write((f"{number} {secrets.token_hex(16)} " * 30_000).encode()[:1_000_000])
    head = f'LABEL REGISTRY="local-only"\nLABEL IMAGE="{MARK}-export-base"\n'
    (base / "Dockerfile").write_text(f"FROM {BARE}\n{head}COPY data/ /{MARK}/\n")
    names = [f"{MARK}-export-{number}" for number in range(IMAGES)]
    for name in names:
        image = folder / name
        image.mkdir()
        (image / "file").write_text(secrets.token_hex(1000))
        dockerfile = f'FROM local-only/{MARK}-export-base:latest\nLABEL IMAGE="{name}"\nCOPY file /{MARK}-file\n'
        (image / "Dockerfile").write_text(dockerfile)
    return names
