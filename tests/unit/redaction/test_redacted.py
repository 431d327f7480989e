"""No event leaves with a secret in it."""

from __future__ import annotations

import typing
from typing import Any

import pytest
from msgspec import structs

from edk.domain import events as ev
from edk.domain.diagnostics import Diagnostic
from edk.domain.redaction import MASK, Redactor
from edk.ui.redacted import Redacted
from tests.unit.core.bench import Sink

SECRET = "hunter22"


def shown(event: ev.Event, *secrets: str) -> ev.Event:
    """Return the event as the sink behind gets it."""
    sink = Sink()
    Redacted(sink, Redactor(secrets or (SECRET,))).emit(event)
    return sink.events[0]


def filled(kind: type) -> ev.Event:
    """Return an event whose every text holds the secret."""
    values: dict[str, object] = {}
    for name, hint in typing.get_type_hints(kind).items():
        if hint is str:
            values[name] = f"a {SECRET} b"
        elif hint == tuple[str, ...]:
            values[name] = (f"{SECRET}-1", SECRET)
        elif hint is Diagnostic:
            values[name] = Diagnostic("EDK101", "error", SECRET, 1, f"see {SECRET}", SECRET)
        elif hint in (int, float):
            values[name] = 1
        else:
            values[name] = typing.get_args(hint)[0]
    made: ev.Event = kind(**values)
    return made


@pytest.mark.parametrize("kind", typing.get_args(ev.Event), ids=lambda kind: kind.__name__)
def test_no_text_of_any_event_shows_the_secret(kind: type) -> None:
    """Texts, tuples of texts, and diagnostics inside; but for the paths of our own logs and archives."""
    event = filled(kind)

    masked = shown(event)

    paths: dict[str, Any] = dict.fromkeys({"log", "archive"} & set(masked.__struct_fields__), "")
    assert type(event) is type(masked)
    assert SECRET not in repr(structs.replace(masked, **paths))


def test_what_holds_no_secret_is_handed_on_as_it_is() -> None:
    """Equal, and the very same where there is nothing to mask."""
    event = ev.StepMoved("seg", "sha256:1", "log", "a line", 3)
    sink = Sink()

    Redacted(sink, Redactor([])).emit(event)

    assert event is sink.events[0]
    assert event == shown(event)


def test_a_diagnostic_is_masked_inside() -> None:
    """Its message and hint, at the same place with the same code."""
    inside = Diagnostic("EDK204", "error", "Dockerfile", 3, f"no value for {SECRET}", f"give {SECRET}", 4)

    masked = shown(ev.DiagnosticFound(inside))

    expected = Diagnostic("EDK204", "error", "Dockerfile", 3, f"no value for {MASK}", f"give {MASK}", 4)
    assert ev.DiagnosticFound(expected) == masked


def test_a_secret_that_is_the_name_of_a_folder_moves_no_log() -> None:
    """The password of a default installation is the name of the platform's folders."""
    event = ev.ImageStarted("seg", "changed: kaapana", "Dockerfile", 1, 1, "/kaapana/state/logs/seg.log")

    masked = shown(event, "kaapana")

    assert structs.replace(event, reason=f"changed: {MASK}") == masked


def test_a_secret_that_is_one_of_our_words_changes_no_kind() -> None:
    """Sinks decide by them."""
    step = ev.StepMoved("seg", "1", "started", "started it")
    failed = ev.ImageFailed("seg", "engine", "engine gone", "", "Dockerfile", 0, "", (), "/x/engine.log")

    assert structs.replace(step, title=f"{MASK} it") == shown(step, "started")
    assert structs.replace(failed, message=f"{MASK} gone") == shown(failed, "engine")
