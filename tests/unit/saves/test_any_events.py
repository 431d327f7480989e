"""What holds for any events at any times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edk.domain.gathering import STANDARD, Gathering, close, due_at, gather
from edk.domain.litter import is_litter_path
from edk.domain.saves import RawEvent, RescanNeeded
from tests.unit.saves.replaying import Timed, replay

PATHS = ["/e/a", "/e/b", "/e/d/c", "/e/d", "/e/f~", "/e/.git/HEAD", "/e/.git/HEAD.lock"]
KINDS = ["created", "modified", "modified", "closed", "attrib", "deleted", "moved"]


@st.composite
def _events(draw: st.DrawFn) -> RawEvent | RescanNeeded:
    if draw(st.integers(0, 15)) == 0:
        return RescanNeeded(draw(st.sampled_from(["lost", "routine"])), quiet=draw(st.booleans()))
    kind = draw(st.sampled_from(KINDS))
    dest = draw(st.sampled_from(["", *PATHS])) if kind == "moved" else ""
    return RawEvent(kind, draw(st.sampled_from(PATHS)), draw(st.integers(0, 4)) == 0, dest)  # type: ignore[arg-type]


PAUSES = st.sampled_from([0.0, 0.001, 0.02, 0.05, 0.15, 0.3, 0.7, 2.0, 4.9, 6.0])
HISTORIES = st.lists(st.tuples(PAUSES, _events()), max_size=60)


def _timed(history: list[tuple[float, RawEvent | RescanNeeded]]) -> list[Timed]:
    now, timed = 100.0, []
    for pause, event in history:
        now += pause
        timed.append((now, event))
    return timed


def _reported(event: RawEvent | RescanNeeded) -> set[str]:
    """Return what has to be in a batch after an event: paths, or the reason of a re-scan that is not quiet."""
    if isinstance(event, RescanNeeded):
        return set() if event.quiet else {event.reason}
    if event.is_folder:
        return {event.path, event.dest} - {""} if event.kind in ("created", "deleted", "moved") else set()
    return {path for path in (event.path, event.dest) if path and not is_litter_path(path)}


@given(HISTORIES)
def test_everything_reported_is_in_a_later_batch_soon(history: list[tuple[float, RawEvent | RescanNeeded]]) -> None:
    """Each path and each re-scan is in the next batch or, while it is being written, the one after; in bounded time."""
    timed = _timed(history)
    batches = [(due, b.paths | b.folders | set(b.rescan.split("; "))) for due, b in replay(timed)]
    for at, event in timed:
        later = [(due, names) for due, names in batches if due > at or (due == at and _reported(event) <= names)]
        for name in _reported(event):
            index = next(index for index, (_, names) in enumerate(later) if name in names)

            assert index <= 1
            assert later[index][0] - at <= STANDARD.longest + STANDARD.writing


@given(HISTORIES)
def test_nothing_is_in_a_batch_that_was_not_reported_since_the_one_before(
    history: list[tuple[float, RawEvent | RescanNeeded]],
) -> None:
    """Each report leads to exactly one batch: no batch names a path not heard of since it was last named."""
    timed = _timed(history)
    open_reports: set[str] = set()
    state = Gathering()
    for at, event in [*timed, (1e9, RescanNeeded("end"))]:
        while (due := due_at(state, STANDARD)) is not None and due <= at:
            batch, state = close(state, STANDARD)

            assert batch.paths | batch.folders <= open_reports
            open_reports -= batch.paths | batch.folders
        state = gather(state, event, at)
        open_reports |= _reported(event)

    assert {"end"} == open_reports - {"lost", "routine"}


@given(HISTORIES)
def test_closing_makes_progress(history: list[tuple[float, RawEvent | RescanNeeded]]) -> None:
    """After a batch nothing is due any earlier, and a few closes leave nothing."""
    state = Gathering()
    for at, event in _timed(history):
        state = gather(state, event, at)
    closes = 0
    while (due := due_at(state, STANDARD)) is not None:
        _, state = close(state, STANDARD)
        after = due_at(state, STANDARD)
        closes += 1

        assert after is None or after > due
    assert closes <= 2


@given(st.lists(_events(), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_events_of_different_paths_does_not_matter(
    events: list[RawEvent | RescanNeeded],
    random: object,
) -> None:
    """Reports within one instant give the same batch, due at the same time, however those of different paths mix."""
    events = [event for event in events if isinstance(event, RawEvent) or not event.quiet]
    mixed = _mixed(events, random)
    expected = replay([(1.0, event) for event in events])

    assert expected == replay([(1.0, event) for event in mixed])


def _mixed(events: list[RawEvent | RescanNeeded], random: object) -> list[RawEvent | RescanNeeded]:
    """Return the events in another order, in which those that concern one path keep theirs."""
    left, mixed = list(events), []
    while left:
        free = [i for i in range(len(left)) if not any(_meet(left[j], left[i]) for j in range(i))]
        mixed.append(left.pop(random.choice(free)))  # type: ignore[attr-defined]
    return mixed


def _meet(one: RawEvent | RescanNeeded, other: RawEvent | RescanNeeded) -> bool:
    if isinstance(one, RescanNeeded) or isinstance(other, RescanNeeded):
        return isinstance(one, RescanNeeded) and isinstance(other, RescanNeeded)
    ends, others = {one.path, one.dest} - {""}, {other.path, other.dest} - {""}
    return any(a == b or a.startswith(b + "/") or b.startswith(a + "/") for a in ends for b in others)
