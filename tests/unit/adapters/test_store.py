"""The state survives whatever happens to its file, and never tells what was not stored."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from edk.adapters.store import SqliteStore, facts
from edk.domain.held import Contents, Push

DAY = 86_400
HEX = "ab" * 32
STAMP = (1, 2**63 + 1, 3, -4, 5)
FILE = "state.sqlite"


def filled(folder: Path) -> dict[str, bytes]:
    """Store a few readings, and return them."""
    chance = random.Random(1)
    values = {f"key{number}": chance.randbytes(41) for number in range(60)}
    store = SqliteStore(os.fspath(folder), now=lambda: 20_000.0 * DAY)
    store.store_readings("python", values)
    store.store_fingerprint("sha256:1", "print")
    store.store_digests({"/w/a": (STAMP, HEX)})
    store.record_build(b"record")
    store.close()
    return values


def test_what_is_stored_is_there_in_the_next_process(tmp_path: Path) -> None:
    """Readings, digests with their stamps, fingerprints and builds come back."""
    values = filled(tmp_path)
    store = SqliteStore(os.fspath(tmp_path))

    assert values == store.readings("python", [*values, "unknown"])
    assert {} == store.readings("yaml", list(values))
    assert {"/w/a": (STAMP, HEX)} == store.load_digests()
    assert ("print", "") == (store.fingerprint_of("sha256:1"), store.fingerprint_of("sha256:2"))
    assert (b"record",) == store.builds(5)


def test_what_is_pending_is_seen_before_it_is_written(tmp_path: Path) -> None:
    """A value stored and not yet flushed is read back, and wins over the one on disk."""
    filled(tmp_path)
    store = SqliteStore(os.fspath(tmp_path))
    store.store_readings("python", {"key1": b"newer"})
    store.store_digests({"/w/b": (STAMP, HEX)})

    assert {"key1": b"newer"} == store.readings("python", ["key1"])
    assert {"/w/a", "/w/b"} == set(store.load_digests())


def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    """Paths and keys that are no UTF-8 survive."""
    name = os.fsdecode(b"/w/\xff\n")
    store = SqliteStore(os.fspath(tmp_path))
    store.store_digests({name: (STAMP, HEX)})
    store.store_readings("k", {name: b"v"})
    store.close()

    assert {name: (STAMP, HEX)} == store.load_digests()
    assert {name: b"v"} == store.readings("k", [name])


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0", os.urandom(5000)])
def test_a_file_that_is_no_state_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """Whatever lies there, the store works, and the next one too."""
    (tmp_path / FILE).write_bytes(content)

    values = filled(tmp_path)

    assert values == SqliteStore(os.fspath(tmp_path)).readings("python", list(values))


def test_a_newer_state_is_set_aside(tmp_path: Path) -> None:
    """A state of another version is kept under another name, and said."""
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    told: list[str] = []
    store = SqliteStore(os.fspath(tmp_path), told.append)

    assert {} == store.readings("python", ["key1"])
    assert (tmp_path / f"{FILE}.damaged").exists()
    assert ["version 99" in said for said in told] == [True]


def test_cut_at_any_length_nothing_wrong_is_read(tmp_path: Path) -> None:
    """A truncated state gives what was stored or nothing, and works again afterwards."""
    values = filled(tmp_path)
    whole = (tmp_path / FILE).read_bytes()

    for length in range(0, len(whole), 97):
        _assert_honest(tmp_path, whole[:length], values)


def test_flipped_bits_are_never_believed(tmp_path: Path) -> None:
    """Whatever bits flip, a value is the one that was stored or none."""
    values = filled(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    chance = random.Random(7)

    for _ in range(300):
        flipped = bytearray(whole)
        for _ in range(chance.choice((1, 1, 4, 64))):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        _assert_honest(tmp_path, bytes(flipped), values)


def _assert_honest(folder: Path, content: bytes, values: dict[str, bytes]) -> None:
    for left in folder.iterdir():
        left.unlink()
    (folder / FILE).write_bytes(content)
    store = SqliteStore(os.fspath(folder))
    found = store.readings("python", list(values))
    assert found.items() <= values.items()
    assert store.load_digests().items() <= {"/w/a": (STAMP, HEX)}.items()
    assert store.fingerprint_of("sha256:1") in ("", "print")
    assert set(store.builds(5)) <= {b"record"}
    store.store_readings("python", {"again": b"1"})
    store.record_build(b"record")
    store.close()
    # Damage that no reading has met yet may lose a value, but never change it.
    again = SqliteStore(os.fspath(folder)).readings("python", ["again"])
    assert again.items() <= {"again": b"1"}.items()


def test_a_row_that_nobody_asked_for_condemns_the_file(tmp_path: Path) -> None:
    """Damaged inner pages may lead a search to another, sound row: it is no answer."""
    filled(tmp_path)

    class Misled:
        """A database whose searches end anywhere."""

        def execute(self, query: str, values: tuple[str, ...]) -> list[object]:
            """Answer as if only the kind had been asked for."""
            with closing(sqlite3.connect(tmp_path / FILE)) as db:
                return db.execute(query.partition(" AND key IN")[0], values[:1]).fetchall()

    with pytest.raises(sqlite3.DatabaseError, match="nobody asked for"):
        facts.rows(Misled(), "reading.python", [b"key1"])  # type: ignore[arg-type]
    assert 60 == len(facts.rows(Misled(), "reading.python", None))  # type: ignore[arg-type]


def test_a_swapped_value_is_not_believed(tmp_path: Path) -> None:
    """A value moved under another key by damage has the wrong checksum."""
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("UPDATE facts SET key = CAST('stolen' AS BLOB) WHERE key = CAST('key1' AS BLOB)")
        db.commit()

    told: list[str] = []
    assert {} == SqliteStore(os.fspath(tmp_path), told.append).readings("python", ["key1", "stolen"])
    assert "checksum is wrong" in told[0]


@pytest.mark.parametrize("folder", ["", "/proc/nowhere/edk", "/dev/null/edk"])
def test_without_a_folder_it_remembers_for_its_life(folder: str) -> None:
    """No state folder, or one that can't be made: works, and says so once at most."""
    told: list[str] = []
    store = SqliteStore(folder, told.append)
    store.store_readings("k", {"a": b"1"})
    store.flush()
    store.record_build(b"r")

    assert {"a": b"1"} == store.readings("k", ["a"])
    assert (b"r",) == store.builds(1)
    store.close()
    assert len(told) == (1 if folder else 0)


