"""``python -m bench``: every figure beside its goal and what else there is. Never fails for being slow."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import (
    builders,
    building,
    eight,
    exporting,
    makespan,
    planning,
    pooling,
    pushes,
    setup,
    sizes,
    starting,
    streaming,
    watching,
)
from bench.cleaning import Leftovers
from bench.measure import Result, RunFailedError, Skipped
from bench.report import as_json, table
from bench.tree import write_tree

PARTS = (
    "start",
    "plan",
    "sizes",
    "nothing",
    "eight",
    "contexts",
    "build",
    "makespan",
    "pushes",
    "stream",
    "watch",
    "export",
    "buildkit",
    "pool",
)
NEED_ENGINE = frozenset(PARTS) - {"start", "plan", "sizes", "pool"}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__, allow_abbrev=False)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--tree",
        type=Path,
        default=os.environ.get("KAAPANA_REPO_PATH") or None,
        help="a platform repository; default KAAPANA_REPO_PATH, else a generated tree of its shape",
    )
    parser.add_argument("--peer-tree", type=Path, help="a platform repository whose build scripts are the peer")
    parser.add_argument("--peer-python", type=Path, help="an interpreter with their requirements.txt installed")
    parser.add_argument("--runs", type=int, default=9, help="of each measurement (default 9); builds have half")
    parser.add_argument("--save", metavar="NAME", help="keep the figures as bench/results/NAME.json, too")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    found = parser.parse_args()
    unknown = set(found.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if found.runs < 1:
        parser.error("--runs must be 1 or more")
    if found.tree and not found.tree.is_dir():
        parser.error(f"there is no folder {found.tree}")
    return found


def results(asked: argparse.Namespace, work: Path, leftovers: Leftovers) -> Iterator[Result]:
    half = max(1, asked.runs // 2 + 1)
    for part in dict.fromkeys(asked.parts or PARTS):
        print(f"measuring: {part}", file=sys.stderr)
        folder = work / part
        folder.mkdir()
        if part in NEED_ENGINE and not _engine():
            yield Skipped(part, "no Docker Engine answers; set DOCKER_HOST, or run scripts/setup.sh")
            continue
        measured: dict[str, Callable[[], Iterator[Result]]] = {
            "start": lambda: starting.version(asked.runs),
            "plan": partial(_plan, asked, folder),
            "sizes": partial(sizes.measure, folder, asked.runs),
            "nothing": partial(starting.nothing_to_do, folder, asked.runs),
            "eight": partial(eight.eight, folder, asked.runs, leftovers),
            "contexts": partial(eight.contexts, folder, asked.runs, leftovers),
            "build": partial(building.measure, folder, half, leftovers),
            "makespan": partial(makespan.measure, folder, leftovers),
            "pushes": partial(pushes.measure, folder, leftovers),
            "stream": partial(streaming.measure, folder, leftovers),
            "watch": partial(watching.measure, folder, asked.runs, leftovers),
            "export": partial(exporting.measure, folder, half, leftovers),
            "buildkit": partial(builders.measure, folder, asked.runs, leftovers),
            "pool": partial(pooling.measure, folder),
        }
        yield from measured[part]()


def _plan(asked: argparse.Namespace, folder: Path) -> Iterator[Result]:
    tree, label = (asked.tree, "the platform") if asked.tree else (write_tree(folder / "tree"), "a generated tree")
    try:
        yield from planning.measure(tree.resolve(), label, asked.peer_tree, asked.peer_python, folder, asked.runs)
    except RunFailedError as error:
        yield Skipped(f"plan {label}", str(error))


def _engine() -> bool:
    # In another process: the memory of those that are measured counts from that of their parent.
    asked = subprocess.run(
        (sys.executable, "-c", "import docker; docker.from_env(timeout=5).ping()"), check=False, capture_output=True
    )
    return asked.returncode == 0


def main() -> int:
    asked = options()
    leftovers = Leftovers(building.MARK)
    surroundings = setup.before()
    with tempfile.TemporaryDirectory(prefix="edk-bench-") as folder:
        try:
            found = list(results(asked, Path(folder), leftovers))
        finally:
            if leftovers.refs:
                leftovers.remove()
    kept = as_json(found, setup.after(surroundings))
    if asked.save:
        setup.keep(asked.save, kept)
    print(kept if asked.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
