"""What manifests and configurations tell, and what is made of those that tell nonsense."""

from __future__ import annotations

import json

import pytest

from edk.domain.described import Description, Layer, PlatformImage, describe, describe_index, instruction
from edk.domain.oci import Index, Manifest, read_manifest
from tests.support.images import documents

A, B = (f"sha256:{letter * 64}" for letter in "ab")


def manifest(*layers: bytes) -> Manifest:
    """The manifest of an image of these layers."""
    read = read_manifest(documents(layers)[1])
    assert isinstance(read, Manifest)
    return read


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
        ("/bin/sh -c pip install x", "RUN pip install x"),
        ("/bin/sh -c #(nop) COPY file:12 in /app ", "COPY file:12 in /app"),
        ("/bin/sh -c #(nop)  CMD [\"sh\"]", 'CMD ["sh"]'),
        ("COPY files/ /app # buildkit", "COPY files/ /app"),
        ("|2 TOKEN=hunter2 B=c /bin/sh -c make all", "RUN make all"),
        ("RUN |1 TOKEN=hunter2 with space /bin/sh -c make # buildkit", "RUN make"),
        ("debuerreotype 0.15", "debuerreotype 0.15"),
        ("", ""),
    ],
)
def test_instructions(created_by: str, expected: str) -> None:
    """As a Dockerfile has them, of either builder, and never a build argument's value."""
    assert expected == instruction(created_by)


def test_an_instruction_is_bounded() -> None:
    """However long its step is."""
    assert 2_000 == len(instruction("RUN /bin/sh -c " + "x" * 100_000))


def test_layers_are_told_apart_by_the_history() -> None:
    """Steps that made no layer are passed over."""
    history = [{"created_by": "ADD a"}, {"created_by": "ENV x", "empty_layer": True}, {"created_by": "COPY b"}]

    told = describe(manifest(b"1", b"22"), {"history": history, "os": "linux", "architecture": "arm64"})

    assert [("ADD a", 1), ("COPY b", 2)] == [(layer.made_by, layer.size) for layer in told.layers]
    assert "linux/arm64" == told.platform


@pytest.mark.parametrize("history", [None, [], [{"created_by": "only one"}], [1, 2], {"a": 1}, [{"created_by": 7}] * 3])
def test_a_history_of_other_layers_tells_nothing(history: object) -> None:
    """Rather none than the wrong one."""
    assert ["", ""] == [layer.made_by for layer in describe(manifest(b"1", b"22"), {"history": history}).layers]


@pytest.mark.parametrize("config", [{}, {"config": 1}, {"config": {"Labels": [1]}}, {"created": 5, "os": ["x"]}])
def test_nonsense_tells_nothing(config: dict[str, object]) -> None:
    """But the layers."""
    told = describe(manifest(b"1"), config)

    assert Description(layers=told.layers) == told
    assert [Layer] == [type(layer) for layer in told.layers]


def test_labels_are_texts() -> None:
    """Whatever the configuration holds."""
    told = describe(manifest(), {"config": {"Labels": {"b": 1, "a": "x"}}})

    assert (("a", "x"), ("b", "1")) == told.labels
    assert ("x", "") == (told.label("a"), told.label("c"))


def test_an_index_tells_its_platforms() -> None:
    """Attestations are none."""
    entries = [
        {"digest": A, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": B, "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    index = read_manifest(json.dumps({"manifests": entries}).encode())
    assert isinstance(index, Index)

    assert (PlatformImage(A, "linux/amd64"),) == describe_index(index).platforms
