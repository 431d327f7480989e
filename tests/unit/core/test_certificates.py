"""What OpenSSL and Go say of certificates, by their own words as they were seen."""

from __future__ import annotations

import pytest

from edk.domain.certificates import hint_about, tls_fault, with_meaning

OPENSSL = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
GO = "transport: authentication handshake failed: tls: failed to verify certificate: x509: "
PREFACE = "error reading server preface: "


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (f"{OPENSSL}certificate has expired (_ssl.c:1006)", "its certificate is out of date"),
        (f"{GO}certificate has expired or is not yet valid: current time 2026-11-26 is after", "is out of date"),
        (f"{OPENSSL}IP address mismatch, certificate is not valid for '127.0.0.1'.", "for another name"),
        (f"{OPENSSL}Hostname mismatch, certificate is not valid for 'a'.", "for another name"),
        (f"{GO}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", "for another name"),
        (f"{GO}certificate is valid for a, not b", "for another name"),
        (f"{OPENSSL}self-signed certificate in certificate chain", "by another authority than /c/ca.pem"),
        (f"{GO}certificate signed by unknown authority (possibly because of", "by another authority than /c/ca.pem"),
        (f"{PREFACE}remote error: tls: expired certificate", "our certificate, /c/cert.pem, which has expired"),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert", "our certificate, /c/cert.pem, which has expired"),
        (f"{PREFACE}remote error: tls: unknown certificate authority", "which another authority made"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "which another authority made"),
        (f"{PREFACE}remote error: tls: certificate required", "it wants to see a certificate of ours"),
        ("[SSL] PEM lib (_ssl.c:3905)", "/c holds no certificate and key that belong together"),
        ("could not read certificate/key: tls: failed to find any PEM data", "/c holds no certificate and key"),
        ("tls: first record does not look like a TLS handshake", "it speaks no TLS there"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "it speaks no TLS there"),
        ("Client sent an HTTP request to an HTTPS server.", "it wants TLS, or is something else"),
        (f"{PREFACE}EOF", "it wants TLS, or is something else"),
        ("EOF occurred in violation of protocol (_ssl.c:2427)", "it hung up while certificates were shown"),
    ],
)
def test_their_words_and_ours(said: str, meaning: str) -> None:
    """The meaning comes first, their words stay for who knows them, and there is something to do."""
    told = with_meaning(said, "/c")

    assert meaning in told.partition(" (")[0]
    assert told.endswith(f"({said})")
    assert hint_about(said, "otherwise") not in ("", "otherwise")


@pytest.mark.parametrize("said", ["Connection refused", "No such file or directory", "no answer within 4 seconds"])
def test_what_is_of_something_else(said: str) -> None:
    """It stays as it is."""
    assert tls_fault(said) is None
    assert (said, "start it") == (with_meaning(said, "/c"), hint_about(said, "start it"))


def test_without_a_folder_of_ours() -> None:
    """No path is made up, and nothing is left of the place where one would stand."""
    for said in (f"{GO}certificate signed by unknown authority", f"{PREFACE}remote error: tls: expired certificate"):
        told = with_meaning(said, "")
        assert "{" not in told
        assert "/ca.pem" not in told.replace("ours/ca.pem", "")