def test_a_deleted_state_is_begun_anew(tmp_path: Path) -> None:
    """What is stored after somebody deleted the file is there in the next process."""
    store = SqliteStore(os.fspath(tmp_path))
    store.store_readings("k", {"a": b"1"})
    store.flush()
    (tmp_path / FILE).unlink()
    store.store_readings("k", {"b": b"2"})
    store.flush()

    assert {"b": b"2"} == SqliteStore(os.fspath(tmp_path)).readings("k", ["a", "b"])


def test_another_writer_costs_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the file, values stay pending and are told as stored."""
    monkeypatch.setattr("edk.adapters.store.database._BUSY_SECONDS", 0.05)
    monkeypatch.setattr("edk.adapters.store.database._PAUSE_SECONDS", 0.0)
    filled(tmp_path)
    store = SqliteStore(os.fspath(tmp_path))
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.store_readings("k", {"a": b"1"})
        store.flush()
        assert {"a": b"1"} == store.readings("k", ["a"])
        other.execute("ROLLBACK")
    store.close()

    assert {"a": b"1"} == SqliteStore(os.fspath(tmp_path)).readings("k", ["a"])


def test_what_is_of_no_use_is_forgotten_in_the_end(tmp_path: Path) -> None:
    """A value unused for long goes, one that is asked for stays."""
    folder = os.fspath(tmp_path)
    start = 1_000 * DAY
    old = SqliteStore(folder, now=lambda: start)
    old.store_readings("k", {"used": b"1", "unused": b"2"})
    old.close()
    for day in range(10, facts.KEEP_DAYS + 11, 10):
        store = SqliteStore(folder, now=lambda day=day: start + day * DAY)  # type: ignore[misc]
        store.readings("k", ["used"])
        store.store_readings("k", {f"other{day}": b""})
        store.close()

    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        keys = {key for (key,) in db.execute("SELECT key FROM facts")}
    assert (True, False) == (b"used" in keys, b"unused" in keys)


def test_the_number_of_facts_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the oldest half goes."""
    monkeypatch.setattr(facts, "KEEP_FACTS", 10)
    store = SqliteStore(os.fspath(tmp_path), now=lambda: 5.0 * DAY)
    store.store_readings("k", {f"old{number}": b"" for number in range(10)})
    store.close()
    later = SqliteStore(os.fspath(tmp_path), now=lambda: 6.0 * DAY)
    later.store_readings("k", {"new": b""})
    later.close()

    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        keys = [key for (key,) in db.execute("SELECT key FROM facts")]
    assert (5, True) == (len(keys), b"new" in keys)


