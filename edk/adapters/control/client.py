"""Asks a running watcher."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from edk.adapters.control.address import connect_to
from edk.adapters.control.finding import PING_SECONDS, Running, overlap, peer_of, running
from edk.domain.control import refusal_in
from edk.domain.encoding import to_json
from edk.domain.errors import EdkError, UsageError, WatcherUnreachableError

ANSWER_SECONDS = 30.0
STOP_SECONDS = 10.0


def ask(
    state_dir: str,
    command: str,
    *,
    dirs: Sequence[str] = (),
    images: Sequence[str] = (),
    timeout: float = ANSWER_SECONDS,
) -> Iterator[dict[str, Any]]:
    """Ask the watcher for something, and yield its answers: one, and for ``follow`` events until it ends.

    Args:
        state_dir: where its socket lies.
        command: one of `edk.domain.control.COMMANDS`.
        dirs: folders that it watches; none: the only one that runs.
        images: names, for ``rebuild``.
        timeout: seconds until the first answer.

    Raises:
        UsageError: several watchers run, and `dirs` does not say which.
        WatcherUnreachableError: none runs, or it does not answer.
        EdkError: it refused; with its exit code.
    """
    watcher = find(state_dir, dirs)
    client = _connected(watcher)
    return _answers(watcher, client, to_json({"command": command, "images": list(images)}) + b"\n", timeout)


def stop(state_dir: str, dirs: Sequence[str] = (), timeout: float = STOP_SECONDS) -> Running:
    """Stop the watcher, wait until its process is gone, and return which one it was.

    Raises:
        UsageError, WatcherUnreachableError: as `ask`.
        EdkError: it is still there after `timeout` seconds.
    """
    watcher = find(state_dir, dirs)
    deadline = time.monotonic() + timeout
    client = _connected(watcher)
    process = _process(peer_of(client))
    try:
        with suppress(WatcherUnreachableError):  # gone before it answered is gone too
            for _ in _answers(watcher, client, b'{"command":"stop"}\n', timeout):
                break
        while not _gone(watcher, process):
            if time.monotonic() > deadline:
                raise EdkError(f"the watcher{watcher.who} still runs after {timeout:.0f} s", watcher.remedy)
            time.sleep(0.02)
    finally:
        if process >= 0:
            os.close(process)
    return watcher


def find(state_dir: str, dirs: Sequence[str] = ()) -> Running:
    """Return the watcher of these folders, or the only one; see `ask` for what is raised."""
    watchers = running(state_dir)
    folders = [os.path.realpath(folder) for folder in dirs]
    found = [w for w in watchers if all(any(overlap(f, root) for root in w.roots) for f in folders)]
    if len(found) == 1:
        return found[0]
    named = "\n".join(f"{', '.join(w.roots) or 'one that does not answer'}{w.who}" for w in found or watchers)
    if found:
        raise UsageError("several watchers run, and --dir does not say which is meant", f"--dir DIR of\n{named}")
    if watchers:
        raise WatcherUnreachableError(f"nobody watches {', '.join(folders)}", f"those that run watch\n{named}")
    where = " ".join(f"--dir {folder}" for folder in folders) or "--dir DIR"
    raise WatcherUnreachableError("no watcher runs", f"start one: edk watch {where}")


def _connected(watcher: Running) -> socket.socket:
    try:
        return connect_to(watcher.path, PING_SECONDS)
    except OSError as error:
        raise _mute(watcher) from error


def _answers(watcher: Running, client: socket.socket, request: bytes, timeout: float) -> Iterator[dict[str, Any]]:
    """Yield the answers to one request until the watcher hangs up."""
    with client, client.makefile("rb") as lines:
        try:
            client.settimeout(timeout)
            client.sendall(request)
            line = lines.readline()
            client.settimeout(None)
            if not line:
                raise WatcherUnreachableError(f"the watcher{watcher.who} ended before it answered", "start it again")
            while line:
                answer = msgspec.json.decode(line)
                refusal = refusal_in(answer)
                if refusal is not None:
                    raise _refusal(*refusal)
                yield answer
                line = lines.readline()
        except TimeoutError as error:
            raise _mute(watcher) from error
        except (ConnectionError, msgspec.DecodeError) as error:
            raise WatcherUnreachableError(f"the watcher{watcher.who} ended suddenly", "start it again") from error


def _mute(watcher: Running) -> WatcherUnreachableError:
    return WatcherUnreachableError(
        f"the watcher{watcher.who} does not answer", f"if it does not recover: {watcher.remedy}"
    )


def _refusal(message: str, hint: str, exit_code: int) -> EdkError:
    error = EdkError(message, hint)
    error.exit_code = exit_code
    return error


def _process(pid: int) -> int:
    """Return a descriptor of a process, which can't be mixed up with a later one of its number; -1 if there is none."""
    if pid in (0, os.getpid()):
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _gone(watcher: Running, process: int) -> bool:
    if process >= 0:
        return bool(select.select([process], [], [], 0)[0])
    return not watcher.path.exists()
