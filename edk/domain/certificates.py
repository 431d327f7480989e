"""What OpenSSL's and Go's words about certificates mean, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANEW = (
    "Have new ones made: in the EDK's own pod by restarting it, which makes them at its start;"
    " for deploy/buildkit by certs.sh --renew."
)
_CLOCK = f"{_ANEW} Or a clock is wrong: compare date here and there."


@dataclass(frozen=True, slots=True)
class TlsFault:
    """Why two sides do not come together.

    Args:
        meaning: in a few words, ``{folder}`` standing for the folder of our certificates; empty if the words say it.
        hint: what to do.
    """

    meaning: str
    hint: str


_FAULTS: tuple[tuple[re.Pattern[str], TlsFault], ...] = tuple(
    (re.compile(pattern), TlsFault(meaning, hint))
    for pattern, meaning, hint in (
        # What the other side tells of our certificate comes as an alert.
        (
            r"tls: expired certificate|ALERT_CERTIFICATE_EXPIRED",
            "it does not take our certificate, {folder}/cert.pem, which has expired",
            _CLOCK,
        ),
        (
            r"tls: unknown certificate authority|ALERT_UNKNOWN_CA|tls: bad certificate|ALERT_BAD_CERTIFICATE",
            "it does not take our certificate, {folder}/cert.pem, which another authority made than it trusts",
            _ANEW,
        ),
        (
            r"tls: certificate required|CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE",
            "it wants to see a certificate of ours",
            "Name the folder with ca.pem, cert.pem and key.pem: EDK_BUILDKIT_TLS for BuildKit; DOCKER_TLS_VERIFY=1 and"
            " DOCKER_CERT_PATH for a Docker Engine.",
        ),
        (
            r"a certificate is not there",
            "",
            "Point EDK_BUILDKIT_TLS at the folder with ca.pem, cert.pem and key.pem; in the EDK's own pod, restart it.",
        ),
        (
            r"certificate has expired|certificate is not yet valid|has expired or is not yet valid",
            "its certificate is out of date",
            _CLOCK,
        ),
        (
            r"certificate is not valid for|[Hh]ostname mismatch|IP address mismatch|doesn't contain any IP SANs"
            r"|certificate is valid for|certificate is not valid for any names",
            "its certificate is for another name than it is asked by",
            "Ask it by a name that its certificate is for (in the EDK's own pod 127.0.0.1 or localhost), or have one"
            " made for this name.",
        ),
        (
            r"self-signed certificate|unable to get local issuer|signed by unknown authority",
            "its certificate was made by another authority than {folder}/ca.pem",
            _ANEW,
        ),
        (
            r"failed to find any PEM data|\[SSL\] PEM lib|KEY_VALUES_MISMATCH|private key does not match"
            r"|failed to parse certificate|could not read certificate/key|could not append|NO_CERTIFICATE_OR_CRL_FOUND",
            "{folder} holds no certificate and key that belong together",
            _ANEW,
        ),
        (
            r"does not look like a TLS handshake|WRONG_VERSION_NUMBER",
            "it speaks no TLS there",
            "Leave out EDK_BUILDKIT_TLS or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or name its TLS port.",
        ),
        (
            r"HTTP request to an HTTPS server|error reading server preface: (EOF|read tcp|http2)",
            "it wants TLS, or is something else",
            "Name the folder with ca.pem, cert.pem and key.pem: EDK_BUILDKIT_TLS for BuildKit; DOCKER_TLS_VERIFY=1 and"
            " DOCKER_CERT_PATH for a Docker Engine.",
        ),
        (
            r"EOF occurred in violation of protocol|failed to write client preface: .*connection reset",
            "it hung up while certificates were shown, and may not take ours, {folder}/cert.pem",
            _CLOCK,
        ),
    )
)


def tls_fault(said: str) -> TlsFault | None:
    """Return what is wrong with certificates by the words of OpenSSL or Go, None if they are of something else."""
    return next((fault for pattern, fault in _FAULTS if pattern.search(said)), None)


def with_meaning(said: str, folder: str) -> str:
    """Return such words with their meaning before them; as they are where they are of something else.

    Args:
        said: the words.
        folder: of our certificates; empty if there are none.
    """
    fault = tls_fault(said)
    if fault is None or not fault.meaning:
        return said
    meaning = fault.meaning.format(folder=folder) if folder else fault.meaning.replace(", {folder}/cert.pem,", "")
    return f"{meaning.format(folder='ours')} ({said})"


def hint_about(said: str, otherwise: str) -> str:
    """Return what to do about such words, or something else where they are of something else."""
    fault = tls_fault(said)
    return otherwise if fault is None else fault.hint
