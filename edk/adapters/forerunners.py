"""Processes of ours beside this one, which read for it; each is asked by its input and answers by its output.

They are started by the interpreter anew rather than forked: this process may have threads, and has the state open. They
end when their input does, so none outlives its parent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import edk

if TYPE_CHECKING:
    import subprocess

MOST = 8
_SIZE = 4
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from edk.commands.forerunner import main; main()"


class ProcessForerunners:
    """See `edk.ports.Forerunners`; there are none on a machine with a single core.

    Args:
        program: arguments of the interpreter; ours if empty.
    """

    def __init__(self, program: tuple[str, ...] = ()) -> None:
        package = os.path.dirname(os.path.dirname(os.path.abspath(edk.__file__)))  # noqa: PTH100, PTH120
        self._program = program or ("-P", "-c", _PROGRAM, package)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._failed = False

    def run(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the answers to requests, in any order; see `edk.ports.Forerunners.run`."""
        count = min(MOST, len(os.sched_getaffinity(0)))
        if self._failed or count < 2:
            return
        try:
            self._start(count)
            yield from self._answers(requests)
        except (OSError, EOFError):
            self._failed = True
            self.close()

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            process.kill()
            process.wait()
        self._processes = []

    def _start(self, count: int) -> None:
        import subprocess

        while len(self._processes) < count:
            self._processes.append(
                subprocess.Popen(
                    (sys.executable, *self._program),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    start_new_session=True,  # an interrupt by keys is for this process alone to answer
                )
            )

    def _answers(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        import selectors

        with selectors.DefaultSelector() as waiting:
            for process in self._processes:
                request = next(requests, None)
                if request is not None:
                    put_message(_pipe(process.stdin), request)
                    waiting.register(_pipe(process.stdout), selectors.EVENT_READ, process)
            while waiting.get_map():
                for key, _ in waiting.select():
                    process = key.data
                    answer = take_message(_pipe(process.stdout))
                    # The next request first: it is worked on while this answer is looked at.
                    request = next(requests, None)
                    if request is None:
                        waiting.unregister(key.fileobj)
                    else:
                        put_message(_pipe(process.stdin), request)
                    yield answer


def take_message(pipe: BinaryIO) -> bytes:
    """Return the next message; raise EOFError at the end."""
    return _exactly(pipe, int.from_bytes(_exactly(pipe, _SIZE), "big"))


def put_message(pipe: BinaryIO, message: bytes) -> None:
    """Write a message whole."""
    data = memoryview(len(message).to_bytes(_SIZE, "big") + message)
    while data:
        data = data[pipe.write(data) or 0 :]


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    pieces = []
    while size:
        piece = pipe.read(size)
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _pipe(pipe: object) -> BinaryIO:
    if pipe is None:
        raise EOFError
    return pipe  # type: ignore[return-value]
