"""How near a build comes to what nobody can be faster than: max(longest path, work by places)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.building import MARK, REGISTRY
from bench.cleaning import Leftovers
from bench.measure import EDK, Figure, Goal, Peer, Result, RunFailedError, Skipped, run
from edk.adapters.store.store import SqliteStore
from edk.orchestrator.build_history import past_builds

JOBS = 4


@dataclass(frozen=True, slots=True)
class Graph:
    """Images of steps that wait: name → seconds and the image that it stands on, empty for the base of all."""

    name: str
    images: Mapping[str, tuple[int, str]]

    def bound(self, taken: Mapping[str, float]) -> float:
        """Return the least that it takes with so many places, in seconds, of builds that take so long each."""
        return max(sum(taken.values()) / JOBS, *(self._path(name, taken) for name in self.images))

    def _path(self, name: str, taken: Mapping[str, float]) -> float:
        _, below = self.images[name]
        return taken[name] + (self._path(below, taken) if below else 0)


# In the order of names, which decides where nothing is known, the long ones are neither first nor last.
WIDE = Graph(
    "wide: 12 images of 2 to 13 s",
    {f"w{number:02}": (2 + number * 7 % 12, "") for number in range(12)},
)
DEEP = Graph(
    "deep: two chains of 4 images of 5 s, and 4 images of 4 s",
    {f"{chain}{level}": (5, f"{chain}{level - 1}" if level else "") for chain in "xy" for level in range(4)}
    | {f"a{number}": (4, "") for number in range(4)},
)


def measure(work: Path, leftovers: Leftovers) -> Iterator[Result]:
    """Yield the time of each graph, the first time and once the state knows how long its images take."""
    for number, graph in enumerate((WIDE, DEEP)):
        folder = work / str(number)
        folder.mkdir()
        try:
            yield from _built(folder, f"makespan{number}", graph, leftovers)
        except RunFailedError as error:
            yield Skipped(graph.name, str(error))


def _built(work: Path, stem: str, graph: Graph, leftovers: Leftovers) -> Iterator[Result]:
    found = peers.find(work)
    if found.engine is None:
        yield Skipped(graph.name, peers.NO_DOCKER)
        return
    base = peers.push_base(work, stem, found)
    leftovers.refs += [base, *(f"{REGISTRY}/{MARK}-{stem}-{name}:{peers.TAG}" for name in graph.images)]
    command = (*EDK, "build", "--dir", work / "tree", "--no-import", "--jobs", str(JOBS), "--builder", "docker")
    for label in ("times not known", "times known from before", "the same once more"):
        _write(work / "tree", stem, graph, base)
        taken = run(command, found.env).seconds
        name = f"{graph.name}, {label}"
        waits = {image: float(seconds) for image, (seconds, _) in graph.images.items()}
        beside = Peer("max(longest path, work by places) of the waits alone", graph.bound(waits))
        yield Figure(name, "s", taken, 1, Goal("<= 1.05", 1.05, "ratio"), beside, (taken,))
        builds = _recorded(work / "state", f"{MARK}-{stem}-", graph)
        beside = Peer("the same of what the builds took", graph.bound(builds))
        yield Figure(f"{name}, as planned", "s", taken, 1, Goal("<= 1.05", 1.05, "ratio"), beside, (taken,))


def _recorded(state: Path, prefix: str, graph: Graph) -> dict[str, float]:
    """Return how long the last build of each image took, by the records that the EDK keeps."""
    store = SqliteStore(str(state), lambda _sentence: None)
    try:
        latest = past_builds(store)[: len(graph.images)]
    finally:
        store.close()
    return {record.image.removeprefix(prefix): record.seconds for record in latest}


def _write(tree: Path, stem: str, graph: Graph, base: str) -> None:
    """Write the images anew, each with something in it that no cache knows."""
    for name, (seconds, below) in graph.images.items():
        folder = tree / name
        folder.mkdir(parents=True, exist_ok=True)
        ref = f"{REGISTRY}/{MARK}-{stem}-{below}:{peers.TAG}" if below else base
        (folder / "nonce").write_text(secrets.token_hex(16))
        (folder / "Dockerfile").write_text(
            f'FROM {ref}\nLABEL IMAGE="{MARK}-{stem}-{name}"\nCOPY nonce /nonce\nRUN ["/bin/sleep", "{seconds}"]\n'
        )
