"""Which hosts are this machine, spoken to plainly, or reached through a proxy."""

from __future__ import annotations

import pytest

from edk.domain.network import is_local, proxy_for, scheme_of


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost.example.org", False),
        ("127.example", False),
        ("10.0.0.1", False),
    ],
)
def test_what_is_this_machine(host: str, expected: bool) -> None:
    """Loopback by name or address, and nothing that merely looks like it."""
    assert expected == is_local(host)


@pytest.mark.parametrize(
    ("host", "insecure", "expected"),
    [
        ("localhost", (), "http"),
        ("reg.example", (), "https"),
        ("reg.example", ("reg.example:5000",), "http"),
        ("reg.example", ("REG.example",), "http"),
        ("reg.example", ("reg.example:6000",), "https"),
    ],
)
def test_schemes(host: str, insecure: tuple[str, ...], expected: str) -> None:
    """TLS, but for this machine and what is configured, with its port or for all."""
    assert expected == scheme_of(host, "5000", insecure)


@pytest.mark.parametrize(
    ("host", "no_proxy", "used"),
    [
        ("reg.example", "", True),
        ("reg.example", "reg.example", False),
        ("reg.example", ".example", False),
        ("reg.example", "*.example", False),
        ("reg.example", "example", False),
        ("badexample", "example", True),
        ("reg.example", "reg.example:5000", False),
        ("reg.example", "reg.example:6000", True),
        ("reg.example", "other, REG.EXAMPLE ,", False),
        ("reg.example", "*", False),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("11.1.2.3", "10.0.0.0/8", True),
        ("reg.example", "10.0.0.0/8", True),
        ("localhost", "", False),
        ("127.0.0.1", "", False),
    ],
)
def test_proxies_and_their_exceptions(host: str, no_proxy: str, used: bool) -> None:
    """Entries of no_proxy match names, sub-domains, ports and networks; this machine needs none."""
    environ = {"http_proxy": "http://proxy:3128", "no_proxy": no_proxy}

    assert ("http://proxy:3128" if used else "") == proxy_for("http", host, "5000", environ)


def test_names_of_variables() -> None:
    """Lower case wins over upper, the scheme's variable over all_proxy; a scheme is added where missing."""
    assert proxy_for("http", "x", "1", {"http_proxy": "low:1", "HTTP_PROXY": "up:1"}) == "http://low:1"
    assert proxy_for("https", "x", "1", {"HTTPS_PROXY": "http://up:1"}) == "http://up:1"
    assert proxy_for("https", "x", "1", {"http_proxy": "http://a:1"}) == ""
    assert proxy_for("https", "x", "1", {"all_proxy": "http://a:1"}) == "http://a:1"
