"""``python -m tests.simulation.pool``: the figures of the simulation as tables for docs/builders.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.simulation.pool.figures import rounds, speed, trouble
from tests.simulation.pool.graphs import EVEN, UNEVEN, deep, mixed, wide


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def main(scale: int) -> None:
    """Print all tables, for a thousand workers divided by `scale`."""
    workers, images = 1000 // scale, 10_000 // scale
    fast = [
        (times, speed(shape(images, times=times), workers, limit, known=known))
        for shape, times, limit, known in (
            (wide, EVEN, 1, False),
            (deep, EVEN, 1, False),
            (mixed, EVEN, 1, False),
            (wide, EVEN, 2, False),
            (wide, EVEN, 2, True),
            (wide, UNEVEN, 1, False),
            (wide, UNEVEN, 1, True),
        )
    ]
    print(
        table(
            ("graph", "workers × limit", "images", "steps", "seconds", "of the bound", "busiest", "not at home"),
            [
                (
                    s.graph,
                    f"{s.workers} × {s.limit}",
                    s.images,
                    "{}–{} of {:.0f}–{:.0f} s".format(*times.steps, *times.seconds),
                    f"{s.seconds:.0f}",
                    f"{s.ratio:.3f}",
                    f"{s.balance:.2f}",
                    s.pushed,
                )
                for times, s in fast
            ],
        )
    )
    hard = [trouble(shape(images), workers, 1, pause) for shape, pause in ((wide, 2.0), (deep, 2.0), (mixed, 2.0))]
    print()
    print(
        table(
            ("graph", "workers", "images", "faults", "builds lost", "built without need", "missing", "of the bound"),
            [
                (
                    t.graph,
                    t.workers,
                    t.images,
                    ", ".join(f"{n} {what}" for what, n in t.faults.items()),
                    t.lost,
                    t.needless,
                    t.twice,
                    f"{t.ratio:.2f}",
                )
                for t in hard
            ],
        )
    )
    for jobs in (1.0, 2.0):
        print(f"\n{jobs:.0f} × as many builds handed in as there are places\n")
        told = rounds(wide(1000), 20, 4, jobs, 2)
        print(
            table(
                ("round", "cache hits", "seconds", "first choice away", "first choice busy", "images of the lost"),
                [(r.what, f"{r.hits:.0%}", f"{r.seconds:.0f}", r.away, r.pushed, r.orphans) for r in told],
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
