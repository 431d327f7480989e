"""Following the reply to a build until it ends, in an image or in an error."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from edk.adapters.engine.classic import ClassicBoard
from edk.adapters.engine.trace import decode_status
from edk.adapters.solving.locate import StepLocator
from edk.adapters.solving.steps import FailedStep, StepBoard
from edk.adapters.solving.verdict import failure
from edk.domain.requests import BuildRequest, BuiltImage, StepProgress

_TRACE = "moby.buildkit.trace"


class BuildReply:
    """The messages of one build, BuildKit's and the classic builder's, whichever come.

    Args:
        request: what is built.
        progress: told of every step.
    """

    def __init__(self, request: BuildRequest, progress: Callable[[StepProgress], None]) -> None:
        self._request = request
        locator = StepLocator(request.dockerfile)
        self._buildkit = StepBoard(locator, progress)
        self._classic = ClassicBoard(locator.statements, progress)
        self._error = ""
        self._code = 0

    def follow(self, lines: Iterator[bytes]) -> BuiltImage:
        """Return the image.

        Raises:
            EdkError: the build failed; see `verdict.failure`.
            ValueError: the reply is not what engines say, or says nothing of an image.
        """
        for line in lines:
            if line.strip():
                self._take(read_message(line))
        self._buildkit.end()
        self._classic.end(bool(self._error))
        if self._error:
            raise failure(self._request, self._failed(), self._error, self._code)
        image_id = self._classic.image_id()
        if not image_id:
            raise ValueError("its reply ended without an image")
        steps, cached = self._counts()
        return BuiltImage(image_id, steps, cached)

    def _take(self, message: dict[str, Any]) -> None:
        aux = message.get("aux")
        if message.get("id") == _TRACE:
            self._buildkit.take(decode_status(base64.b64decode(str(aux), validate=True)))
        elif isinstance(aux, dict) and isinstance(aux.get("ID"), str):
            self._classic.told_image(aux["ID"])
        elif isinstance(message.get("stream"), str):
            self._classic.take(message["stream"])
        error, code = error_of(message)
        if error:
            self._error = self._error or error
            self._code = self._code or code

    def _failed(self) -> FailedStep | None:
        return self._buildkit.failed(self._error) or self._classic.failed(self._error)

    def _counts(self) -> tuple[int, int]:
        steps, cached = self._buildkit.counts()
        return (steps, cached) if steps else self._classic.counts()


def read_message(line: bytes) -> dict[str, Any]:
    """Return a line's object; raise ValueError if it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("a line of its reply is no JSON") from error
    if not isinstance(message, dict):
        raise ValueError("a line of its reply is no object")
    return message


def error_of(message: dict[str, Any]) -> tuple[str, int]:
    """Return the error that a line tells, with the exit code if there is one; empty if it tells none."""
    detail = message.get("errorDetail")
    told, code = "", 0
    if isinstance(detail, dict):
        told = str(detail.get("message") or "")
        found = detail.get("code")
        code = found if isinstance(found, int) else 0
    told = told or str(message.get("error") or "")
    if not told and ("error" in message or detail is not None):
        told = "the engine tells no reason"
    return told, code