def _store_many(folder: str, name: str) -> None:
    store = SqliteStore(folder)
    for number in range(30):
        store.store_readings("k", {f"{name}{number}": name.encode()})
        store.flush()
    store.close()


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    """Nothing that any of them stored is lost, from the making of the file on."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_store_many, args=(os.fspath(tmp_path), name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    keys = [f"{name}{number}" for name in "abc" for number in range(30)]
    assert set(keys) == set(SqliteStore(os.fspath(tmp_path)).readings("k", keys))


def test_killed_while_writing_the_rest_is_sound(tmp_path: Path) -> None:
    """After kill -9 at any instant each transaction is there whole or not at all."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from edk.adapters.store import SqliteStore\n"
        "store = SqliteStore(sys.argv[2]); n = 0\n"
        "while True:\n"
        "    store.store_readings('k', {f'{n}.{i}': b'x' * 500 for i in range(50)}); store.flush(); n += 1\n"
        "    print(n, flush=True)\n"
    )
    root = Path(__file__).parents[3]
    told: list[str] = []
    for round_ in range(4):
        with subprocess.Popen([sys.executable, "-c", code, root, tmp_path], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.013 * (round_ + 1))
            child.send_signal(signal.SIGKILL)
            said = child.stdout.read().split()
        done = int(said[-1]) if said else 1
        store = SqliteStore(os.fspath(tmp_path), told.append)
        for number in range(done + 1):
            found = store.readings("k", [f"{number}.{i}" for i in range(50)])
            assert len(found) in ((50,) if number < done else (0, 50))
        store.close()
    assert [] == told


def push(number: int, when: float = 20_000.0 * DAY, registry: str = "r") -> Push:
    """A push of an image."""
    contents = Contents(((f"sha256:{number}", 5), ("sha256:layer", 70)), "print", ("a",), ("b",), ("c",))
    return Push(registry, "group/x", f"sha256:{number}", ("1", "2"), when, contents)


def test_a_push_is_there_for_others_at_once(tmp_path: Path) -> None:
    """A prune beside a build sees what was pushed a moment ago; the last push of a digest counts."""
    builds, prunes = SqliteStore(os.fspath(tmp_path)), SqliteStore(os.fspath(tmp_path))
    builds.record_push(push(1))
    builds.record_push(push(2))
    builds.record_push(push(1, 20_001.0 * DAY))
    builds.record_push(push(3, registry="other"))

    assert {push(2), push(1, 20_001.0 * DAY)} == set(prunes.pushes("r"))
    assert (push(1, 20_001.0 * DAY),) == prunes.pushes("r", 20_000.9 * DAY + DAY / 5)


def test_a_process_of_many_days_records_under_the_day_of_the_push(tmp_path: Path) -> None:
    """A watcher began long ago; what it pushes today is found among today's."""
    store = SqliteStore(os.fspath(tmp_path), now=lambda: 19_990.0 * DAY)
    store.record_push(push(1))

    assert (push(1),) == SqliteStore(os.fspath(tmp_path)).pushes("r", 20_000.5 * DAY)


def test_pushes_are_forgotten_when_told(tmp_path: Path) -> None:
    """By registry, repository and digest, also where nothing can be written."""
    for store in (SqliteStore(os.fspath(tmp_path)), SqliteStore("")):
        for number in (1, 2):
            store.record_push(push(number))
        store.forget_pushes("other", [("group/x", "sha256:1")])
        store.forget_pushes("r", [("group/x", "sha256:1"), ("group/x", "sha256:9")])

        assert (push(2),) == store.pushes("r")


def test_pushes_are_not_forgotten_for_their_age(tmp_path: Path) -> None:
    """Nobody else knows of them; only their number has a bound."""
    store = SqliteStore(os.fspath(tmp_path))
    store.record_push(push(1, 1.0))
    later = SqliteStore(os.fspath(tmp_path), now=lambda: 20_500.0 * DAY)
    later.store_fingerprint("sha256:2", "print")
    later.close()

    assert (push(1, 1.0),) == SqliteStore(os.fspath(tmp_path)).pushes("r")


def test_the_number_of_pushes_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first, and no other fact with them."""
    monkeypatch.setattr(facts, "KEEP_PUSHES", 3)
    store = SqliteStore(os.fspath(tmp_path))
    store.store_fingerprint("sha256:2", "print")
    for number in range(6):
        store.record_push(push(number, (20_000.0 + number) * DAY))
    store.close()
    store.store_fingerprint("sha256:3", "print")
    SqliteStore(os.fspath(tmp_path))._database.run(lambda db: facts.prune(db, 20_006))

    assert {3, 4, 5} == {int(p.digest[7:]) for p in store.pushes("r")}
    assert "print" == store.fingerprint_of("sha256:2")


def test_a_push_of_another_version_is_skipped(tmp_path: Path) -> None:
    """It is as if it had not been recorded."""
    store = SqliteStore(os.fspath(tmp_path))
    store.record_push(push(1))
    store._database.run(lambda db: facts.write(db, [(facts.PUSH, b"k", b"\xc1"), (facts.PUSH, b"l", b"\x80")], 20_000))

    assert (push(1),) == store.pushes("r")
