"""How much memory a large context takes on its way to the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.building import MARK, OURS, REGISTRY
from bench.cleaning import Leftovers
from bench.measure import EDK, Figure, Goal, Result, RunFailedError, Skipped, environment, megabytes, run, seconds

FILES = 8
FILE_BYTES = 250_000_000
# The files go into a stage of which the image takes one small file: what is measured is their way to the
# engine, not the registry's compression.
STAGES = """\
FROM {base} AS large
COPY data/ /{mark}/
RUN ls -l /{mark} > /{mark}-listing
FROM {base}
LABEL IMAGE="{mark}-large"
COPY --from=large /{mark}-listing /
"""


def measure(work: Path, leftovers: Leftovers) -> Iterator[Result]:
    """Yield memory and time of building with a context of 2 GB, once: it takes a while, and gigabytes of disk.

    Args:
        work: an empty folder.
        leftovers: told what stays in the engine.
    """
    image = work / "large"
    (image / "data").mkdir(parents=True)
    for number in range(FILES):
        with (image / "data" / f"{number}.bin").open("wb") as file:
            # A hole: reads and streams as so many zeros, and needs no disk on this side.
            file.truncate(FILE_BYTES)
            file.write(number.to_bytes(8, "big"))
    (image / "Dockerfile").write_text(STAGES.format(base=OURS, mark=MARK))
    env = environment(
        KAAPANA_REPO_PATH="",
        KAAPANA_BUILD_VERSION="bench",
        EDK_EXTENSIONS_DIR=str(work),
        EDK_BENCH_LOG=str(work / "build.log"),
    )
    leftovers.refs.append(f"{REGISTRY}/{MARK}-large:bench")
    try:
        done = run((*EDK, "build", "--dir", image, "--no-import"), env)
    except RunFailedError as error:
        yield Skipped("build with a context of 2 GB", str(error))
        return
    yield Figure("build with a context of 2 GB, peak memory", "MB", megabytes([done]), 1, Goal("< 200 MB", 200))
    yield Figure("build with a context of 2 GB, hashed and sent", "s", seconds([done]), 1)
