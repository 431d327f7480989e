"""What a file is by how it begins."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain.beginnings import classify, wants_more
from edk.domain.sensitive import HEAD, allowed, is_dotenv, listed, matters, worth_a_look

DICOM = b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00"
NIFTI_1 = (348).to_bytes(4, "little") + b"\0" * 340 + b"n+1\0"
NIFTI_1_BIG = (348).to_bytes(4, "big") + b"\0" * 340 + b"ni1\0"
NIFTI_2 = (540).to_bytes(4, "little") + b"n+2\0\r\n\x1a\n" + b"\0" * 528
BODY = b"MIIEpAIBAAKCAQEAx0m1vLq2pT5yqXbWc9YkR3\n" * 4
TOKEN = "kubeconfig-user-abcdefgh"
LOGINS = json.dumps({"auths": {"registry.example.org": {"auth": "dXNlcjpwYXNz"}}}).encode()


def pem(kind: str, body: bytes = BODY) -> bytes:
    """A key in its armour."""
    return f"-----BEGIN {kind}-----\n".encode() + body + f"-----END {kind}-----\n".encode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (DICOM, "dicom"),
        (gzip.compress(DICOM + b"\0" * 4000), "dicom"),
        (b"\0" * 127 + b"DICM" + b"\0" * 40, ""),
        (b"the letters DICM in a text " * 20, ""),
        (NIFTI_1, "nifti"),
        (NIFTI_1_BIG, "nifti"),
        (NIFTI_2, "nifti"),
        (gzip.compress(NIFTI_1 + b"\7" * 100_000)[:HEAD], "nifti"),
        (gzip.compress(b"a" * 4000), ""),
        (b"\x1f\x8b\x08 and no gzip behind it" + b"\0" * 200, ""),
        (NIFTI_1[:344] + b"xxx\0", ""),
        (b"\0" * 344 + b"n+1\0", ""),
        (pem("RSA PRIVATE KEY"), "key"),
        (pem("PRIVATE KEY"), "key"),
        (pem("EC PRIVATE KEY").replace(b"\n", b"\r\n"), "key"),
        (pem("OPENSSH PRIVATE KEY"), "key"),
        (pem("RSA PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n" + BODY), "key"),
        (pem("CERTIFICATE") * 3 + pem("PRIVATE KEY"), "key"),
        (pem("CERTIFICATE"), ""),
        (pem("PUBLIC KEY"), ""),
        (b'KEY = "-----BEGIN RSA PRIVATE KEY-----"\nprint(KEY)\n', ""),
        (b"-----BEGIN RSA PRIVATE KEY-----\nyour key here\n", ""),
        (b"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "key"),
        (b"machine example.org login me password hunter2\n", "netrc"),
        (b"machine example.org\n  login me\n  password hunter2\n", "netrc"),
        (b"the machine has a login and a password\n", ""),
        (LOGINS, "docker"),
        (b'{"auths": {"registry.example.org": {}}, "credsStore": "pass"}', ""),
        (b'{"auths": [1]}', ""),
        (b'{"auths": ', ""),
        (f"apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: {TOKEN}\n".encode(), "kubeconfig"),
        (b"apiVersion: v1\nkind: Config\nclusters: []\n", ""),
        (b"apiVersion: v1\nkind: ConfigMap\ndata:\n  token: abcdefghijkl\n", ""),
        (b"[default]\naws_access_key_id = AKIAX\naws_secret_access_key = " + b"a1/" * 14, "aws"),
        (b"[default]\nregion = eu-central-1\n", ""),
        (b"# local\nDB_HOST=db\nDB_PASSWORD=hunter2hunter2\n", "dotenv"),
        (b"DB_HOST=db\nDB_PORT=5432\n", ""),
        (b"DB_PASSWORD=\n", ""),
        (b"import os\nTOKEN=os.environ['X']\n", ""),
        (b"", ""),
    ],
)
def test_content_tells_what_a_file_is(content: bytes, kind: str) -> None:
    """By the marks that programs know such files by; a text about them is none."""
    assert kind == classify(content)


@given(st.binary(max_size=2000))
def test_any_content_is_classified(content: bytes) -> None:
    """Whatever a file holds, it is one of the kinds or none, and gzip that is none breaks nothing."""
    assert classify(content) in {"", "dicom", "nifti", "key", "netrc", "docker", "kubeconfig", "aws", "dotenv"}
    assert classify(b"\x1f\x8b\x08" + content) in {"", "dicom", "nifti"}


def test_many_empty_lines_take_no_time() -> None:
    """A header without a key, and thousands of lines behind it, is no trap."""
    assert "" == classify(b"-----BEGIN PRIVATE KEY-----\n" + b" \t\n" * 20_000)
    assert "" == classify(b"-----BEGIN PRIVATE KEY-----\n" + b"a: b\n" * 12_000)


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (pem("CERTIFICATE", BODY * 20)[:HEAD], True),
        (b"[profile a]\nregion = x\n" + b"#" * HEAD, True),
        (pem("CERTIFICATE"), False),
        (b"print('hello')\n" * 100, False),
        (b"\0" * HEAD, False),
    ],
)
def test_only_what_promises_something_is_read_further(head: bytes, more: bool) -> None:
    """A short file was read whole, and most others are told by their first bytes."""
    assert more == wants_more(head[:HEAD])


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [("a.dcm", 133, True), ("a.dcm", 132, False), ("x/.netrc", 40, True), ("x/.env", 10, True), (".env", 0, False)],
)
def test_small_files_are_looked_at_by_name(path: str, size: int, expected: bool) -> None:
    """Less than 133 bytes hold no image and no key."""
    assert expected == worth_a_look(path, size)


def test_variables_matter_in_a_file_of_variables() -> None:
    """A shell script that sets PASSWORD is another thing than a file of variables."""
    assert matters("dotenv", "app/.env")
    assert not matters("dotenv", "app/run.sh")
    assert matters("key", "anything")
    assert [True, True, True, False] == [is_dotenv(n) for n in (".env", ".env.local", "prod.env", "environment.py")]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("tests/data/a/b.dcm", "tests/data/**", True),
        ("tests/data/b.dcm", "tests/data", True),
        ("tests/data/b.dcm", "tests/data/", True),
        ("x/b.dcm", "*.dcm", True),
        ("x/tests/data/b.dcm", "*/tests", True),
        ("tests/database/b.dcm", "tests/data/**", False),
        ("b.dcm", "tests/data/**", False),
    ],
)
def test_what_the_user_vouches_for(path: str, pattern: str, expected: bool) -> None:
    """A pattern means a path, all in a folder, or a name."""
    assert expected == allowed(path, [pattern])


def test_long_lists_are_cut() -> None:
    """Three are named, the others counted."""
    assert "a, b" == listed(["a", "b"])
    assert "a, b, c and 2 more" == listed("abcde")
