"""URLs without secrets, and git's complaints on one line."""

from __future__ import annotations

from base64 import b64encode

import pytest

from edk.adapters.git.words import brief, censored, credentials, hint_for, named_files, without_password


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://me:s3cret@host:8443/a/b.git", "https://host:8443/a/b.git"),
        ("https://token@host/a", "https://host/a"),
        ("ssh://git:pw@host/a", "ssh://git@host/a"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("https://host/a", "https://host/a"),
        ("/some/folder@x", "/some/folder@x"),
    ],
)
def test_passwords_are_left_out(source: str, shown: str) -> None:
    """User and password of a URL are never shown; the user of ssh is no secret."""
    assert shown == without_password(source)


def test_credentials_go_as_a_header_for_their_host_alone() -> None:
    """What git gets in its environment is the header of this one host, decoded from the URL."""
    found = credentials("https://me:p%40ss@host:8443/a")

    assert "http.https://host:8443/.extraHeader" == found["GIT_CONFIG_KEY_0"]
    assert f"Authorization: Basic {b64encode(b'me:p@ss').decode()}" == found["GIT_CONFIG_VALUE_0"]
    assert {} == credentials("ssh://me:pw@host/a")
    assert {} == credentials("https://host/a")


def test_secrets_are_censored_in_both_spellings() -> None:
    """A password in git's words goes, encoded or not."""
    said = censored("fatal: p%40ss and p@ss", "https://me:p%40ss@host/a")

    assert "fatal: *** and ***" == said


def test_files_in_the_way_are_read_off() -> None:
    """Only the indented lines are names; they keep inner blanks."""
    said = (
        "error: Your local changes to the following files would be overwritten by checkout:\n"
        "\tb c.py\n\ta\nPlease commit your changes or stash them before you switch branches.\nAborting\n"
    )

    assert ("a", "b c.py") == named_files(said)
    assert () == named_files("error: pathspec")


def test_brief_is_the_fatal_line() -> None:
    """Of many lines the one that says why is kept."""
    assert "no" == brief("remote: hello\nfatal: no\n\nPlease make sure\n")
    assert "one; two" == brief("one\ntwo\n")
    assert brief("") == "it did not say why"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("fatal: detected dubious ownership in repository at '/k'", "safe.directory"),
        ("fatal: Unable to create '/k/.git/index.lock': File exists.", "lock file"),
        ("fatal: write error: No space left on device", "disk space"),
        ("fatal: Authentication failed for 'https://h/'", "token"),
    ],
)
def test_known_complaints_have_a_remedy(said: str, hint: str) -> None:
    """What users meet most is answered with what to do."""
    assert hint in hint_for(said)
