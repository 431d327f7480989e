"""From the kernel's events to raw events, on recordings of real ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edk.adapters.watching import translation
from edk.adapters.watching.translation import Departure, Moves, translate
from edk.domain.saves import RawEvent

RECORDINGS = Path(__file__).parent / "recordings"
NAMES = {
    "ATTRIB": translation.ATTRIB,
    "CLOSE_WRITE": translation.CLOSE_WRITE,
    "CREATE": translation.CREATE,
    "DELETE": translation.DELETE,
    "MODIFY": translation.MODIFY,
    "MOVED_FROM": translation.MOVED_FROM,
    "MOVED_TO": translation.MOVED_TO,
}
WANTED = ("closed", "modified", "attrib", "created", "deleted", "moved")


def raw_events(lines: list[dict[str, object]]) -> list[RawEvent]:
    """Translate the kernel's side of a recording; inotifywait shows no cookies, but halves follow each other."""
    moves, events = Moves(), []
    for number, line in enumerate(lines):
        mask = sum(NAMES.get(name, 0) for name in str(line["type"]).split(","))
        path, is_folder = str(line["path"]), bool(line["is_directory"])
        if mask & translation.MOVED_FROM:
            pair = lines[number + 1] if number + 1 < len(lines) else {}
            if pair.get("type") == "MOVED_TO" and pair.get("is_directory") == is_folder:
                moves.depart(Departure(number + 1, path, is_folder, 1.0))
            else:
                moves.depart(Departure(-number, path, is_folder, 1.0))
        elif mask & translation.MOVED_TO:
            events.append(moves.arrive(number, path, is_folder))
        else:
            raw = translate(mask | (translation.ISDIR if is_folder else 0), path)
            events.extend([raw] if raw else [])
    return [*events, *moves.left(1.0)]


@pytest.mark.parametrize("recording", sorted(RECORDINGS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_recordings_keep_all_that_watchdog_reported(recording: Path) -> None:
    """What watchdog's own observer reports of a recording is named by a raw event, or lies below a folder that is."""
    lines = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    events = raw_events([line for line in lines if line["src"] == "inotifywait"])
    named = {path for event in events for path in (event.path, event.dest)}
    folders = tuple(f"{path}/" for event in events if event.is_folder for path in (event.path, event.dest) if path)
    reported = [line for line in lines if line["src"] == "watchdog" and line["type"] in WANTED]
    paths = {
        path
        for line in reported
        if not (line["is_directory"] and line["type"] in ("modified", "attrib"))
        for path in (line["path"], line["dest"])
        if path and not path.startswith("/")
    }

    assert events
    assert set() == {path for path in paths if path not in named and not path.startswith(folders)}


@pytest.mark.parametrize(
    ("names", "is_folder", "expected"),
    [
        ("CREATE", False, "created"),
        ("MODIFY", False, "modified"),
        ("ATTRIB", False, "attrib"),
        ("CLOSE_WRITE", False, "closed"),
        ("DELETE", False, "deleted"),
        ("CREATE", True, "created"),
        ("DELETE", True, "deleted"),
        ("ATTRIB", True, ""),
        ("MODIFY", True, ""),
    ],
)
def test_kinds(names: str, is_folder: bool, expected: str) -> None:
    """Each event of the kernel has one kind; of folders only coming and going counts."""
    mask = NAMES[names] | (translation.ISDIR if is_folder else 0)

    assert (RawEvent(expected, "/r/x", is_folder) if expected else None) == translate(mask, "/r/x")  # type: ignore[arg-type]


def test_masks_hold_no_reads() -> None:
    """Neither opening nor closing after reading is asked for."""
    reads = 0x1 | 0x10 | 0x20

    assert 0 == translation.FOLDER_MASK & reads
    assert 0 == translation.ROOT_MASK & reads


def test_both_halves_are_one_move() -> None:
    """Halves are paired by cookie, whatever lies between them."""
    moves = Moves()
    moves.depart(Departure(1, "/r/a", False, 1.0))
    moves.depart(Departure(2, "/r/b", True, 1.0))

    assert RawEvent("moved", "/r/b", True, "/r/c") == moves.arrive(2, "/r/c", True)
    assert RawEvent("moved", "/r/a", False, "/r/d") == moves.arrive(1, "/r/d", False)
    assert () == moves.left(2.0)
    assert moves.next_due is None


def test_a_half_without_the_other() -> None:
    """What only left is told when its time is up; what only arrived was created."""
    moves = Moves()
    moves.depart(Departure(1, "/r/a", False, 1.0))

    assert RawEvent("created", "/r/b", False) == moves.arrive(2, "/r/b", False)
    assert () == moves.left(0.9)
    assert 1.0 == moves.next_due
    assert (RawEvent("moved", "/r/a", False),) == moves.left(1.0)
    assert () == moves.left(9.0)
