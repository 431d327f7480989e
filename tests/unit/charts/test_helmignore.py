"""``.helmignore`` as helm reads it."""

from __future__ import annotations

import pytest

from edk.domain.charts.helmignore import is_ignored, read_helmignore
from edk.domain.errors import ChartError


@pytest.mark.parametrize(
    ("rules", "path", "folder", "expected"),
    [
        ("", "templates/.hidden.yaml", False, True),
        ("", "templates/a.yaml", False, False),
        ("*.txt", "a/b.txt", False, True),
        ("*.txt", "b.txt.md", False, False),
        ("# *.txt", "b.txt", False, False),
        ("  *.txt  ", "b.txt", False, True),
        ("a/*.txt", "a/b.txt", False, True),
        ("a/*.txt", "x/a/b.txt", False, False),
        ("/b.txt", "b.txt", False, True),
        ("/b.txt", "a/b.txt", False, False),
        ("docs/", "docs", True, True),
        ("docs/", "docs", False, False),
        ("?.md", "a.md", False, True),
        ("[ab].md", "b.md", False, True),
        ("[^ab].md", "b.md", False, False),
        ("\\*.md", "*.md", False, True),
        ("\\*.md", "a.md", False, False),
        ("!a.md", "b.md", False, True),
        ("!a.md", "a.md", False, False),
    ],
)
def test_paths_are_left_out_as_helm_does(rules: str, path: str, folder: bool, expected: bool) -> None:
    """As in helm; an integration test compares the files of real archives."""
    assert expected == is_ignored(read_helmignore(rules.encode(), ".helmignore"), path, folder=folder)


@pytest.mark.parametrize("line", ["**/a", "[a", "[]"])
def test_what_helm_refuses_is_refused(line: str) -> None:
    """The error names the line."""
    with pytest.raises(ChartError, match=r"\.helmignore:2: "):
        read_helmignore(f"a\n{line}\n".encode(), ".helmignore")
