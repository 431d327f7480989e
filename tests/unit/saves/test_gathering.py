"""When a batch is due, and what is in it, by tables."""

from __future__ import annotations

import pytest

from edk.domain.gathering import STANDARD, Gathering, Quiet, close, due_at, gather
from edk.domain.saves import RawEvent, RescanNeeded
from tests.unit.saves.replaying import Timed, replay

Row = tuple[float, str, str]


def _event(row: Row) -> Timed:
    """Return the event of ``(seconds, kind, path)``; a path ending in ``/`` is a folder, ``a>b`` a move."""
    at, kind, path = row
    path, _, dest = path.partition(">")
    folder = path.endswith("/")
    return at, RawEvent(kind, path.rstrip("/"), folder, dest.rstrip("/"))  # type: ignore[arg-type]


def _gathered(*rows: Row) -> Gathering:
    state = Gathering()
    for at, event in map(_event, rows):
        state = gather(state, event, at)
    return state


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([(1, "modified", "/f"), (1.01, "closed", "/f")], 1.04),
        ([(1, "closed", "/f")], 1.03),
        ([(1, "attrib", "/f")], 1.03),
        ([(1, "modified", "/f"), (2, "modified", "/f")], 7.0),
        ([(1, "created", "/f"), (1.01, "closed", "/f")], 1.21),
        ([(1, "created", "/f"), (1.1, "modified", "/f")], 6.1),
        ([(1, "closed", "/f"), (1.02, "closed", "/g")], 1.22),
        ([(1, "closed", "/f"), (1.02, "attrib", "/f")], 1.05),
        ([(1, "deleted", "/f")], 1.6),
        ([(1, "deleted", "/f"), (1.1, "created", "/f"), (1.1, "closed", "/f")], 1.3),
        ([(1, "deleted", "/f"), (1.1, "created", "/g")], 1.6),
        ([(1, "deleted", "/f"), (1.5, "created", "/g")], 1.7),
        ([(1, "created", "/f"), (1.1, "deleted", "/f")], 1.3),
        ([(1, "moved", "/f>/g")], 1.2),
        ([(1, "moved", "/f>")], 1.6),
        ([(1, "moved", "/f>/f~"), (1.02, "created", "/f"), (1.03, "closed", "/f"), (1.03, "deleted", "/f~")], 1.23),
        ([(1, "moved", "/f>/f.bak"), (1.02, "closed", "/f"), (1.03, "deleted", "/f.bak")], 1.23),
        ([(1, "created", "/d/")], 1.2),
        ([(1, "deleted", "/d/")], 1.6),
        ([(1, "modified", "/d/")], None),
        ([(1, "attrib", "/d/")], None),
        ([(1, "created", "/.f.swp"), (1, "modified", "/.f.swp")], None),
        ([(1, "created", "/x/.git/index.lock"), (1, "deleted", "/x/.git/index.lock")], None),
        ([(1, "deleted", "/x/.git/AUTO_MERGE")], 1.2),
        ([(1, "modified", "/f"), (1.1, "moved", "/f>/g")], 1.3),
        ([(1, "modified", "/d/f"), (1.1, "moved", "/d/>/e/")], 1.3),
        ([(1, "modified", "/f"), (1.1, "moved", "/new>/f")], 1.3),
        ([(1.1, "closed", "/f"), (1, "closed", "/g")], 1.3),
        ([(1, "deleted", "/f"), (1.1, "created", "/t"), (1.3, "deleted", "/t")], 1.6),
        ([(1, "modified", "/f"), (1.1, "modified", "/g"), (1.2, "closed", "/f")], 6.1),
        ([(1, "modified", "/f"), (8, "closed", "/g")], 8.2),
        ([(1, "closed", "/g"), (8.95, "modified", "/f")], 9.0),
    ],
)
def test_a_batch_is_due_as_soon_as_what_happened_is_over(rows: list[Row], expected: float | None) -> None:
    """How long is waited follows from what was reported, not from how much."""
    actual = due_at(_gathered(*rows), STANDARD)

    assert expected == (None if actual is None else round(actual, 6))


def test_a_file_that_never_rests_is_in_a_batch_within_ten_seconds() -> None:
    """A file changed every 50 ms and never closed does not put off a build for ever, alone or with another one."""
    writer = [_event((index * 0.05, "modified", "/log")) for index in range(400)]
    saved = _event((0.02, "closed", "/f"))

    alone = replay(writer)
    both = replay(sorted([*writer, saved], key=lambda timed: timed[0]))

    assert [8.0, 16.0] == [round(due, 3) for due, _ in alone][:2]
    assert [(8.0, {"/f"}), (13.0, {"/log"})] == [(round(due, 3), set(batch.paths)) for due, batch in both][:2]


def test_a_file_is_left_behind_only_once() -> None:
    """A file that is still being written goes along with the second batch, whatever else is in it."""
    events = [_event((index * 0.05, "modified", "/log")) for index in range(400)]
    events += [_event((0.02, "closed", "/f")), _event((12.9, "closed", "/g"))]

    actual = [set(batch.paths) for _, batch in replay(sorted(events, key=lambda timed: timed[0]))]

    assert [{"/f"}, {"/log", "/g"}] == actual[:2]


