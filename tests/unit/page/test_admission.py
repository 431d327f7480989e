"""Who is let in, and below which path."""

from __future__ import annotations

import pytest

from edk.domain.pages import Admission, PageRequest, host_names, valid_prefix


@pytest.mark.parametrize(
    ("hosts", "admitted"),
    [
        (["localhost"], True),
        (["localhost:8082"], True),
        (["LOCALHOST:1"], True),
        (["localhost."], True),
        (["127.0.0.1:8082"], True),
        (["[::1]:8082"], True),
        (["kaapana.example.org"], True),
        (["evil.example.org"], False),
        (["localhost.evil.org"], False),
        (["evil.org:localhost"], False),
        (["localhost@evil.org"], False),
        (["localhost/evil"], False),
        (["localhost evil"], False),
        (["localhost:80:80"], False),
        (["localhost,evil.org"], False),
        ([""], False),
        ([], False),
        (["localhost", "evil.org"], False),
        (["10.0.0.7:8082"], False),
        (["\u212aaapana.example.org"], False),
    ],
)
def test_hosts(hosts: list[str], admitted: bool) -> None:
    """Only those that are known, whatever stands around them."""
    assert admitted == Admission(host_names("Kaapana.example.org", "127.0.0.1")).admits(hosts)


def test_any_host_where_it_is_asked_for() -> None:
    """But still one, and a host."""
    admission = Admission(host_names("*", "0.0.0.0"))

    assert [True, False, False] == [admission.admits(hosts) for hosts in (["x.org"], [], ["<script>"])]


def test_who_listens_everywhere_is_not_known_by_that() -> None:
    """Zeros are no name."""
    assert host_names("", "127.0.0.1") == host_names("", "0.0.0.0") == host_names(" , ", "::")
    assert "10.1.2.3" in host_names("", "10.1.2.3")
    assert "[fd00::1]" in host_names("", "fd00::1")


@pytest.mark.parametrize("text", ["http://x", "a b", "x/y", "<b>"])
def test_no_hosts(text: str) -> None:
    """Are refused."""
    with pytest.raises(ValueError, match="no name of a host"):
        host_names(text, "127.0.0.1")


@pytest.mark.parametrize(
    ("target", "prefix", "forwarded", "expected"),
    [
        ("/", "", "", PageRequest("/")),
        ("/a?b=c?d", "", "", PageRequest("/a", "b=c?d")),
        ("/image/a%2Fb%3C", "", "", PageRequest("/image/a/b<")),
        ("/ui", "/ui", "", PageRequest("/", "", "/ui")),
        ("/ui/", "/ui", "", PageRequest("/", "", "/ui")),
        ("/ui/image/x", "/ui", "", PageRequest("/image/x", "", "/ui")),
        ("/uix", "/ui", "", PageRequest("/uix", "", "/ui")),
        ("/image/x", "/ui", "", PageRequest("/image/x", "", "/ui")),
        ("/", "", "/evil", PageRequest("/")),
        ("http://evil.org/", "", "", None),
        ("*", "", "", None),
        ("", "", "", None),
        ("/a%00b", "", "", None),
        ("/%ff", "", "", PageRequest("/\ufffd")),
    ],
)
def test_what_is_asked_for(target: str, prefix: str, forwarded: str, expected: PageRequest | None) -> None:
    """Below a prefix that a proxy took off, or left on."""
    assert expected == Admission(prefix=prefix).request(target, forwarded)


@pytest.mark.parametrize(
    ("forwarded", "prefix"),
    [
        ("/ui", "/ui"), ("/a/b/", "/a/b"), ("", "/own"), ("//evil.org", "/own"), ("https://evil.org", "/own"),
        ("/a\"onload", "/own"), ("/../x", "/own"), ("/\\evil.org", "/own"), ("evil", "/own"),
    ],
)  # fmt: skip
def test_a_proxy_may_say_the_prefix_where_it_is_trusted(forwarded: str, prefix: str) -> None:
    """If it is a path, and nothing else."""
    found = Admission(prefix="/own", trusts_prefix=True).request("/", forwarded)

    assert found is not None
    assert prefix == found.prefix


@pytest.mark.parametrize(("text", "valid"), [("", True), ("/a-b_c.d~e", True), ("a", False), ("/a b", False), ("/..", False), ("/a/./b", False), ("/", False)])  # noqa: E501
def test_prefixes(text: str, valid: bool) -> None:
    """Paths without an end."""
    assert valid == valid_prefix(text)
