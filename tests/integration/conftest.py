"""The fixtures of integration tests that run the command line."""

from tests.support.fixtures import edk, extension, registry, whole

__all__ = ["edk", "extension", "registry", "whole"]