def test_a_file_saved_again_and_again_is_one_batch_in_a_while() -> None:
    """A file closed every 50 ms is built once at once, and then not before it rests, or after the longest time."""
    events = [_event((index * 0.05, "closed", "/f")) for index in range(200)]

    assert [0.03, 8.05, 10.15] == [round(due, 3) for due, _ in replay(events)]


def test_files_saved_one_after_the_other_are_the_first_and_the_rest() -> None:
    """Where saves of several files come in a row with gaps, only the first has a batch of its own."""
    events = [_event((index * 0.05, "closed", f"/f{index}")) for index in range(10)]

    assert [1, 9] == [len(batch.paths) for _, batch in replay(events)]


def test_what_remains_is_closed_with_its_own_save() -> None:
    """A file that was being written when the batch had lasted its longest is due soon after its close."""
    events = [_event((0.01, "created", "/f")), _event((0.2, "modified", "/slow"))]
    events += [_event((index * 0.5, "modified", "/slow")) for index in range(1, 20)]
    events += [_event((9.6, "closed", "/slow"))]

    assert [(8.01, {"/f"}), (9.8, {"/slow"})] == [(round(due, 3), set(batch.paths)) for due, batch in replay(events)]


def test_a_batch_tells_what_is_gone() -> None:
    """Both ends of a move are in the batch, and the one that was left is gone; what came back is not."""
    rows: list[Row] = [(1, "moved", "/a/>/b/"), (1, "deleted", "/f"), (1.1, "created", "/f"), (1.1, "deleted", "/g")]
    batch, rest = close(_gathered(*rows))

    assert (frozenset({"/f", "/g"}), frozenset({"/a", "/b"})) == (batch.paths, batch.folders)
    assert frozenset({"/a", "/g"}) == batch.gone
    assert (1, 1.1) == (batch.first, batch.last)
    assert due_at(rest, STANDARD) is None


def test_a_folder_replaced_by_a_file_counts_as_both() -> None:
    """A path seen as a folder and as a file is looked at as both."""
    batch, _ = close(_gathered((1, "deleted", "/d/"), (1, "created", "/d")))

    assert (frozenset({"/d"}), frozenset({"/d"}), frozenset()) == (batch.paths, batch.folders, batch.gone)


def test_a_rescan_is_due_after_a_burst_and_keeps_its_reasons() -> None:
    """Lost events make a re-scan of everything, which names each reason once."""
    state = Gathering()
    for at, reason in [(1.0, "overflow"), (1.05, "root replaced"), (1.1, "overflow")]:
        state = gather(state, RescanNeeded(reason), at)
    batch, _ = close(state)

    assert 1.3 == due_at(state, STANDARD)
    assert ("overflow; root replaced", False) == (batch.rescan, batch.quiet)


def test_a_quiet_rescan_is_due_at_once() -> None:
    """A tick of polling waits for nothing, and stays quiet."""
    state = gather(Gathering(), RescanNeeded("polling", quiet=True), 1.0)
    batch, _ = close(state)

    assert 1.0 == due_at(state, STANDARD)
    assert ("polling", True) == (batch.rescan, batch.quiet)


def test_a_quiet_rescan_neither_hurries_nor_delays_a_save() -> None:
    """A tick that comes while a file is being written waits for its end, and goes along."""
    state = gather(_gathered((1, "modified", "/f")), RescanNeeded("polling", quiet=True), 1.5)
    state = gather(state, RawEvent("closed", "/f"), 1.6)
    batch, _ = close(state)

    assert pytest.approx(1.63) == due_at(state, STANDARD)
    assert (frozenset({"/f"}), "polling", True, 1.6) == (batch.paths, batch.rescan, batch.quiet, batch.last)


def test_lost_events_are_told_though_a_quiet_rescan_came_too() -> None:
    """A re-scan is only quiet if nothing was lost."""
    state = gather(Gathering(), RescanNeeded("polling", quiet=True), 1.0)
    batch, _ = close(gather(state, RescanNeeded("overflow"), 1.0))

    assert ("overflow", False) == (batch.rescan, batch.quiet)


def test_a_tick_of_polling_does_not_slow_the_next_save() -> None:
    """A save right after a quiet re-scan is as fast as any other."""
    _, state = close(gather(Gathering(), RescanNeeded("polling", quiet=True), 1.0))

    assert pytest.approx(1.13) == due_at(gather(state, RawEvent("closed", "/f"), 1.1), STANDARD)


def test_the_periods_are_settings() -> None:
    """Each quiet period may be set."""
    quiet = Quiet(save=1, burst=2, removal=4, writing=8, longest=16)
    rows: list[Row] = [(1, "closed", "/f"), (1, "created", "/f"), (1, "deleted", "/f"), (1, "modified", "/f")]

    assert [2, 3, 5, 9] == [due_at(_gathered(row), quiet) for row in rows]
    assert 17 == due_at(_gathered(*[(at, "closed", "/f") for at in range(1, 20)]), quiet)


def test_nothing_gathered_can_not_be_closed() -> None:
    """Closing nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="nothing was gathered"):
        close(Gathering())
