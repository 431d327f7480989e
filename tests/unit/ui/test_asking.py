"""What counts as agreed."""

from __future__ import annotations

import io

import pytest

from edk.ui.asking import agreed


class Terminal(io.StringIO):
    """Text that passes for a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def told(
    monkeypatch: pytest.MonkeyPatch, typed: io.StringIO, shown: io.StringIO, *, yes: bool = False, may_ask: bool = True
) -> tuple[bool, bool]:
    """Return whether it was agreed, and whether there was nobody to ask."""
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr("sys.stdout", shown)
    missed: list[bool] = []
    found = agreed("Go on?", yes=yes, may_ask=may_ask, nobody=lambda: missed.append(True))
    return found, bool(missed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("y\n", True), (" YES \n", True), ("yes", True), ("\n", False), ("", False), ("n\n", False), ("yeah\n", False)],
)
def test_answers(monkeypatch: pytest.MonkeyPatch, typed: str, expected: bool) -> None:
    """A clear yes agrees, and nothing else; the end of what is typed is a no."""
    shown = Terminal()

    assert (expected, False) == told(monkeypatch, Terminal(typed), shown)
    assert "Go on? [y/N] " == shown.getvalue().rstrip("\n")


@pytest.mark.parametrize(
    ("typed", "shown", "may_ask"),
    [
        (io.StringIO("y\n"), Terminal(), True),
        (Terminal("y\n"), io.StringIO(), True),
        (Terminal("y\n"), Terminal(), False),
    ],
)
def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch, typed: io.StringIO, shown: io.StringIO, may_ask: bool) -> None:
    """No terminal on either side, or what is printed is for a program: nothing is asked, and nothing agreed."""
    assert (False, True) == told(monkeypatch, typed, shown, may_ask=may_ask)
    assert "" == shown.getvalue()


def test_agreed_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked, wherever it runs."""
    shown = io.StringIO()

    assert (True, False) == told(monkeypatch, io.StringIO(), shown, yes=True)
    assert "" == shown.getvalue()
