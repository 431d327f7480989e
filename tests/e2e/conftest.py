"""The fixtures of the end-to-end tests."""

from tests.support.fixtures import edk, extension, registry, whole
from tests.support.watching import light

__all__ = ["edk", "extension", "light", "registry", "whole"]
