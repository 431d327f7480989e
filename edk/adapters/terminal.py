"""The terminal that a board is drawn in: its size, its keys, its signals; put back as it was at every end."""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, TextIO

_KEYS = frozenset("lv")
_BEHIND = 0.5
_OPEN: list[Terminal] = []


def fit_for_a_board(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether a board can be drawn: a terminal, with a cursor that moves, and this process in front of it."""
    if not stream.isatty() or environ.get("TERM", "") in {"", "dumb", "unknown"}:
        return False
    return _in_front(stream.fileno())


def restore_terminals() -> None:
    """Put every terminal back as it was; for ends that run no other code."""
    while _OPEN:
        _OPEN[-1].close()


def _in_front(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        # Not our controlling terminal, as in a container without a session of its own: nobody puts us behind.
        return True


class Terminal:
    """A terminal: output at `stream`, and keys at standard input if that is one too.

    Keys are read one by one, without echo, and Ctrl-C, Ctrl-Z and Ctrl-\\ stay signals.

    Args:
        stream: where to.
        keys: the descriptor that keys come from.
        environ: tells which terminal it is.
    """

    def __init__(self, stream: TextIO, keys: int, environ: Mapping[str, str]) -> None:
        self.stream = stream
        self._keys = keys
        self._environ = environ
        self._modes: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._wake: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None

    @property
    def reflows(self) -> bool:
        """Whether it breaks long lines anew when it is made narrower; nearly all do, so others are listed."""
        if self._environ.get("TMUX"):
            return True
        return not (
            self._environ.get("XTERM_VERSION") or self._environ.get("STY") or self._environ.get("TERM") == "linux"
        )

    def open(self, post: Callable[[str], None]) -> bool:
        """Begin to tell of keys and signals, as ``key:l``, ``resized``, ``suspend``, ``resumed``."""
        _OPEN.append(self)
        atexit.register(self.close)
        self._heed_signals(post)
        if not os.isatty(self._keys) or not self._take_keys():
            return False
        self._wake = os.pipe()
        reading = post, self._wake[0]
        self._thread = threading.Thread(target=self._read_keys, args=reading, name="edk-keys", daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Put the terminal back as it was."""
        if self not in _OPEN:
            return
        _OPEN.remove(self)
        atexit.unregister(self.close)
        self._give_keys_back()
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._handlers.clear()
        if self._wake is not None and self._thread is not None:
            os.write(self._wake[1], b".")
            self._thread.join()
            for end in self._wake:
                os.close(end)
            self._wake = None

    def size(self) -> tuple[int, int]:
        """Return columns and lines; those of the usual terminal if it does not tell."""
        try:
            columns, lines = os.get_terminal_size(self.stream.fileno())
        except OSError:
            return 80, 24
        return (columns or 80, lines or 24)

    def write(self, text: str) -> None:
        """Write."""
        self.stream.write(text)
        self.stream.flush()

    def in_front(self) -> bool:
        """Tell whether this process may draw."""
        return _in_front(self.stream.fileno())

    def suspend(self) -> None:
        """Put the terminal back, stop this process, and take the keys again once it goes on in front."""
        self._give_keys_back()
        # To this very thread: one that goes to the process may be taken by another thread, and this one would run on.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        self.resume()

    def resume(self) -> None:
        """Take the keys again, if they were ours and this process is in front; only the thread that draws may ask."""
        if self._thread is not None:
            self._take_keys()

    def _heed_signals(self, post: Callable[[str], None]) -> None:
        """Have the board told of signals; those that somebody ignores or handles stay theirs."""
        if threading.current_thread() is not threading.main_thread():
            return
        told = {signal.SIGWINCH: "resized", signal.SIGTSTP: "suspend", signal.SIGCONT: "resumed"}

        def heed(number: int, _frame: FrameType | None) -> None:
            post(told[signal.Signals(number)])

        for number in told:
            if signal.getsignal(number) == signal.SIG_DFL:
                self._handlers[number] = signal.signal(number, heed)

    def _take_keys(self) -> bool:
        """Have keys come one by one; tell whether that could be done."""
        if self._modes is not None:
            return True
        try:
            if not self.in_front():
                return False
            modes = termios.tcgetattr(self._keys)
            tty.setcbreak(self._keys, termios.TCSANOW)
        except (OSError, termios.error):
            return False
        self._modes = modes
        return True

    def _give_keys_back(self) -> bool:
        """Put the modes back; tell whether they had been changed."""
        modes, self._modes = self._modes, None
        if modes is None:
            return False
        try:
            termios.tcsetattr(self._keys, termios.TCSANOW, modes)
        except (OSError, termios.error):  # the terminal is gone
            return False
        return True

    def _read_keys(self, post: Callable[[str], None], wake: int) -> None:
        """Post keys that mean something, until told to end; a process in the background reads none."""
        while True:
            mine = self._modes is not None and self.in_front()
            try:
                ready, _, _ = select.select([self._keys, wake] if mine else [wake], [], [], None if mine else _BEHIND)
                if wake in ready:
                    return
                pressed = os.read(self._keys, 64) if ready else b""
            except OSError:
                return
            if ready and not pressed:
                return
            for key in pressed.decode("utf-8", "replace"):
                if key in _KEYS:
                    post(f"key:{key}")


def standard_terminal(environ: Mapping[str, str]) -> Terminal:
    """Return the terminal at standard output, with the keys of standard input."""
    try:
        keys = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        keys = -1
    return Terminal(sys.stdout, keys, environ)
