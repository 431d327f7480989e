"""Which folders are watched."""

from __future__ import annotations

import pytest

from edk.domain.watching import select

KEPT = ("/r/ctx/.conf", "/r/.deep/x/y", "/r/node_modules/used", "/elsewhere/.z")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/r", True),
        ("/r/a/b", True),
        ("/r/.git", False),
        ("/r/.git/a/b", False),
        ("/r/a/__pycache__", False),
        ("/r/node_modules", True),
        ("/r/node_modules/other", False),
        ("/r/node_modules/used", True),
        ("/r/node_modules/used/lib", True),
        ("/r/node_modules/used/.bin", False),
        ("/r/ctx/.conf", True),
        ("/r/ctx/.conf/a/b", True),
        ("/r/ctx/.conf/a/.b/c", False),
        ("/r/.deep", True),
        ("/r/.deep/other", False),
        ("/r/.deep/x", True),
        ("/r/.deep/x/other", False),
        ("/r/.deep/x/y/z", True),
        ("/r/out", False),
        ("/r/out/deep", False),
        ("/r/a/generated", False),
        ("/r/a/generated2", True),
        ("/r/.venv/src/project", True),
        ("/r/.venv/src/project/a", True),
        ("/r/.venv/src", False),
        ("/elsewhere", False),
        ("/elsewhere/.z", False),
        ("/rr", False),
    ],
)
def test_folders_that_count(folder: str, expected: bool) -> None:
    """Hidden, generated and excluded folders don't count, but for what is kept and the way to it."""
    selection = select(("/r", "/r/.venv/src/project"), ("out/", "generated"), KEPT)

    assert expected == selection.counts(folder)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/r/a/x", "/r"), ("/r", "/r"), ("/r/in/ner/x", "/r/in/ner"), ("/r/in", "/r"), ("/rx", ""), ("/", "")],
)
def test_the_innermost_root_holds_a_path(path: str, expected: str) -> None:
    """A path belongs to the root that is nearest above it."""
    assert expected == select(("/r", "/r/in/ner")).root_of(path)


def test_the_root_of_everything() -> None:
    """The folder ``/`` may be a root."""
    selection = select(("/",), ("proc",), ("/home/.x",))

    assert [True, True, False, True, False] == [
        selection.counts(folder) for folder in ("/", "/home", "/proc", "/home/.x/y", "/home/.y")
    ]
