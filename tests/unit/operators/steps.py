"""Small steps that the tests of operators share."""

from __future__ import annotations

from collections.abc import Mapping

from edk.domain.operators.linking import link
from edk.domain.operators.model import OperatorImage
from edk.domain.operators.reading import read_python

OPERATOR = "ext/files/otsus/OtsusOperator.py"
GLOBALS = "from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION\n"


def images_of(files: Mapping[str, str | bytes]) -> tuple[OperatorImage, ...]:
    """Return the images that some files name together."""
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return link({path: read_python(content) for path, content in contents.items()})


def images_in(text: str | bytes) -> tuple[OperatorImage, ...]:
    """Return the images that one operator file names."""
    return images_of({OPERATOR: text})


def values_of(files: Mapping[str, str | bytes]) -> list[str]:
    """Return the values alone, ``?`` and the reason for one that is not known."""
    return [image.value or f"? {image.unresolved}" for image in images_of(files)]


def values_in(text: str | bytes) -> list[str]:
    """Return the values of one operator file."""
    return values_of({OPERATOR: text})


def operator(expression: str, before: str = "", parameters: str = "", inside: str = "", in_class: str = "") -> str:
    """Return an operator file of the usual form whose image is an expression."""
    return (
        f"{GLOBALS}{before}\n\nclass OtsusOperator(KaapanaBaseOperator):\n    {in_class or 'pass'}\n\n"
        f"    def __init__(self, dag, name='otsus', {parameters}**kwargs):\n        {inside or 'pass'}\n"
        f"        super().__init__(dag=dag, name=name, image={expression}, **kwargs)\n"
    )
