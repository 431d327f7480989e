"""Sizes, durations and counts for people."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edk.ui.text import plural, safe, seconds, short, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (2_500_000_000, "2.5 GB"),
        (5e12, "5000.0 GB"),
    ],
)
def test_sizes_are_decimal(count: float, text: str) -> None:
    """Units go up to GB."""
    assert text == size(count)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0.0, "0.00 s"),
        (0.349, "0.35 s"),
        (12.34, "12.3 s"),
        (60.0, "60.0 s"),
        (125.9, "2 min 5 s"),
        (7200, "120 min 0 s"),
    ],
)
def test_durations_get_coarser(count: float, text: str) -> None:
    """Hundredths matter below ten seconds only."""
    assert text == seconds(count)


@pytest.mark.parametrize(
    ("count", "one", "many", "text"),
    [(0, "image", "", "0 images"), (1, "image", "", "1 image"), (2, "box", "boxes", "2 boxes")],
)
def test_counts_have_their_noun(count: int, one: str, many: str, text: str) -> None:
    """One is singular."""
    assert text == plural(count, one, many)


def test_digests_are_shortened() -> None:
    """Twelve digits are enough for a line."""
    assert ("sha256:" + "a" * 12, "", "plain") == (short("sha256:" + "a" * 64), short(""), short("plain"))


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_harmless_line(text: str) -> None:
    """Whatever comes in, what goes out is one line that every terminal and encoder takes."""
    shown = safe(text)

    assert 1 >= len(shown.splitlines())
    assert shown == shown.encode("utf-8").decode()
    assert safe(shown) == shown
