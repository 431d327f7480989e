"""Requests as they come, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edk.domain.control import COMMANDS, ControlAsked, done, refusal_in, refused, refused_by, request_of
from edk.domain.errors import UsageError, WatcherUnreachableError
from edk.domain.status import status_from_json
from edk.orchestrator.control import answer, known_images
from tests.unit.control.serving import STATUS, FakeWatcher


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    """With the images that it names, each kind of list."""
    assert (command, ("a", "b")) == request_of({"command": command, "images": ["a", "b"]})


def test_images_may_be_left_out() -> None:
    """Where no image is needed."""
    assert ("status", ()) == request_of({"command": "status", "more": 1})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "a request is an object"),
        ("status", "a request is an object"),
        (None, "a request is an object"),
        ({}, "unknown command None"),
        ({"command": "build"}, "unknown command 'build'"),
        ({"command": ["status"]}, "unknown command ['status']"),
        ({"command": "rebuild"}, "no image was named"),
        ({"command": "rebuild", "images": []}, "no image was named"),
        ({"command": "rebuild", "images": "x"}, "images must be a list of names"),
        ({"command": "rebuild", "images": [1]}, "images must be a list of names"),
        ({"command": "status", "images": None}, "images must be a list of names"),
    ],
)
def test_what_is_no_request_is_named(value: object, message: str) -> None:
    """With a hint what would be one."""
    with pytest.raises(UsageError) as caught:
        request_of(value)

    assert message == caught.value.message
    assert caught.value.hint


def test_a_refusal_is_read_as_it_was_written() -> None:
    """Message, hint and exit code go over the socket; an answer is no refusal."""
    assert ("m", "h", 4) == refusal_in(refused_by(WatcherUnreachableError("m", "h")))
    assert ("m", "", 2) == refusal_in(refused("m"))
    assert ("m", "", 2) == refusal_in({"ok": False, "error": "m", "exit_code": "4"})
    assert refusal_in(done(images=["x"])) is None
    assert refusal_in({"event": "Noticed"}) is None


def replies(command: str, *images: str) -> tuple[list[Mapping[str, Any]], list[object]]:
    """Return what the watcher replies, and what it did."""
    watcher, found = FakeWatcher(), list[Mapping[str, Any]]()
    answer(ControlAsked(command, images, found.append), watcher)
    return found, watcher.done


@pytest.mark.parametrize("command", ["status", "follow"])
def test_the_state_is_told(command: str) -> None:
    """A follower hears it before any event."""
    (told,), did = replies(command)

    assert (True, STATUS, []) == (told["ok"], status_from_json(told["status"]), did)


@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_what_was_asked_is_done_once(command: str) -> None:
    """And answered."""
    assert ([{"ok": True}], [command]) == replies(command)


def test_each_image_is_rebuilt_once() -> None:
    """However often it was named."""
    found, did = replies("rebuild", "otsus-method", "otsus-report", "otsus-method")

    assert [{"ok": True, "images": ["otsus-method", "otsus-report"]}] == found
    assert [("rebuild", "otsus-method", "otsus-report")] == did


def test_unknown_images_are_refused_as_a_whole() -> None:
    """Nothing is built of a request that is wrong, and near names are offered."""
    found, did = replies("rebuild", "otsus-method", "otsus-repor", "x")

    assert [] == did
    assert [
        refused("no image is called otsus-repor, x", "did you mean otsus-report or otsus-viewer or otsus-method?")
    ] == found


def test_without_a_near_name_the_list_is_pointed_at() -> None:
    """There may be a thousand."""
    with pytest.raises(UsageError, match="no image is called zzz") as caught:
        known_images(["zzz"], ["otsus-method"])

    assert "edk status names those that there are" == caught.value.hint


def test_what_the_loop_does_not_know_is_refused() -> None:
    """Rather than never answered."""
    assert ([refused("unknown command 'dance'")], []) == replies("dance")
