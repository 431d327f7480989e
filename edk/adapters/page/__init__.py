"""Serves pages over HTTP: reading only, bounded in everything, on the standard library."""

from edk.adapters.page.server import PageServer

__all__ = ["PageServer"]
