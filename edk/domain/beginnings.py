"""What a file is by how it begins, and never by its name: patients' images, keys, files with passwords."""

from __future__ import annotations

import json
import re
import zlib

from edk.domain.dockerfile.secrets import what_secret
from edk.domain.sensitive import HEAD, MORE, Kind

_LINES = re.MULTILINE
_GZIP = b"\x1f\x8b\x08"
_NIFTI_1 = (b"n+1\0", b"ni1\0")
_NIFTI_2 = (b"n+2\0\r\n\x1a\n", b"ni2\0\r\n\x1a\n")
_KEY = re.compile(
    rb"^-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP) )?PRIVATE KEY(?: BLOCK)?-----[ \t]*\r?\n"
    rb"(?:[A-Za-z-]+: [^\n]*\n|[ \t\r]*\n)*[A-Za-z0-9+/]{32}"
    rb"|^PuTTY-User-Key-File-\d: |^AGE-SECRET-KEY-1[A-Z0-9]{40}",
    _LINES,
)
_NETRC = re.compile(rb"^[ \t]*(?:machine[ \t]+\S+|default)\s+login\s+\S+\s+(?:account\s+\S+\s+)?password\s+\S", _LINES)
_AWS = re.compile(rb"^[ \t]*aws_secret_access_key[ \t]*=[ \t]*[A-Za-z0-9/+=]{30,}", _LINES | re.IGNORECASE)
_CLUSTER = re.compile(rb"^[ \t]*(?:token|client-key-data|password):[ \t]*[\"']?[A-Za-z0-9+/=._-]{8}", _LINES)
_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
# What a beginning shows of a file whose secret may stand farther behind: a certificate before its key, for example.
_PROMISING = re.compile(
    rb"-----BEGIN |^PuTTY|\"auths\"|kind:[ \t]*Config\b|^\[[\w -]+\]|^[A-Za-z_]\w*=|^machine ", _LINES
)


def wants_more(head: bytes) -> bool:
    """Tell whether the beginning of a file, of `HEAD` bytes, does not suffice to say what it is."""
    return len(head) >= HEAD and b"\0" not in head and _PROMISING.search(head) is not None


def classify(beginning: bytes) -> Kind:
    """Return what a file is by its beginning, empty if nothing that matters here.

    Args:
        beginning: of the file, `HEAD` bytes or, where `wants_more` says so, up to `MORE`.
    """
    image = _image(_unpacked(beginning) if beginning.startswith(_GZIP) else beginning)
    if image:
        return image
    if b"\0" in beginning[:HEAD]:
        return ""
    if _KEY.search(beginning):
        return "key"
    if _NETRC.search(beginning):
        return "netrc"
    if _AWS.search(beginning):
        return "aws"
    if b'"auths"' in beginning and _has_logins(beginning):
        return "docker"
    if re.search(rb"kind[\"']?:[ \t]*[\"']?Config\b", beginning) and _CLUSTER.search(beginning):
        return "kubeconfig"
    return "dotenv" if _is_environment(beginning) else ""


def _unpacked(data: bytes) -> bytes:
    """Return the first bytes of a gzipped beginning; none if it is not gzip after all."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, HEAD)
    except zlib.error:
        return b""


def _image(head: bytes) -> Kind:
    if head[128:132] == b"DICM":
        return "dicom"
    sizes = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
    if 348 in sizes and head[344:348] in _NIFTI_1:
        return "nifti"
    return "nifti" if 540 in sizes and head[4:12] in _NIFTI_2 else ""


def _has_logins(content: bytes) -> bool:
    try:
        auths = json.loads(content).get("auths")
    except (ValueError, AttributeError, RecursionError):
        return False
    if not isinstance(auths, dict):
        return False
    secret = ("auth", "password", "identitytoken", "registrytoken")
    return any(isinstance(login, dict) and any(login.get(name) for name in secret) for login in auths.values())


def _is_environment(content: bytes) -> bool:
    """Tell whether text sets variables line by line, one of them to a secret."""
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    # The last line may be cut off.
    told = [line for line in (lines[:-1] if len(content) in (HEAD, MORE) else lines) if line and line[0] != "#"]
    pairs = [_ASSIGNMENT.fullmatch(line) for line in told]
    return bool(told) and all(pairs) and any(what_secret(p[1], p[2]) for p in pairs if p)
