"""What an image is called."""

from __future__ import annotations

import pytest

from edk.domain.dockerfile.identity import Identity, identity
from edk.domain.dockerfile.reading import read_dockerfile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('LABEL IMAGE="a"\nLABEL VERSION="0.1.0"\n', Identity("a", "0.1.0", False, False, 2)),
        ('LABEL IMAGE=b REGISTRY="local-only" BUILD_IGNORE="True"', Identity("b", "", True, True, 2)),
        ("LABEL IMAGE=a BUILD_IGNORE=False\nFROM y", Identity("a", "", False, False, 2)),
        ("LABEL IMAGE=a\nFROM y\nLABEL IMAGE=b", Identity("b", "", False, False, 4)),
        ("LABEL IMAGE=a\nFROM y\nLABEL IMAGE=b\nFROM z", Identity("b", "", False, False, 4)),
        ("LABEL BUILD_IGNORE=yes REGISTRY=other", Identity("", "", False, True, 0)),
        ("RUN x", Identity("", "", False, False, 0)),
    ],
)
def test_labels_name_the_image(text: str, expected: Identity) -> None:
    """The final stage's label wins; else the last stage that has it."""
    assert expected == identity(read_dockerfile(f"FROM x\n{text}\n".encode()))
