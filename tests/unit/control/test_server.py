"""The watcher's socket, with real sockets and a fake loop."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edk.adapters.control import ControlServer, server
from edk.adapters.control.client import ask, find
from edk.domain import events as ev
from edk.domain.control import MAX_REQUEST_BYTES, refused
from edk.domain.errors import EdkError, UsageError, WatcherUnreachableError
from edk.domain.status import status_from_json
from tests.unit.control.serving import NOW, STATUS, Served, client, serving, until


def test_a_question_is_answered(tmp_path: Path) -> None:
    """By the loop, whose status comes whole."""
    with serving(tmp_path) as served:
        (answer,) = [next(ask(served.state_dir, "status"))]

    assert STATUS == status_from_json(answer["status"])


def test_the_names_of_images_arrive(tmp_path: Path) -> None:
    """With what the loop replies to them."""
    with serving(tmp_path) as served:
        answer = next(ask(served.state_dir, "rebuild", images=["otsus-method"]))

        assert [("rebuild", "otsus-method")] == served.watcher.done
        assert ["otsus-method"] == answer["images"]


def test_a_refusal_is_an_error_with_its_exit_code(tmp_path: Path) -> None:
    """As if it had been found here."""
    with serving(tmp_path) as served, pytest.raises(EdkError, match="no image is called nope") as caught:
        next(ask(served.state_dir, "rebuild", images=["nope"]))

    assert (2, "edk status names those that there are") == (caught.value.exit_code, caught.value.hint)


def test_a_follower_hears_the_state_and_then_every_event(tmp_path: Path) -> None:
    """In their order, in the form of JSON lines, until the watcher ends."""
    with serving(tmp_path) as served:
        followed = ask(served.state_dir, "follow")
        first = next(followed)
        served.emit(ev.Noticed("one"), ev.ImageHeld("x\udcff", "two"))
        second, third = next(followed), next(followed)
        served.end()
        rest = list(followed)

    assert STATUS == status_from_json(first["status"])
    assert {"event": "Noticed", "time": NOW, "message": "one", "hint": ""} == second
    assert {"event": "ImageHeld", "time": NOW, "image": "x\\udcff", "reason": "two", "waits_for": []} == third
    assert [] == rest


def test_what_was_said_last_is_heard(tmp_path: Path) -> None:
    """The end of the watcher comes behind the events before it."""
    with serving(tmp_path) as served:
        followed = ask(served.state_dir, "follow")
        next(followed)
        served.emit(*(ev.Noticed(f"{number}") for number in range(100)))
        served.end()

        assert [f"{number}" for number in range(100)] == [event["message"] for event in followed]


def test_one_who_only_asked_hears_no_events(tmp_path: Path) -> None:
    """Only followers do."""
    with serving(tmp_path) as served, client(served) as curious:
        curious.send(b'{"command":"status"}\n')
        curious.line()
        served.emit(ev.Noticed("one"))
        curious.send(b'{"command":"ping"}\n')

        assert ["/w/otsus-method"] == (curious.line() or {})["roots"]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"what\n", "not JSON"),
        (b'{"command":"status"\n', "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 20000 + b"\n", "not JSON"),
        (b"\n", "not JSON"),
        (b"null\n", "a request is an object"),
        (b'{"command":"dance"}\n', "unknown command 'dance'"),
        (b'{"command":"rebuild","images":["\\ud800"]}\n', "not JSON"),
    ],
)
def test_bad_requests_are_answered_and_the_next_is_heard(tmp_path: Path, sent: bytes, error: str) -> None:
    """Nothing that is sent brings the watcher down, or costs the connection."""
    with serving(tmp_path) as served, client(served) as rude:
        rude.send(sent + b'{"command":"ping"}\n')
        answer, pong = rude.line(), rude.line()

        assert answer is not None
        assert (False, 2) == (answer["ok"], answer["exit_code"])
        assert answer["error"].startswith(error)
        assert (pong or {})["ok"]


@pytest.mark.parametrize("ending", [b"", b"\n", b'"}\n{"command":"ping"}\n'])
def test_a_request_without_end_is_cut_off(tmp_path: Path, ending: bytes) -> None:
    """It is told so, and not kept."""
    with serving(tmp_path) as served, client(served) as rude:
        rude.send(b'{"command":"' + b"x" * MAX_REQUEST_BYTES + ending)

        assert [refused(f"a request is longer than {MAX_REQUEST_BYTES} bytes")] == rude.lines()


def test_a_request_may_come_in_pieces(tmp_path: Path) -> None:
    """And several at once are answered in their order."""
    with serving(tmp_path) as served, client(served) as slow:
        for byte in b'{"command":"ping"}':
            slow.send(bytes([byte]))
        slow.send(b'\n{"command":"pause"}\n{"command":"resume"}\n{"command":"status"}\n')
        answers = [slow.line() or {} for _ in range(4)]

        assert ["roots" in answers[0], True, True, "status" in answers[3]] == [True, *(a["ok"] for a in answers[1:])]
        assert ["pause", "resume"] == served.watcher.done


def test_one_who_asked_and_closed_for_writing_is_answered(tmp_path: Path) -> None:
    """As tools for sockets do at the end of their input."""
    with serving(tmp_path) as served, client(served) as tool:
        tool.send(b'{"command":"status"}\n{"command":"ping"}\n')
        tool.sock.shutdown(1)

        assert [True, True] == [answer["ok"] for answer in tool.lines()]


def test_the_socket_is_for_this_user_alone(tmp_path: Path) -> None:
    """Whatever the umask says, and so is its folder."""
    with serving(tmp_path / "new" / "state") as served:
        path = served.server.path

        assert (0o600, 0o700) == tuple(stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent))


def test_the_socket_goes_with_the_watcher(tmp_path: Path) -> None:
    """Nothing is left behind, and a second close does nothing."""
    with serving(tmp_path) as served:
        assert served.server.path.exists()
        served.end()
        served.server.close()

    assert [] == list(served.server.path.parent.iterdir())


def test_one_that_never_started_can_be_closed(tmp_path: Path) -> None:
    """As where the start of the watcher fails."""
    made = ControlServer(str(tmp_path), ["/w"], lambda _: None)
    made.emit(ev.Noticed("nobody hears it"))
    made.close()

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("roots", [("/w/a",), ("/w/a/b",), ("/w",), ("/x", "/w/a"), ("/w/a", "/x")])
def test_a_second_watcher_of_a_tree_says_who_runs(tmp_path: Path, roots: tuple[str, ...]) -> None:
    """The same folder, one in it or one above."""
    with serving(tmp_path, "/w/a") as served, pytest.raises(UsageError) as caught:
        Served(tmp_path, roots).start()
    assert caught.value.message.startswith("a watcher of /w/a runs already (pid ")
    assert [] == list(served.server.path.parent.iterdir())


def test_several_watchers_of_different_trees(tmp_path: Path) -> None:
    """`--dir` says which is meant, by any folder in it; without it all are named."""
    with serving(tmp_path, "/w/a") as a, serving(tmp_path, "/w/ab", "/v") as b:
        state = str(tmp_path)
        with pytest.raises(UsageError, match="several watchers run") as caught:
            find(state)

        assert {"--dir DIR of", "/w/a", "/w/ab, /v"} == {line.split(" (")[0] for line in caught.value.hint.splitlines()}
        assert a.server.path == find(state, ["/w/a"]).path == find(state, ["/w/a/deep/er"]).path
        assert b.server.path == find(state, ["/v"]).path == find(state, ["/v", "/w/ab"]).path
        with pytest.raises(WatcherUnreachableError, match="nobody watches /u") as caught_unknown:
            find(state, ["/u"])
        assert "/w/ab, /v" in caught_unknown.value.hint
        with pytest.raises(UsageError, match="several watchers run"):
            find(state, ["/w"])


def test_the_order_of_folders_does_not_matter(tmp_path: Path) -> None:
    """A set of folders has one socket."""
    one, other = (ControlServer(str(tmp_path), roots, lambda _: None) for roots in (["/a", "/b"], ["/b", "/a"]))
    one.close()
    other.close()

    assert one.path == other.path


def test_without_a_watcher_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    """With the folder that was named; the exit code is that of what is out of reach."""
    with pytest.raises(WatcherUnreachableError, match="no watcher runs") as caught:
        ask(str(tmp_path), "status", dirs=["/w"])

    assert ("start one: edk watch --dir /w", 4) == (caught.value.hint, caught.value.exit_code)


def test_a_folder_that_holds_no_socket_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "watch").write_text("a file")
    with pytest.raises(UsageError, match="a socket can't be made here") as caught:
        Served(tmp_path, ["/w"]).start()

    assert "EDK_STATE_DIR" in caught.value.hint


def test_a_watcher_comes_back_to_an_emptied_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state may be deleted at any time."""
    monkeypatch.setattr(server, "TICK_SECONDS", 0.02)
    with serving(tmp_path) as served:
        served.server.path.unlink()
        served.server.path.parent.rmdir()
        until(served.server.path.exists)

        assert next(ask(served.state_dir, "status"))["ok"]


def test_quiet_clients_are_let_go_and_followers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who connects and says nothing holds a place only for a while."""
    monkeypatch.setattr(server, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.1)
    with serving(tmp_path) as served, client(served) as quiet, client(served) as follower:
        follower.send(b'{"command":"follow"}\n')
        follower.line()

        assert [] == quiet.lines()
        served.emit(ev.Noticed("still there"))
        assert "still there" == (follower.line() or {})["message"]


def test_too_many_clients_are_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told why; those that were there before go on."""
    monkeypatch.setattr(server, "MAX_CLIENTS", 1)
    with serving(tmp_path) as served, client(served) as first:
        first.send(b'{"command":"ping"}\n')
        first.line()
        with client(served) as second:
            assert ["too many clients ask at once"] == [answer["error"] for answer in second.lines()]
        first.send(b'{"command":"ping"}\n')

        assert (first.line() or {})["ok"]
