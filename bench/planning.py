"""Reading and planning a whole platform tree, beside the platform's own build scripts reading it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

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

SOURCES_WRONG = 3
"""The exit code of a plan whose sources have errors: the platform's has some, and is planned whole all the same."""


def measure(
    tree: Path, label: str, peer_tree: Path | None, peer_python: Path | None, work: Path, runs: int
) -> Iterator[Result]:
    """Yield the figures of `edk plan` over a tree, without engine and registry.

    Args:
        tree: the whole platform.
        label: what the tree is.
        peer_tree: a platform repository with its build scripts; None if there is none.
        peer_python: an interpreter that has their dependencies; None if there is none.
        work: an empty folder.
        runs: how often.
    """
    env = environment(work / "state", KAAPANA_REPO_PATH=str(tree), EDK_BENCH_LOG=str(work / "plan.log"))
    plan = (*EDK, "plan", "--dir", tree, "--offline", "--json")

    def cold() -> Run:
        shutil.rmtree(work / "state", ignore_errors=True)
        return run(plan, env, (0, SOURCES_WRONG))

    def warm() -> Run:
        return run(plan, env, (0, SOURCES_WRONG))

    cold()  # compiles our modules, and brings the tree into the page cache
    (colds,) = repeat(runs, cold)
    plain, plain_runs, skipped = _alternating(runs, warm, lambda: _reading(peer_tree, peer_python, work))
    peer = "the platform's build scripts, without git"
    beside = Peer(peer, seconds(plain_runs)) if plain_runs else None
    yield Figure(f"plan {label}, warm state", "s", seconds(plain), runs, Goal("< 0.5 s", 0.5), beside)
    yield Figure(f"plan {label}, no state", "s", seconds(colds), runs, Goal("< 1 s", 1.0), beside)
    beside = Peer(peer, megabytes(plain_runs)) if plain_runs else None
    yield Figure(f"plan {label}, peak memory", "MB", megabytes([*plain, *colds]), runs, Goal("< 150 MB", 150), beside)
    if skipped:
        yield skipped
        return
    few = min(runs, 3)
    warms, described, skipped = _alternating(few, warm, lambda: _describing(peer_tree, peer_python, work))
    if skipped:
        yield skipped
        return
    beside = Peer("the platform's build scripts, with git describe", seconds(described))
    yield Figure(f"plan {label}, warm state", "s", seconds(warms), few, Goal("< 0.5 s", 0.5), beside)


def _alternating(
    runs: int, ours: Callable[[], Run], prepare: Callable[[], Callable[[], Run]]
) -> tuple[list[Run], list[Run], Skipped | None]:
    """Run ours and a peer in turn; ours alone, and why, where the peer can't be had."""
    try:
        peer = prepare()
        peer()
        mine, theirs = repeat(runs, ours, peer)
        return mine, theirs, None
    except (RunFailedError, OSError, subprocess.CalledProcessError) as error:
        (alone,) = repeat(runs, ours)
        return alone, [], Skipped("the platform's build scripts", str(error))


def _reading(tree: Path | None, python: Path | None, work: Path, git: str = "no-git") -> Callable[[], Run]:
    if tree is None or not (tree / "build-scripts").is_dir():
        raise RunFailedError("no --peer-tree with a folder build-scripts was given")
    if python is None:
        raise RunFailedError("no --peer-python was given: an interpreter with build-scripts/requirements.txt")
    (work / "peer").mkdir(exist_ok=True)
    command = (python, Path(__file__).with_name("peer_reading.py"), tree, work / "peer", git)
    env = environment(EDK_BENCH_LOG=str(work / "peer.log"))
    return lambda: run(command, env)


def _describing(tree: Path | None, python: Path | None, work: Path) -> Callable[[], Run]:
    return _reading(tree and _as_repository(tree, work / "repository"), python, work, "git")


def _as_repository(tree: Path, copy: Path) -> Path:
    """Return a copy of a tree in a git repository with one tagged commit: `git describe` needs no more."""
    shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=tree"),
        ("tag", "--annotate", "--message=tree", "0.6.0"),
    ):
        subprocess.run(("git", *identity, *words), cwd=copy, check=True, capture_output=True)
    return copy
