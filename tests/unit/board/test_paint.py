"""What is written, read off a terminal in memory."""

from __future__ import annotations

import pyte

from edk.ui.board_paint import Painter


class Seen:
    """A terminal in memory, which does not break lines anew, and a painter for it."""

    def __init__(self, columns: int = 20, lines: int = 6) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=100)
        self.stream = pyte.Stream(self.screen)
        self.painter = Painter(reflows=False)

    def draw(self, scrolled: str, *lines: str) -> str:
        """Draw, and return what was written."""
        size = self.screen.columns, self.screen.lines
        text = self.painter.frame(scrolled, lines, [len(line) for line in lines], size)
        self.stream.feed(text.replace("\n", "\r\n"))
        return text

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        return [line.rstrip() for line in self.screen.display]


def test_a_board_is_replaced_in_its_place() -> None:
    """What scrolls goes above it, and nothing of the old one is left."""
    seen = Seen()
    seen.draw("one\n", "a long line", "b")
    seen.draw("", "a", "b", "c")
    seen.draw("two\n", "x")

    assert ["one", "two", "x", "", "", ""] == seen.lines


def test_nothing_is_written_where_nothing_changed() -> None:
    """The same frame twice is one."""
    seen = Seen()

    assert seen.draw("", "a", "b")
    assert "" == seen.draw("", "a", "b")


def test_another_width_is_a_change() -> None:
    """The same lines are drawn anew where the screen became another."""
    painter = Painter()
    painter.frame("", ["a"], [1], (20, 6))

    assert painter.frame("", ["a"], [1], (10, 6))


def test_what_scrolls_is_never_lost() -> None:
    """Lines leave the screen at its top, in their order, however many there are."""
    seen = Seen()
    for number in range(20):
        seen.draw(f"line {number}\n", "a", "b", str(number))
    seen.draw("end\n")
    gone = ["".join(row[x].data for x in range(20)).rstrip() for row in seen.screen.history.top]

    assert [*(f"line {number}" for number in range(20)), "end"] == [line for line in gone + seen.lines if line]


def test_a_terminal_that_breaks_lines_anew() -> None:
    """Lines that became several are all taken away: three of 15 cells are two rows each in 10 columns."""
    painter = Painter(reflows=True)
    painter.frame("", ["x" * 15] * 3, [15] * 3, (20, 24))

    assert 5 == painter.frame("", ["x"], [1], (10, 24)).count("\x1b[1A\x1b[2K")
    assert 0 == painter.frame("", ["y"], [1], (10, 24)).count("\x1b[1A")


def test_it_goes_up_no_further_than_the_screen() -> None:
    """Lines that left the screen can't be reached."""
    painter = Painter(reflows=True)
    painter.frame("", ["x" * 20] * 8, [20] * 8, (20, 24))

    assert 4 == painter.frame("", ["x"], [1], (5, 5)).count("\x1b[1A\x1b[2K")


def test_the_screen_is_never_cleared_at_once() -> None:
    """Some terminals keep in their history what is cleared so, which would be every frame."""
    painter = Painter()
    frames = [painter.frame("", [str(number)] * 3, [1] * 3, (20, 6)) for number in range(3)]

    assert not any(clear in frame for frame in frames for clear in ("\x1b[J", "\x1b[2J", "\x1b[0J"))


def test_a_screen_that_somebody_else_wrote_to() -> None:
    """After that, nothing is taken away."""
    seen = Seen()
    seen.draw("", "a", "b")
    seen.stream.feed("\r\nshell\r\n")
    seen.painter.forget()
    seen.draw("", "c")

    assert ["a", "b", "shell", "c", "", ""] == seen.lines
