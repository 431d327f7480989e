"""A registry of the OCI distribution specification, over HTTP."""

from edk.adapters.registry.http import HttpRegistry
from edk.adapters.registry.probing import HttpRegistryProbes

__all__ = ["HttpRegistry", "HttpRegistryProbes"]
