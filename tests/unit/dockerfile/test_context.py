"""What of a context counts."""

from __future__ import annotations

import pytest

from edk.domain.dockerfile.context import ContextRules, context_rules, unmatched
from edk.domain.dockerfile.ignore import parse_ignore
from edk.domain.dockerfile.reading import read_dockerfile


def rules(text: str, ignore: str = "", *, all_stages: bool = False) -> ContextRules:
    reading = read_dockerfile(f"FROM scratch\nENV D=dir\n{text}\n".encode())

    return context_rules(reading, parse_ignore(ignore.encode()), all_stages)


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("COPY a x", ["a", "a/b", "a/b/c"], ["ab", "b/a"]),
        ("COPY a/b x", ["a/b", "a/b/c"], ["a", "a/c"]),
        ("COPY *.py x", ["m.py", ".py"], ["m.txt", "d/m.py"]),
        ("COPY f*/s?b x", ["files/sub", "files/sub/deep/x"], ["files", "files/x", "sub"]),
        ("COPY ${D}/[ab]* x", ["dir/a1", "dir/b"], ["dir/c", "a1"]),
        ("COPY . x", ["a", "b/c"], []),
        ("COPY a[ x", [], ["a[", "a"]),
        ("RUN --mount=type=bind,source=a,target=/t x", ["a/b"], ["b"]),
        ("COPY --from=other a x", [], ["a"]),
        ("RUN x", [], ["a"]),
        ('COPY ["a b", "x"]', ["a b", "a b/c"], ["a"]),
    ],
)
def test_only_what_a_source_reaches_counts(text: str, wanted: list[str], unwanted: list[str]) -> None:
    """Sources match as the engine matches them, with everything below a matched folder."""
    found = rules(text)

    assert [(path, True) for path in wanted] == [(path, found.wants(path, False)) for path in wanted]
    assert [(path, False) for path in unwanted] == [(path, found.wants(path, False)) for path in unwanted]


@pytest.mark.parametrize("text", ["COPY a/b/c x", "COPY a/*/c x", "COPY */*/c x", "COPY a x", "COPY . x"])
def test_the_way_to_what_counts_is_descended(text: str) -> None:
    """Every folder above a file that counts is looked into."""
    found = rules(text)

    assert found.wants("a/b/c", False)
    assert [True, True, True] == [found.descend(folder) for folder in ("", "a", "a/b")]


def test_folders_that_nothing_reaches_are_left_alone() -> None:
    """A walk looks only where a source may match, and not into ignored folders."""
    found = rules("COPY a/*.py b/c x", "b/c/d")

    assert [True, True, True, True] == [found.descend(folder) for folder in ("", "a", "b", "b/c")]
    assert [False, False, False, False] == [found.descend(folder) for folder in ("z", "a/sub", "b/x", "b/c/d")]


def test_ignored_files_do_not_count() -> None:
    """.dockerignore takes files out of what sources reach."""
    found = rules("COPY . x", "*.log\n!keep.log")

    assert [True, False, True] == [found.wants(path, False) for path in ("a", "b.log", "keep.log")]


def test_stages_that_nothing_needs_only_count_for_the_classic_builder() -> None:
    """BuildKit skips a stage that the final one does not need."""
    text = "COPY a x\nFROM scratch\nCOPY b x"

    assert [("b",)] == [use.sources for use in rules(text).uses]
    assert ("a", "b") == rules(text, all_stages=True).roots


def test_an_unknown_source_makes_the_whole_context_count() -> None:
    """Too much is slow, too little is wrong; the reason is given."""
    reading = read_dockerfile(b"FROM x\nCOPY $HOME/a b\n")
    found = context_rules(reading, parse_ignore(b""))

    assert (True, ("",)) == (found.whole, found.roots)
    assert "line 2" in found.why_whole


def test_links_on_the_way_are_told() -> None:
    """The engine follows links that a source names, so the caller has to know these paths."""
    found = rules("COPY a/b/c d*/e x")

    assert ("a", "a/b", "a/b/c") == found.prefixes
    assert [True, True, False] == [found.follows(path) for path in ("a/b", "d1/e", "a/b/c/link")]


def test_sources_that_nothing_matches_are_told() -> None:
    """A literal source must be there; one with wildcards may match nothing, but must be well-formed."""
    found = rules("COPY a b/c *.none x\nADD d [x y")

    missing = unmatched(found, ["a", "b/c/d"])
    assert [(4, "d"), (4, "[x")] == [(use.line, source) for use, source in missing]


def test_the_folder_that_wildcards_look_in_must_be_there() -> None:
    """BuildKit copies nothing where nothing matches, but fails without the folder named before the wildcard."""
    found = rules("COPY charts/*.tgz data/x*/y none*.txt n[o]ne/*.txt x")

    assert ("charts", "data") == found.searched()
    assert ["charts/*.tgz"] == [source for _, source in unmatched(found, ["data", "a"])]
    assert [] == [source for _, source in unmatched(found, ["data/z", "charts"])]
