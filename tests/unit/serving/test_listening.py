"""Where to listen: one way to write it, for all that listen."""

from __future__ import annotations

import pytest

from edk.domain.errors import UsageError
from edk.domain.listening import in_url, listen_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8082", ("127.0.0.1", 8082)),
        ("0.0.0.0:8081", ("0.0.0.0", 8081)),
        (":8081", ("", 8081)),
        ("[::1]:0", ("::1", 0)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    """Hosts with ports, of either family; no host is every address."""
    assert expected == listen_address(text, "page_listen", 8082)


@pytest.mark.parametrize(
    "text",
    [
        *("", "8082", "localhost", "localhost:", "localhost:x", "a:65536", "a:-1", "a:٣", "a:000080", " a:1", "a:1\n"),
        *("http://x:1", "x/y:1", "a b:1", "::1:80", "[::1:80", "[]:80", "[::1]80", "[a]:1"),
    ],
)
def test_no_addresses(text: str) -> None:
    """Are refused by the setting's name, with an example."""
    with pytest.raises(UsageError, match=r"^watch_health: .* is no HOST:PORT") as raised:
        listen_address(text, "watch_health", 8081)

    assert "for example 127.0.0.1:8081" == raised.value.hint


@pytest.mark.parametrize(("host", "expected"), [("::1", "[::1]"), ("127.0.0.1", "127.0.0.1"), ("edk", "edk")])
def test_hosts_in_urls(host: str, expected: str) -> None:
    """Colons in brackets."""
    assert expected == in_url(host)
