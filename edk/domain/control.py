"""What others may ask of a running watcher, and what it answers: JSON objects, one on a line.

A request is ``{"command": …, "images": […]}``. An answer holds ``ok``; a refusal also ``error``, ``hint`` and the
exit code that a command ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edk.domain.errors import EXIT_USAGE, EdkError, UsageError
from edk.domain.status import WatchStatus, status_as_json

COMMANDS = ("status", "wait", "rebuild", "pause", "resume", "stop", "follow", "ping")
MAX_REQUEST_BYTES = 64 << 10

Reply = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class ControlAsked:
    """Somebody asked the watcher for something; `reply` takes the answer and never waits.

    Args:
        command: one of `COMMANDS`.
        images: names, for ``rebuild``.
        reply: sends an answer; callable from any thread, and harmless where the asker is gone.
    """

    command: str
    images: tuple[str, ...]
    reply: Reply


def request_of(value: object) -> tuple[str, tuple[str, ...]]:
    """Return the command and the images of a request; raise UsageError saying what is wrong with it."""
    if not isinstance(value, Mapping):
        raise UsageError("a request is an object", 'for example {"command": "status"}')
    command, images = value.get("command"), value.get("images", [])
    if command not in COMMANDS:
        raise UsageError(f"unknown command {command!r}", f"one of {', '.join(COMMANDS)}")
    if not isinstance(images, list | tuple) or not all(isinstance(name, str) for name in images):
        raise UsageError("images must be a list of names", 'for example {"command": "rebuild", "images": ["x"]}')
    if command == "rebuild" and not images:
        raise UsageError("no image was named", "name those to build anew")
    return str(command), tuple(images)


def done(**facts: object) -> dict[str, object]:
    """Return the answer to what was done, with facts."""
    return {"ok": True, **facts}


def told(status: WatchStatus) -> dict[str, object]:
    """Return the answer to ``status`` and ``follow``."""
    return done(status=status_as_json(status))


def refused(message: str, hint: str = "", exit_code: int = EXIT_USAGE) -> dict[str, object]:
    """Return the answer to what can't be done."""
    return {"ok": False, "error": message, "hint": hint, "exit_code": exit_code}


def refused_by(error: EdkError) -> dict[str, object]:
    """Return an error as an answer."""
    return refused(error.message, error.hint, error.exit_code)


def refusal_in(answer: Mapping[str, Any]) -> tuple[str, str, int] | None:
    """Return message, hint and exit code of a refusal, None if the answer is none."""
    if answer.get("ok", True):
        return None
    code = answer.get("exit_code")
    return str(answer.get("error", "")), str(answer.get("hint", "")), code if isinstance(code, int) else EXIT_USAGE
