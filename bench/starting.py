"""How fast the command answers, and how fast it finds that nothing is to be done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.measure import (
    EDK,
    PROJECT,
    Figure,
    Goal,
    Peer,
    Result,
    RunFailedError,
    Skipped,
    environment,
    repeat,
    run,
    seconds,
)


def version(runs: int) -> Iterator[Result]:
    """Yield the time of `edk --version`."""
    env = environment()
    ours = (*EDK, "--version")
    bare = (EDK[0], "-c", "pass")
    run(ours, env)
    mine, python = repeat(runs, lambda: run(ours, env), lambda: run(bare, env))
    yield Figure(
        "edk --version", "s", seconds(mine), runs, Goal("< 0.1 s", 0.1), Peer("python -c pass", seconds(python))
    )


def nothing_to_do(work: Path, runs: int) -> Iterator[Result]:
    """Yield the time of building an example of which nothing changed, and of tracing it."""
    name = "./build_extension.sh, nothing changed"
    example = work / "otsus-method"
    shutil.copytree(PROJECT / "examples" / "otsus-method", example)
    script = (PROJECT / "build_extension.sh", "--dir", example, "--no-import")
    env = environment(EDK_BENCH_LOG=str(work / "build_extension.log"))
    try:
        run(script, env)
        (found,) = repeat(runs, lambda: run(script, env))
        trace = (*EDK, "trace", "--dir", example)
        (traced,) = repeat(runs, lambda: run(trace, env))
    except RunFailedError as error:
        yield Skipped(name, str(error))
        return
    yield Figure(name, "s", seconds(found), runs, Goal("< 0.5 s", 0.5))
    yield Figure("edk trace of an extension, all fresh", "s", seconds(traced), runs, Goal("< 0.5 s", 0.5))
