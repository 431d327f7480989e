"""The fixtures of the end-to-end tests."""

from tests.support.fixtures import edk, edk_of_started, extension, registry, started, whole
from tests.support.watching import light

__all__ = ["edk", "edk_of_started", "extension", "light", "registry", "started", "whole"]
