"""Graphs of images with random times: wide, deep, and mixed ones, as extensions of all sizes have them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from edk.domain.run import Wanted


@dataclass(frozen=True)
class Times:
    """How long images take: how many steps each has, and the seconds of each step, from least to most."""

    steps: tuple[int, int]
    seconds: tuple[float, float]


EVEN = Times((6, 10), (2.0, 10.0))
UNEVEN = Times((2, 14), (1.0, 20.0))


@dataclass(frozen=True)
class Graph:
    """Images, bases first.

    Args:
        name: of its shape.
        bases: image → those that it stands on.
        seconds: image → how long all its steps take.
    """

    name: str
    bases: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]

    @property
    def work(self) -> float:
        """Return the seconds of all images together."""
        return sum(self.seconds.values())

    @property
    def critical_path(self) -> float:
        """Return the seconds of the longest chain."""
        ends: dict[str, float] = {}
        for image, below in self.bases.items():
            ends[image] = self.seconds[image] + max((ends[base] for base in below), default=0.0)
        return max(ends.values())

    def bound(self, slots: int) -> float:
        """Return the seconds below which nobody can be with so many places."""
        return max(self.critical_path, self.work / slots)

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """Return all images as a plan wants them."""
        return tuple(Wanted(i, i, "build", "new", f"fingerprint of {i}", below) for i, below in self.bases.items())


def wide(count: int, seed: int = 0, times: Times = EVEN) -> Graph:
    """Return images of which one in a hundred is a base, and half of the others stand on one of these."""
    draw = random.Random(seed)
    few = max(1, count // 100)
    bases = {f"image-{n}": ((f"image-{draw.randrange(few)}",) if n >= few and n % 2 else ()) for n in range(count)}
    return _timed("wide", bases, draw, times)


def deep(count: int, seed: int = 0, times: Times = EVEN) -> Graph:
    """Return chains of forty images each."""
    bases = {f"image-{n}": ((f"image-{n - count // 40}",) if n >= count // 40 else ()) for n in range(count)}
    return _timed("deep", bases, random.Random(seed), times)


def mixed(count: int, seed: int = 0, times: Times = EVEN) -> Graph:
    """Return images in twelve layers, each on up to three of all those below."""
    draw = random.Random(seed)
    bases: dict[str, tuple[str, ...]] = {}
    for n in range(count):
        below = n * 12 // count * count // 12
        some = draw.randint(0, 3) if below else 0
        bases[f"image-{n}"] = tuple(sorted({f"image-{draw.randrange(below)}" for _ in range(some)}))
    return _timed("mixed", bases, draw, times)


def _timed(name: str, bases: dict[str, tuple[str, ...]], draw: random.Random, times: Times) -> Graph:
    seconds = {image: sum(draw.uniform(*times.seconds) for _ in range(draw.randint(*times.steps))) for image in bases}
    return Graph(name, bases, seconds)
