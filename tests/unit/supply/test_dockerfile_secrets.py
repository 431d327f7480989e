"""Secrets written into ARG and ENV."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.dockerfile.secrets import what_secret

GITHUB = "ghp_" + "aB3" * 12
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PASSWORD", "hunter2", "a secret by its name"),
        ("DB_PASSWORD", '"hunter2"', "a secret by its name"),
        ("dbpasswd", "x", "a secret by its name"),
        ("API_TOKEN", "abc", "a secret by its name"),
        ("apikey", "abc", "a secret by its name"),
        ("AWS_SECRET_ACCESS_KEY", "abc", "a secret by its name"),
        ("CLIENT_SECRET", "abc", "a secret by its name"),
        ("KEY", GITHUB, "a GitHub token"),
        ("X", "glpat-" + "a" * 20, "a GitLab token"),
        ("X", "AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
        ("X", JWT, "a JSON web token"),
        ("INDEX", "https://me:hunter2@pypi.example.org/simple", "an address with a password"),
        ("PASSWORD", "", ""),
        ("PASSWORD", '""', ""),
        ("PASSWORD", "$PW", ""),
        ("PASSWORD", "${PW:-x}", ""),
        ("PASSWORD_FILE", "secret.txt", ""),
        ("PASSWORD", "/run/secrets/pw", ""),
        ("PASSWORD_MIN_LENGTH", "8", ""),
        ("USE_TOKEN", "false", ""),
        ("TOKEN", "<your token>", ""),
        ("TOKENIZERS_PARALLELISM", "maybe", ""),
        ("TOKENIZER", "bert", ""),
        ("MAX_TOKENS", "many", ""),
        ("SECRET_NAME", "db-login", ""),
        ("TOKEN_URL", "https://example.org/token", ""),
        ("PATH", "/usr/bin", ""),
        ("INDEX", "https://packages.example.org/simple", ""),
        ("INDEX", "https://$USER:$PW@pypi.example.org", ""),
        ("KEYBOARD", "de", ""),
        ("X", "snakiaiosfodnn7example", ""),
    ],
)
def test_a_secret_is_told_by_name_or_shape(name: str, value: str, expected: str) -> None:
    """Only literal values count, and no paths, numbers and switches."""
    assert expected == what_secret(name, value)


def test_each_line_that_holds_one_is_pointed_out() -> None:
    """Of ARG and ENV, in the global scope, in stages that are not built, and behind ONBUILD."""
    text = (
        f"ARG TOKEN=abc\nFROM a AS b\nENV A=1 PASSWORD=hunter2 \\\n    KEY={GITHUB}\nFROM a\n"
        "ARG TOKEN\nENV PASSWORD=$TOKEN\nRUN PASSWORD=hunter2 true\nONBUILD ENV API_KEY=abc\nLABEL TOKEN=abc\n"
    )
    found = [(d.line, d.message) for d in read_dockerfile(text.encode()).diagnostics if d.code == "EDK219"]

    assert [
        (1, "ARG TOKEN holds a secret by its name, which stays readable in the image"),
        (3, "ENV PASSWORD holds a secret by its name, which stays readable in the image"),
        (3, "ENV KEY holds a GitHub token, which stays readable in the image"),
        (9, "ENV API_KEY holds a secret by its name, which stays readable in the image"),
    ] == found


@given(st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=12, max_size=40))
def test_the_value_is_never_told(value: str) -> None:
    """Neither message nor hint holds it, whatever it is."""
    reading = read_dockerfile(f"FROM a\nENV PASSWORD=zq{value}\nARG TOKEN=zq{value}\n".encode())

    assert 2 == len([d for d in reading.diagnostics if d.code == "EDK219"])
    assert not any(value in f"{d.message} {d.hint}" for d in reading.diagnostics)
