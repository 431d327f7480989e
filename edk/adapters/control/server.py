"""Answers on the watcher's socket, and tells followers what happens."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from edk.adapters.control.address import folder_lock, listen_at, socket_folder, socket_path
from edk.adapters.control.connection import Connection, as_line
from edk.adapters.control.finding import clear_for
from edk.domain.control import ControlAsked, done, refused, refused_by, request_of
from edk.domain.encoding import event_fields
from edk.domain.errors import EXIT_UNREACHABLE, UsageError
from edk.domain.events import Event

MAX_CLIENTS = 64
IDLE_SECONDS = 60.0
TICK_SECONDS = 2.0
LAST_WORDS_SECONDS = 1.0


class ControlServer:
    """Takes requests from a Unix socket in the state folder, and hands them to the loop; also an `EventSink`.

    Args:
        state_dir: sockets lie in its sub-folder ``watch``.
        roots: the folders that were asked to be watched, absolute and without links.
        inbox_put: takes what was asked into the loop's inbox; never waits.
        now: tells seconds since the epoch.
    """

    def __init__(
        self,
        state_dir: str,
        roots: Sequence[str],
        inbox_put: Callable[[ControlAsked], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._state_dir = state_dir
        self._roots = tuple(roots)
        self._inbox_put = inbox_put
        self._now = now
        self.path: Path = socket_path(state_dir, roots)
        self._identity = (0, 0)
        self._listener: socket.socket | None = None
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        # Replaced as a whole, by the server's thread alone: whoever emits an event goes over the one it finds.
        self._connections: tuple[Connection, ...] = ()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer.

        Raises:
            UsageError: a watcher of one of these folders, or of one in or above them, runs already; or the state
                folder can't hold a socket.
        """
        try:
            self._listen()
        except UsageError:
            self.close()
            raise
        self._thread.start()

    def emit(self, event: Event) -> None:
        """Tell an event to all followers."""
        followers = [connection for connection in self._connections if connection.following]
        if followers:
            line = as_line(event_fields(event, self._now()))
            for connection in followers:
                connection.put(line)

    def close(self) -> None:
        """Send what is queued, for a second at most, hang up, and remove the socket; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if self._thread.ident is None:
            self._waker.close()
            self._woken.close()
            return
        self._wake()
        self._thread.join(LAST_WORDS_SECONDS + TICK_SECONDS)

    def _listen(self) -> socket.socket:
        try:
            with folder_lock(socket_folder(self._state_dir)):
                clear_for(self._state_dir, self._roots)
                self._listener = listen_at(self.path)
                self._identity = _identity(self.path)
                return self._listener
        except OSError as error:
            raise UsageError(
                f"{self.path}: a socket can't be made here: {error.strerror or error}",
                "point EDK_STATE_DIR at a folder of a local disk that this user may write to",
            ) from error

    def _wake(self) -> None:
        with suppress(OSError):  # full: it is awake already; closed: nobody is left to wake
            self._waker.send(b"\0")

    # What follows runs in the server's thread.

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if self._listener is not None:
                selector.register(self._listener, selectors.EVENT_READ)
            deadline = ticked = time.monotonic()
            while not self._closing:
                self._turn(selector, TICK_SECONDS)
                deadline = time.monotonic()
                if deadline - ticked >= TICK_SECONDS:
                    ticked = deadline
                    self._tick(selector, ticked)
            for connection in self._connections:
                connection.end()
            deadline = time.monotonic() + LAST_WORDS_SECONDS
            while any(c.wants_to_write for c in self._connections) and time.monotonic() < deadline:
                self._turn(selector, 0.1)
            self._hang_up()

    def _turn(self, selector: selectors.BaseSelector, timeout: float) -> None:
        """Wait until something happens, and do what is to be done for it."""
        for key, mask in selector.select(timeout):
            if key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
            elif key.fileobj is self._listener:
                self._accept()
            else:
                self._move(key.data, mask)
        for connection in self._connections:
            self._look_after(selector, connection)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no descriptor left: without a pause this would be asked again at once, for ever
            time.sleep(0.2)
            return
        connection = Connection(sock, self._wake)
        if len(self._connections) >= MAX_CLIENTS:
            connection.end(as_line(refused("too many clients ask at once", "try again", EXIT_UNREACHABLE)))
        self._connections = (*self._connections, connection)

    def _move(self, connection: Connection, mask: int) -> None:
        """Read and write what the socket gives and takes."""
        try:
            if mask & selectors.EVENT_READ:
                connection.receive()
            if mask & selectors.EVENT_WRITE:
                connection.send()
        except OSError:
            connection.lost = True

    def _look_after(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        """Handle what a client asked, and wait for what it needs next."""
        line: bytes | None = b""
        while line is not None and not connection.lost:
            if connection.wants_to_write:
                # Without asking first: a Unix socket calls itself full at a quarter of what it takes.
                self._move(connection, selectors.EVENT_WRITE)
            line = connection.next_request()
            if line is not None:
                self._handle(connection, line)
        if connection.lost or connection.finished:
            self._drop(selector, connection)
            return
        reads = selectors.EVENT_READ if connection.wants_to_read else 0
        events = reads | (selectors.EVENT_WRITE if connection.wants_to_write else 0)
        known = selector.get_map().get(connection.sock)
        if known is None and events:
            selector.register(connection.sock, events, connection)
        elif known is not None and not events:
            selector.unregister(connection.sock)
        elif known is not None and known.events != events:
            selector.modify(connection.sock, events, connection)

    def _handle(self, connection: Connection, line: bytes) -> None:
        try:
            command, images = request_of(msgspec.json.decode(line))
        except UsageError as error:
            connection.put(as_line(refused_by(error)), answers=True)
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            connection.put(as_line(refused(f"not JSON: {error}", "send one object on each line")), answers=True)
            return
        if command == "ping":
            connection.put(as_line(done(pid=os.getpid(), roots=list(self._roots))), answers=True)
            return

        def reply(answer: Mapping[str, object]) -> None:
            follow = command == "follow" and bool(answer.get("ok"))
            connection.put(as_line(answer), answers=True, follow=follow)

        self._inbox_put(ControlAsked(command, images, reply))

    def _tick(self, selector: selectors.BaseSelector, now: float) -> None:
        """Let those go that nobody hears of, and come back if somebody emptied the state folder."""
        for connection in self._connections:
            forgotten = not connection.waited_for and now - connection.last_moved > IDLE_SECONDS
            if forgotten or (connection.half_closed and connection.hung_up):
                self._drop(selector, connection)
        if self._listener is not None and self.path.exists():
            return
        if self._listener is not None:
            selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        with suppress(UsageError):  # told to nobody: it is tried again with the next tick
            selector.register(self._listen(), selectors.EVENT_READ)

    def _drop(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        with suppress(KeyError):
            selector.unregister(connection.sock)
        connection.close()
        self._connections = tuple(c for c in self._connections if c is not connection)

    def _hang_up(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections = ()
        with suppress(OSError):
            if _identity(self.path) == self._identity:
                self.path.unlink()
        for sock in (self._listener, self._waker, self._woken):
            if sock is not None:
                sock.close()


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
