"""A board as rows and sentences: which images are shown, and what of each; nothing here knows colours or widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edk.domain.board import BAD, MOVING, PENDING, Board, BoardImage, State
from edk.domain.board_estimate import estimate
from edk.ui.text import safe, seconds, short_digests

LOG_LINES = 8
"""Of one image, at most, where log lines are shown."""
WORDS: dict[State, str] = {
    "waits": "wait",
    "held": "hold",
    "builds": "build",
    "pushes": "push",
    "retries": "retry",
    "done": "done",
    "skipped": "skip",
    "failed": "FAILED",
    "blocked": "blocked",
    "stopped": "stopped",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One image: cells, and log lines to stand below; all of it safe to print, and without line breaks."""

    name: str
    state: State
    step: str
    time: str
    cached: str
    doing: str
    why: str
    log: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether something is done about it at this moment."""
        return self.state in MOVING

    @property
    def word(self) -> str:
        """Return the state as plain lines call it."""
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Face:
    """What stands on the screen.

    Args:
        rows: of images.
        more: what of the rest there is; empty if every image has a row.
        totals: parts of a sentence, the most important first.
        share: of the images that are to be built, how many are; from 0 to 1.
    """

    rows: tuple[Row, ...]
    more: str
    totals: tuple[str, ...]
    share: float


def face(board: Board, now: float, height: int, jobs: int, *, logs: bool = False) -> Face:
    """Return what to show.

    Args:
        board: where everything stands.
        now: monotonic seconds.
        height: lines that there are for rows, what is left out counted as one.
        jobs: builds at once.
        logs: whether to show the last log lines of what is built.
    """
    images = [image for image in board.images.values() if image.state != "skipped"]
    chosen = _chosen(images, max(1, height))
    left_out = [image for image in images if image not in chosen]
    used = len(chosen) + bool(left_out)
    moving = sum(image.state in MOVING for image in chosen)
    each = min(LOG_LINES, max(0, height - used) // max(1, moving)) if logs else 0
    rows = tuple(_row(image, now, each if image.state in MOVING else 0) for image in chosen)
    built = board.count("done")
    planned = sum(image.state != "stopped" for image in images)
    return Face(rows, _more(left_out), totals(board, now, jobs), built / planned if planned else 1.0)


def ended(board: Board, now: float) -> tuple[Row, ...]:
    """Return the rows that stay on the screen for good; what was stopped before it began is not among them."""
    images = (i for i in board.images.values() if i.settled and i.state != "skipped" and not i.told)
    return tuple(_row(image, now, 0) for image in images if image.state != "stopped" or image.since)


def totals(board: Board, now: float, jobs: int) -> tuple[str, ...]:
    """Return what there is to say of all images together."""
    built, planned = board.count("done"), len(board.images) - board.count("skipped", "stopped")
    moving, pending = board.count(*MOVING), board.count(*PENDING)
    parts = [f"{built} of {planned} built"] if planned > board.count(*BAD) else []
    told = ((board.count("failed"), "failed"), (board.count("blocked"), "blocked"), (moving, "building"))
    parts += [f"{count} {word}" for count, word in (*told, (pending, "waiting")) if count]
    if board.began and not board.idle:
        parts.append(clock(now - board.began))
        left = estimate(board, now, jobs)
        if left is not None and (left.seconds >= 1 or left.sure):
            parts.append(f"{'about' if left.sure else 'at least'} {clock(max(1.0, left.seconds))} left")
    if board.count("skipped"):
        parts.append(f"{board.count('skipped')} {'up to date' if board.watching else 'unchanged'}")
    return tuple(parts)


def clock(count: float) -> str:
    """Return whole seconds for what goes on, e.g. ``12 s`` or ``2:05 min``."""
    whole = int(count)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _chosen(images: list[BoardImage], height: int) -> list[BoardImage]:
    """Return the images that get a row: all if there is room, else those that move, then those that failed."""
    if len(images) <= height:
        return images
    ranks = (MOVING, frozenset({"failed"}))
    wanted = [image for rank in ranks for image in images if image.state in rank][: height - 1]
    return [image for image in images if image in wanted]


def _more(images: list[BoardImage]) -> str:
    """Return how many images have no row, and how they stand."""
    counts: dict[State, int] = {}
    for image in images:
        counts[image.state] = counts.get(image.state, 0) + 1
    parts = ", ".join(f"{count} {WORDS[state]}" for state, count in counts.items())
    return f"… {len(images)} more: {parts}" if images else ""


def _row(image: BoardImage, now: float, lines: int) -> Row:
    moving = image.state in MOVING
    time = seconds(image.seconds) if image.settled and image.seconds else clock(now - image.since) if moving else ""
    doing = f"at {image.worker}: {image.doing}" if image.worker and moving else image.doing
    return Row(
        one_line(image.name),
        image.state,
        f"{image.step}/{image.steps}" if image.step else "",
        time,
        f"{image.cached} cached" if image.cached else "",
        short_digests(one_line(_without_number(doing) if moving else "")),
        short_digests(one_line(image.why)),
        tuple(one_line(line) for line in _last(image.log, lines)),
    )


def _last(log: tuple[str, ...], lines: int) -> Iterable[str]:
    return log[-lines:] if lines else ()


def _without_number(title: str) -> str:
    """Return a step's title without ``[2/3]``, which stands in a cell of its own."""
    head, bracket, rest = title.partition("] ")
    return rest if bracket and head.startswith("[") and head[1:].replace("/", "").isdigit() else title


def one_line(text: str) -> str:
    """Return text that is safe to print, on one line."""
    return safe(" ".join(text.split()))
