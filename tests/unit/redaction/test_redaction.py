"""Secrets are masked in every form that they may take."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain.redaction import MASK, Redactor, secrets_of

SECRETS = st.text(min_size=4, max_size=40).filter(lambda text: text.strip() == text)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+")


def decoded(text: str) -> bytes:
    """Return what anybody can make of the base64 in a text, whatever character it begins at."""
    found = b""
    for run in _BASE64.findall(text):
        for start in range(4):
            quads = run[start:]
            quads = quads[: len(quads) - (len(quads) % 4 == 1)]
            found += base64.b64decode(quads + "=" * (-len(quads) % 4)) + b"\n--\n"
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the token is s3cr3t/+ok", f"the token is {MASK}"),
        ("s3cr3t/+ok", MASK),
        ("s3cr3t/+oks3cr3t/+ok", MASK * 2),
        ("https://x?token=s3cr3t%2F%2Bok&y", f"https://x?token={MASK}&y"),
        (f"Basic {base64.b64encode(b's3cr3t/+ok').decode()}", f"Basic {MASK}w=="),
        ("s3cr3t", "s3cr3t"),
        ("nothing here", "nothing here"),
    ],
)
def test_a_secret_is_masked_and_the_rest_is_left(text: str, expected: str) -> None:
    """As it is, URL-encoded, in base64; of the last only characters that hold fewer than six of its bits are left."""
    assert expected == Redactor(["s3cr3t/+ok"]).text(text)


@given(SECRETS, st.text(max_size=8), st.text(max_size=8))
def test_no_secret_is_left_as_it_is_or_url_encoded(secret: str, before: str, behind: str) -> None:
    """Whatever it stands next to, also itself and parts of it."""
    redactor = Redactor([secret])
    for text in (before + secret + behind, secret + secret, secret[:2] + secret + secret[2:]):
        assert quote(secret, safe="") not in redactor.text(quote(text, safe=""))
        assert secret not in redactor.text(text)


@given(SECRETS, st.binary(max_size=7), st.binary(max_size=7))
def test_no_secret_is_left_in_base64(secret: str, before: bytes, behind: bytes) -> None:
    """At any of the three offsets, and if the base64 is URL-encoded again."""
    encoded = base64.b64encode(before + secret.encode() + behind).decode()
    redactor = Redactor([secret])

    assert secret.encode() in decoded(encoded)
    assert secret.encode() not in decoded(redactor.text(encoded))
    assert secret.encode() not in decoded(unquote(redactor.text(quote(encoded, safe=""))))


@given(st.lists(st.text("ab", min_size=4, max_size=9), min_size=1, max_size=4), st.text("ab", max_size=30))
def test_no_secret_is_left_where_several_overlap(secrets: list[str], text: str) -> None:
    """Every character of every place where one stands is masked."""
    hidden = {
        index
        for secret in secrets
        for start in range(len(text))
        if text.startswith(secret, start)
        for index in range(start, start + len(secret))
    }
    shown = "".join(letter for index, letter in enumerate(text) if index not in hidden)

    assert shown == Redactor(secrets).text(text).replace(MASK, "")


def test_the_longest_is_masked_whole() -> None:
    """One that begins with another one, or holds it, leaves no rest."""
    redactor = Redactor(["pass", "password", "word1234"])

    assert f"{MASK} {MASK} {MASK}!" == redactor.text("pass password password1234!")


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_short_values_are_left_alone(secret: str) -> None:
    """They stand in too many words."""
    redactor = Redactor([secret])

    assert redactor.idle
    assert "abc a" == redactor.text("abc a")


def test_every_line_of_a_secret_is_masked() -> None:
    """A private key is printed line by line, and no line alone is the secret."""
    redactor = Redactor(["-----BEGIN KEY-----\n  b3BlbnNzaC1r\r\nAAAA\n--\n"])

    assert [MASK, MASK, "--"] == [redactor.text(line) for line in ("b3BlbnNzaC1r", "AAAA", "--")]


def test_secrets_that_are_no_utf8_are_masked() -> None:
    """As the environment gives them."""
    redactor = Redactor(["t\udcfften"])

    assert f"x {MASK} y {MASK}" == redactor.text("x t\udcfften y t%FFten")
    assert MASK in redactor.text(base64.b64encode(b"t\xfften").decode())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MY_TOKEN", True),
        ("npm_password", True),
        ("DB_PASSWD", True),
        ("API_KEY", True),
        ("APIKEY", True),
        ("SSH_PRIVATE_KEY", True),
        ("AWS_ACCESS_KEY", True),
        ("GIT_CREDENTIALS", True),
        ("CLIENT_SECRET", True),
        ("PIP_AUTH", True),
        ("VERSION", False),
        ("KEYBOARD", False),
        ("http_proxy", False),
    ],
)
def test_build_arguments_are_secret_by_their_name(name: str, *, expected: bool) -> None:
    """The name says it; other values are shown."""
    assert (("the value",) if expected else ()) == secrets_of([(name, "the value")], ())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://user:hidden@proxy:3128", ("hidden",)),
        ("http://user:p%40ss!word@proxy:3128", ("p%40ss!word", "p@ss!word")),
        ("http://user@proxy:3128", ()),
        ("http://proxy:3128", ()),
        ("user:hidden@proxy", ()),
        ("http://[broken", ()),
        ("", ()),
    ],
)
def test_passwords_of_proxies_are_secret(address: str, expected: tuple[str, ...]) -> None:
    """Both as the address has them and as they are meant."""
    assert expected == secrets_of((), [("https_proxy", address)])
