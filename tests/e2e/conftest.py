"""The fixtures of the end-to-end tests."""

from tests.support.fixtures import edk, extension, registry, whole

__all__ = ["edk", "extension", "registry", "whole"]
