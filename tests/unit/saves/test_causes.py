"""What the screen says of why something is built."""

from __future__ import annotations

import pytest

from edk.domain.causes import cause_of
from edk.domain.saves import Batch

X = "/ext/processing-containers/x"


def _batch(
    *paths: str, folders: tuple[str, ...] = (), rescan: str = "", quiet: bool = False, gone: tuple[str, ...] = ()
) -> Batch:
    return Batch(frozenset(paths), frozenset(folders), rescan, quiet, 1.0, 2.0, frozenset(gone))


FIVE = tuple(f"/e/{name}.py" for name in "abcde")


@pytest.mark.parametrize(
    ("batch", "changed", "expected"),
    [
        (_batch("/e/otsus_method.py"), ["/e/otsus_method.py"], "otsus_method.py saved"),
        (_batch("/e/a.py", "/e/a.py.tmp1"), ["/e/a.py"], "a.py saved"),
        (_batch(*FIVE[:3]), FIVE[2::-1], "3 files saved: a.py, b.py, c.py"),
        (_batch(*FIVE), FIVE, "5 files saved: a.py, b.py, c.py and 2 more"),
        (_batch("/e/x/Dockerfile"), ["/e/x/Dockerfile"], "x/Dockerfile saved"),
        (_batch("/e/x/a.py", "/e/y/a.py"), ["/e/x/a.py", "/e/y/a.py"], "2 files saved: x/a.py, y/a.py"),
        (_batch("/e/a.py", gone=("/e/a.py",)), ["/e/a.py"], "a.py removed"),
        (_batch(*FIVE[:2], gone=FIVE[:1]), FIVE[:2], "2 files changed: a.py, b.py"),
        (_batch("/e/a.py"), [], "a.py saved, nothing changed"),
        (_batch(folders=(X,)), [X + "/a.py"], "folder processing-containers/x added: 1 file"),
        (_batch(folders=(X, X + "/y")), [X + "/a.py", X + "/y/b"], "folder processing-containers/x added: 2 files"),
        (_batch(folders=(X,), gone=(X,)), [X + "/a.py"], "folder processing-containers/x removed: 1 file"),
        (
            _batch(folders=(X, X + "2"), gone=(X,)),
            [X + "/a.py", X + "2/a.py"],
            "folder processing-containers/x moved to processing-containers/x2",
        ),
        (_batch(folders=(X, X + "2")), [X + "/a.py", X + "2/b.py"], "2 folders changed: 2 files"),
        (_batch("/e/a.py", folders=(X,)), ["/e/a.py", X + "/b.py"], "2 files changed: a.py, b.py"),
        (_batch(folders=(X,)), [], "folder processing-containers/x: nothing changed"),
        (
            _batch(rescan="the queue of events overflowed"),
            FIVE[:2],
            "re-scan (the queue of events overflowed): 2 files changed",
        ),
        (_batch("/e/a.py", rescan="the root was replaced"), [], "re-scan (the root was replaced): nothing changed"),
        (_batch(rescan="polling", quiet=True), ["/e/a.py"], "a.py changed (polling)"),
        (_batch("/e/a.py", rescan="polling", quiet=True), ["/e/a.py"], "a.py saved"),
        (_batch(rescan="polling", quiet=True), [], "polling: nothing changed"),
    ],
)
def test_the_cause_is_told_in_a_few_words(batch: Batch, changed: list[str], expected: str) -> None:
    """The words name what was saved, removed or moved, or why everything was looked at."""
    assert expected == cause_of(batch, changed)


def test_a_switched_branch_is_told_as_such() -> None:
    """Where git's HEAD moved, the files are only counted."""
    batch = _batch(*FIVE, folders=(X,), gone=FIVE[:1])

    assert "branch switched: 5 files" == cause_of(batch, FIVE, switched=True)
    assert "branch switched: nothing changed" == cause_of(batch, [], switched=True)
