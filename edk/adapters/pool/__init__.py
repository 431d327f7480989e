"""A builder made of several machines: finds them, shares builds out, and does without those that are away."""

from __future__ import annotations

from edk.adapters.pool.builder import BuilderPool
from edk.adapters.pool.discovery import Discovery, read_addresses

__all__ = ["BuilderPool", "Discovery", "read_addresses"]
