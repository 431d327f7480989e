"""What several BuildKit daemons make of a graph, beside the least time that it can take.

Steps wait rather than compute, for all the "machines" are this one: network namespaces with two places each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.measure import EDK, Figure, Peer, Result, RunFailedError, Skipped, environment, run
from tests.support.buildkitd import missing_programs
from tests.support.extension import Extension
from tests.support.site import Site, site_of

PLACES = 2
STEP = 3.0
"""Seconds that each image takes at least."""


def measure(work: Path) -> Iterator[Result]:
    """Yield the time of a wide and of a deep graph on one, two and three daemons; `work` is an empty folder."""
    lacking = [*missing_programs(), *(name for name in ("ip", "docker-registry", "busybox") if not shutil.which(name))]
    if lacking or os.geteuid():
        yield Skipped("pool", f"it needs root, and {', '.join(lacking) or 'network namespaces'}")
        return
    try:
        with site_of(work / "site", 3) as site:
            for count in (1, 2, 3):
                yield _figure(work, site, count, "wide: 12 images", [12])
            for count in (1, 2, 3):
                yield _figure(work, site, count, "deep: 1, 2 and 4 images on each other", [1, 2, 4])
    except RunFailedError as error:
        yield Skipped("pool", str(error))


def _figure(work: Path, site: Site, count: int, what: str, levels: list[int]) -> Figure:
    folder = work / f"{count}-{len(levels)}"
    folder.mkdir()
    extension = Extension(folder, site.base)
    for level, images in enumerate(levels):
        for number in range(images):
            base = f"l{level - 1}x{number // 2}" if level else ""
            step = f"RUN : {extension.suffix} {level} {number}; sleep {STEP}\n"
            write = extension.image if level == len(levels) - 1 else extension.local_base
            write(f"l{level}x{number}", step, base)  # type: ignore[arg-type]
    addresses = ",".join(worker.daemon.address for worker in site.workers[:count])
    more = {"EDK_BUILDER": "buildkit", "EDK_REGISTRY": site.registry, "EDK_WORKER_JOBS": str(PLACES)}
    env = environment(folder / "state", BUILDKIT_HOST=addresses, **more)
    env["EDK_EXTENSIONS_DIR"] = env["KAAPANA_REPO_PATH"] = str(folder / "nowhere")
    taken = run((*EDK, "build", "--dir", folder), env).seconds
    bound = max(len(levels) * STEP, sum(levels) * STEP / (PLACES * count))
    workers = f"{count} daemon{'s' if count > 1 else ''}"
    return Figure(f"{what}, {workers}", "s", taken, 1, None, Peer("the least that it can take", bound))
