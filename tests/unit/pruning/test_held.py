"""What manifests, labels, names and texts tell of images; amounts as people write them."""

from __future__ import annotations

import json

import pytest

from edk.domain.amounts import parse_age, parse_size
from edk.domain.fingerprint import LABEL
from edk.domain.garbage_steps import garbage_steps
from edk.domain.held import BASE_DIGEST, REFERENCES, Contents, alias_of, contents_of, uses_in

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
HEX = "0123456789abcdef"


def test_a_manifest_tells_its_blobs() -> None:
    """Its own, the config's, the layers', each once."""
    manifest = json.dumps(
        {"config": {"digest": A, "size": 3}, "layers": [{"digest": B, "size": 40}, {"digest": B, "size": 40}]}
    ).encode()

    made = contents_of(C, manifest, {LABEL: "print"})

    assert Contents(((C, len(manifest)), (A, 3), (B, 40)), "print") == made
    assert len(manifest) + 43 == made.size


def test_labels_tell_what_it_refers_to_and_stands_on() -> None:
    """By digest, from whatever they hold beside it."""
    labels = {REFERENCES: json.dumps({"x": f"localhost:32000/x@{A}", "y": "localhost:32000/y:1"}), BASE_DIGEST: B}

    made = contents_of(C, b"{}", labels, (A,))

    assert ((A,), (A, B)) == (made.refers, made.bases)


def test_an_index_tells_its_parts() -> None:
    """Those that have a digest."""
    manifest = json.dumps({"manifests": [{"digest": A, "size": 1}, {"digest": 7}, "x"]}).encode()

    assert (A,) == contents_of(C, manifest, {}).parts


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b'{"config": 1, "layers": {"digest": 1}}', b"[" * 100_000])
def test_nonsense_tells_nothing(manifest: bytes) -> None:
    """But its own size."""
    assert Contents(((C, len(manifest)),)) == contents_of(C, manifest, {REFERENCES: "{", BASE_DIGEST: "sha256:1"})


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (f"edk/{HEX}/dag", (f"edk/{HEX}", "dag")),
        (f"edk/{HEX}/group/dag", (f"edk/{HEX}", "group/dag")),
        (f"edk/{HEX}", ("", "")),
        (f"edk/{HEX[1:]}/dag", ("", "")),
        (f"edk/{HEX}0/dag", ("", "")),
        (f"my/edk/{HEX}/dag", ("", "")),
        ("dag", ("", "")),
    ],
)
def test_what_is_an_alias(repository: str, expected: tuple[str, str]) -> None:
    """A folder of ours with 16 digits, and a name behind it."""
    assert expected == alias_of(repository)


def test_what_a_text_uses() -> None:
    """Digests and folders of aliases, wherever they stand."""
    text = f'a: "localhost:32000/edk/{HEX}"\nb: x@{A}\nc: edk/{HEX}9/x sha256:12 {{{{ .Values.edk/{HEX[::-1]}/dag }}}}'

    assert {f"edk/{HEX}", A, f"edk/{HEX[::-1]}"} == uses_in(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20GB", 20 * 10**9), ("1.5g", 1_500_000_000), ("512MiB", 512 << 20), ("7", 7), ("0", 0), ("3 kB", 3000)],
)
def test_sizes(text: str, expected: int) -> None:
    """Powers of 1000, or of 1024 with an i."""
    assert expected == parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("90m", 5400), ("2h", 7200), ("1d", 86_400), ("30", 30), ("0.5h", 1800), ("1w", 604_800)]
)
def test_ages(text: str, expected: float) -> None:
    """Seconds unless it says otherwise."""
    assert expected == parse_age(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "20 GB free", "1e9"])
def test_no_amounts(text: str) -> None:
    """Are refused with an example."""
    with pytest.raises(ValueError, match="for example"):
        parse_size(text)
    with pytest.raises(ValueError, match="for example"):
        parse_age(text)


@pytest.mark.parametrize(
    ("address", "container", "expected"),
    [
        ("local-registry.services.svc.cluster.local:5000", "", "kubectl -n services exec deployment/local-registry --"),
        ("reg.edk.svc:5000", "", "kubectl -n edk exec deployment/reg --"),
        ("localhost:32000", "edk-registry-32000", "docker run --rm --volumes-from edk-registry-32000 registry:2"),
        ("registry.lan:5000", "", "docker stop CONTAINER"),
    ],
)
def test_steps_for_other_registries(address: str, container: str, expected: str) -> None:
    """Commands for where it runs, never with the flag that deletes what only digests refer to."""
    steps = garbage_steps(address, container)

    assert any(expected in line for line in steps)
    assert [] == [line for line in steps if "garbage-collect" in line and ("-m" in line or "untagged" in line)]
