"""A registry of the OCI distribution specification, over HTTP."""

from edk.adapters.registry.http import HttpRegistry

__all__ = ["HttpRegistry"]
