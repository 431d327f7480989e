"""What a board shows of a run: each image's line, made out of the same events that every surface gets.

Pure: the time comes in, and what comes out is another `Board`. `edk.ui.board_face` turns one into rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edk.domain import events as ev

State = Literal["waits", "held", "builds", "pushes", "retries", "done", "skipped", "failed", "blocked", "stopped"]
MOVING: frozenset[State] = frozenset({"builds", "pushes", "retries"})
PENDING: frozenset[State] = frozenset({"waits", "held"})
BAD: frozenset[State] = frozenset({"failed", "blocked"})
KEPT_LINES = 20


@dataclass(frozen=True, slots=True)
class BoardImage:
    """One image's line.

    Args:
        name: of the image.
        state: where it stands.
        why: it is built, held, or failed.
        doing: title of the step that it is at.
        step: number of that step; 0 if none is known.
        steps: how many there are.
        cached: how many came from the cache.
        since: monotonic seconds when it was started; 0 if it never was.
        seconds: that it took, once it has ended.
        log: the last lines that its build printed.
        on: names of the images that it waits for.
        worker: where it is built, if there are several.
        told: whether its end was shown for good already.
    """

    name: str
    state: State
    why: str = ""
    doing: str = ""
    step: int = 0
    steps: int = 0
    cached: int = 0
    since: float = 0.0
    seconds: float = 0.0
    log: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    worker: str = ""
    told: bool = False

    @property
    def settled(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state not in MOVING and self.state not in PENDING


@dataclass(frozen=True, slots=True)
class Board:
    """All lines, in the order of the plan.

    Args:
        images: name → its line.
        began: monotonic seconds when the first build of this round was planned or started; 0 if none was.
        failures: that were not told in full yet.
        watching: whether it goes on when everything has ended.
        usual: name → seconds that it took in the past.
    """

    images: Mapping[str, BoardImage] = field(default_factory=dict)
    began: float = 0.0
    failures: tuple[ev.ImageFailed, ...] = ()
    watching: bool = False
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether nothing is built, and nothing waits."""
        return all(image.settled for image in self.images.values())

    @property
    def moving(self) -> bool:
        """Whether something is built or pushed at this moment, so that seconds pass."""
        return any(image.state in MOVING for image in self.images.values())

    def count(self, *states: State) -> int:
        """Return how many images are in one of these states."""
        return sum(image.state in states for image in self.images.values())


def starts(event: ev.Event) -> bool:
    """Tell whether an event says that something is going to be built: a run without one needs no board."""
    match event:
        case ev.PlanMade():
            return bool(event.build)
        case ev.ImageStarted() | ev.ImageHeld() | ev.ImageFailed() | ev.ImageRetagged():
            return True
    return False


def after(board: Board, event: ev.Event, now: float) -> Board:
    """Return the board after an event; `now` in monotonic seconds."""
    match event:
        case ev.WatchStarted():
            return replace(board, watching=True)
        case ev.PlanMade():
            waits = {name: BoardImage(name, "waits") for name in event.build}
            began = board.began or (now if event.build else 0.0)
            return replace(board, images={**board.images, **waits}, began=began)
        case ev.ImageOrphaned():
            return replace(board, images={name: i for name, i in board.images.items() if name != event.image})
        case ev.ImageFailed():
            failed = _failed(_image(board, event.image), event, now)
            return replace(_put(board, failed, now), failures=(*board.failures, event))
        case ev.StepMoved() if event.phase == "warning":
            return board
        case _:
            image = _moved(board, event, now)
            return board if image is None else _put(board, image, now)


def settled_anew(board: Board) -> Board:
    """Return the board for what comes next: what went well is but counted, what is wrong stays."""
    kept = {
        name: replace(image, told=True) if image.state in BAD else BoardImage(name, "skipped")
        for name, image in board.images.items()
        if image.state != "stopped"
    }
    return replace(board, images=kept, began=0.0)


def without_failures(board: Board) -> Board:
    """Return the board with every failure told."""
    return replace(board, failures=()) if board.failures else board


def _image(board: Board, name: str) -> BoardImage:
    return board.images.get(name) or BoardImage(name, "waits")


def _put(board: Board, image: BoardImage, now: float) -> Board:
    began = board.began if board.began or image.settled else now
    return replace(board, images={**board.images, image.name: image}, began=began)


def _moved(board: Board, event: ev.Event, now: float) -> BoardImage | None:
    """Return an image after what happened to it; None if an event is of none."""
    match event:
        case ev.ImageHeld():
            return replace(_image(board, event.image), state="held", why=event.reason, on=event.waits_for)
        case ev.ImageStarted():
            old = _image(board, event.image)
            since = old.since if event.attempt > 1 and old.since else now
            return BoardImage(event.image, "builds", event.reason, since=since)
        case ev.ImageRetagged():
            return BoardImage(event.image, "pushes", event.reason, since=now)
        case ev.ImagePlaced():
            return replace(_image(board, event.image), worker=event.worker, doing="" if event.worker else event.reason)
        case ev.StepMoved():
            return _stepped(_image(board, event.image), event)
        case ev.ImageBuilt():
            built = replace(_image(board, event.image), state="pushes", doing="", step=event.steps, steps=event.steps)
            return replace(built, cached=event.cached_steps)
        case ev.PushMoved():
            return replace(_image(board, event.image), state="pushes", doing=event.status)
        case ev.RetryScheduled():
            return replace(_image(board, event.image), state="retries", why=event.cause, doing="")
        case ev.ImageSkipped():
            return BoardImage(event.image, "skipped", event.reason)
        case ev.ImageFinished():
            return replace(_image(board, event.image), state="done", doing="", seconds=event.seconds, on=())
        case ev.ImageBlocked():
            return BoardImage(event.image, "blocked", f"by {event.by}")
        case ev.ImageCancelled():
            old = _image(board, event.image)
            return replace(old, state="stopped", why=event.reason, doing="", seconds=_elapsed(old, now))
    return None


def _stepped(image: BoardImage, event: ev.StepMoved) -> BoardImage:
    """Return an image after its build told of a step."""
    if event.phase == "log":
        return replace(image, log=(*image.log, event.title)[-KEPT_LINES:])
    if event.phase == "started":
        numbered = replace(image, step=event.number, steps=event.total) if event.number else image
        return replace(numbered, doing=event.title)
    if event.phase == "cached" and event.number:
        return replace(image, step=event.number, steps=event.total, cached=image.cached + 1)
    return image


def _failed(image: BoardImage, event: ev.ImageFailed, now: float) -> BoardImage:
    # Whose Dockerfile it is, the row says by its name; the box says all.
    place = f"{event.dockerfile}:{event.line}: "
    why = f"line {event.line}: {event.message.removeprefix(place)}" if event.line else event.message
    return replace(image, state="failed", why=why, doing="", seconds=_elapsed(image, now), on=())


def _elapsed(image: BoardImage, now: float) -> float:
    return now - image.since if image.since else 0.0
