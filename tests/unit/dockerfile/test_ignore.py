""".dockerignore: which paths are left out, and what is refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edk.domain.dockerfile.ignore import ignore_file, parse_ignore


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("node_modules", "node_modules/a/b.js", True),
        ("node_modules", "x/node_modules/a", False),
        ("**/node_modules", "x/node_modules/a", True),
        ("*.pyc", "a.pyc", True),
        ("*.pyc", "x/a.pyc", False),
        ("**/*.pyc", "x/y/a.pyc", True),
        ("**/*.pyc", "a.pyc", True),
        ("/a/", "a/b", True),
        ("./a/../b", "b", True),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("**z", "az", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[^a]x", "bx", True),
        ("*\n!a", "a", False),
        ("*\n!a", "a/b", False),
        ("*\n!a/b", "a/c", True),
        ("*\n!a/b", "a/b", False),
        ("*\n!a/b", "a/b/c", False),
        ("!a\na", "a", True),
        ("a\n!a/c\na*", "a/c", False),
        ("# a\na b\n", "a b", True),
        ("  a  ", "a", True),
        ("a\r\nb\r\n", "b", True),
        ("\ufeffa", "a", True),
        ("! a\n", "b", False),
        ("a.b+c", "a.b+c", True),
        ("a.b+c", "aXb+c", False),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("*a*b*c*d*e", "xaxbxcxdxe", True),
        ("*a*b*c*d*e", "xaxbxcxdxf", False),
        ("**/a/**/b/**/c*", "x/a/b/y/cc", True),
        ("**/a/**/b/**/c*", "a/b/b/d", False),
    ],
)
def test_the_last_pattern_that_matches_decides(text: str, path: str, expected: bool) -> None:
    """Patterns match as moby's patternmatcher does, also through the folders above a path."""
    assert expected is parse_ignore(text.encode()).excludes(path)


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("a", "a", False),
        ("a", "b", True),
        ("*\n!a/b/c", "a", True),
        ("*\n!a/b/c", "a/b", True),
        ("*\n!a/b/c", "a/x", False),
        ("*\n!a/b/c", "z", False),
        ("*\n!**/x", "z", True),
        ("a\n!a/*/x", "a/b", True),
        ("a\n!a", "a/b", True),
    ],
)
def test_a_folder_is_left_alone_if_nothing_in_it_can_count(text: str, folder: str, expected: bool) -> None:
    """An ignored folder is only looked into if some ``!`` pattern reaches into it."""
    assert expected is parse_ignore(text.encode()).may_include_below(folder)


@pytest.mark.parametrize(
    ("text", "line"), [("a\n[", 2), ("!", 1), ("a\n\nb\\", 3), ("[]a]", 1), ("[a-]", 1), ("x[", 1), ("x" * 70_000, 1)]
)
def test_bad_patterns_are_told_with_their_line(text: str, line: int) -> None:
    """What Docker refuses is a diagnostic that names the line."""
    assert [("EDK209", line)] == [(d.code, d.line) for d in parse_ignore(text.encode()).diagnostics]


def test_the_ignore_file_of_one_dockerfile_goes_before_the_common_one() -> None:
    """``X.dockerignore`` beside a Dockerfile X replaces ``.dockerignore``."""
    names = {"docker/Dockerfile.dockerignore", ".dockerignore"}

    assert "docker/Dockerfile.dockerignore" == ignore_file("docker/Dockerfile", names)
    assert ".dockerignore" == ignore_file("other/Dockerfile", names)
    assert "" == ignore_file("Dockerfile", set())


def test_a_hundred_thousand_lines_are_matched_in_bounded_time() -> None:
    """A long file costs little for each path; one with too many wildcards is refused."""
    before = time.perf_counter()
    rules = parse_ignore("\n".join(f"folder{n}/file" for n in range(100_000)).encode())
    found = [rules.excludes(f"folder{n}/file/x") for n in range(1_000)]
    refused = parse_ignore("\n".join(f"*{n}" for n in range(100_000)).encode())

    assert (True, ["EDK213"]) == (all(found), [d.code for d in refused.diagnostics])
    assert time.perf_counter() - before < 10


def test_a_hostile_pattern_takes_bounded_time() -> None:
    """Many stars against a long name do not explode."""
    before = time.perf_counter()

    assert not parse_ignore(b"*a" * 16 + b"b").excludes("a" * 4_000)
    assert not parse_ignore(b"**/a/" * 8 + b"b").excludes("a/" * 120 + "c")
    assert ["EDK213"] == [d.code for d in parse_ignore(b"*a" * 17).diagnostics]
    assert time.perf_counter() - before < 10


PARTS = st.sampled_from(["a", "b", "*", "**", "a*", "?", "[ab]", "..", "!", "\\", "[", " ", "#", "é"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join), max_size=6),
    st.lists(st.sampled_from("ab"), min_size=1),
)
def test_a_path_that_counts_is_never_below_a_folder_left_alone(lines: list[str], parts: list[str]) -> None:
    """Leaving a folder alone loses nothing."""
    rules = parse_ignore("\n".join(lines).encode())
    path = "/".join(parts)
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]

    assert rules.excludes(path) or all(rules.may_include_below(folder) for folder in folders)
