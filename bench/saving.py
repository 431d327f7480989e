"""A saved line until the registry has the new image: watchers with either builder, and both commands by hand."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.cleaning import MANIFESTS, Leftovers
from bench.contestants import NAMES, WHO, Images, Tools, Who
from bench.measure import Figure, Goal, Peer, Result, RunFailedError
from bench.watching import PATIENCE, Watched, watching

POLL = 0.003
REST = 0.15
"""Seconds between two saves, so that one's end is no part of the other's time."""


class Tag:
    """A tag in the registry, asked on a connection that is kept."""

    def __init__(self, ref: str) -> None:
        host, _, rest = ref.partition("/")
        name, _, tag = rest.rpartition(":")
        self._path = f"/v2/{name}/manifests/{tag}"
        self._connection = http.client.HTTPConnection(host, timeout=10)
        self._seen = self._digest()

    def moved(self) -> float:
        """Return when the tag had another digest than last time, in seconds since the epoch."""
        until = time.monotonic() + PATIENCE
        while (digest := self._digest()) == self._seen:
            if time.monotonic() > until:
                raise RunFailedError(f"{self._path} did not change in {PATIENCE:.0f} s")
            time.sleep(POLL)
        self._seen = digest
        return time.time()

    def _digest(self) -> str:
        self._connection.request("HEAD", self._path, headers={"Accept": MANIFESTS})
        answer = self._connection.getresponse()
        answer.read()
        return answer.headers.get("Docker-Content-Digest") or ""


def measure(
    work: Path, base: Path, files: Path, runs: int, leftovers: Leftovers, tools: Tools
) -> Iterator[Result]:
    """Yield the seconds from a save's end until the registry has the new digest; see `bench.builders.measure`."""
    made = {who: Images(who, work / who, "saved", 1) for who in WHO}
    for images in made.values():
        images.write(base, files)
        leftovers.refs += [*images.refs, images.base_ref]
        images.build(tools, base=True)
    taken: dict[Who, list[float]] = {who: [] for who in WHO}
    told: dict[Who, list[float]] = {who: [] for who in WHO}
    with ExitStack() as stack:
        watchers = {
            who: stack.enter_context(watching(images.folder, _environment(tools.env, who)))
            for who, images in made.items()
            if who.startswith("edk")
        }
        for watched in watchers.values():
            watched.wait("WatchStarted")
        tags = {who: Tag(images.refs[0]) for who, images in made.items()}
        for number in range(runs + 1):
            for who, images in made.items():
                images.change("part0/file0.txt", f"VALUE = {number}, {time.time_ns()}\n".encode())
                closed = time.time()
                end = _served(watchers[who]) if who in watchers else _by_hand(images, tools)
                moved = tags[who].moved() - closed
                finished = end() - closed
                if number:  # the first one warms up
                    taken[who].append(moved)
                    told[who].append(finished)
                time.sleep(REST)
        peaks = {who: watched.peak_megabytes() for who, watched in watchers.items()}
    yield from _figures(taken, told, peaks, runs)


def _environment(env: Mapping[str, str], who: Who) -> dict[str, str]:
    # Watchers have states of their own: one process's findings are no help for the other.
    return {**env, "EDK_BUILDER": who.removeprefix("edk-"), "EDK_STATE_DIR": f"{env['EDK_STATE_DIR']}-{who}"}


def _served(watched: Watched) -> Callable[[], float]:
    since = len(watched.told)
    return lambda: float(watched.wait("ImageFinished", since)["time"])


def _by_hand(images: Images, tools: Tools) -> Callable[[], float]:
    ended: list[float] = []
    thread = threading.Thread(target=lambda: ended.append((images.build(tools), time.time())[1]))
    thread.start()

    def end() -> float:
        thread.join()
        if not ended:
            raise RunFailedError(f"{images.who} failed")
        return ended[0]

    return end


def _figures(
    taken: Mapping[Who, list[float]], told: Mapping[Who, list[float]], peaks: Mapping[Who, float], runs: int
) -> Iterator[Result]:
    beside = Peer(NAMES["docker"], statistics.median(taken["docker"]))
    goals: dict[Who, Goal] = {"edk-buildkit": Goal("< 0.6 of it", 0.6, "ratio")}
    for who, times in taken.items():
        if who != "docker":
            name = f"saved, until the registry has it: {NAMES[who]}"
            yield Figure(name, "s", statistics.median(times), runs, goals.get(who), beside)
    ended = Peer(NAMES["docker"], statistics.median(told["docker"]))
    for who in peaks:
        name = f"saved, until it is told: {NAMES[who]}"
        yield Figure(name, "s", statistics.median(told[who]), runs, None, ended)
        yield Figure(f"watching, peak memory: {NAMES[who]}", "MB", peaks[who], 1, Goal("< 200 MB", 200))
