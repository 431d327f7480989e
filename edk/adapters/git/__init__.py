"""Clones of the platform's repository."""

from edk.adapters.git.clones import GitClones
from edk.adapters.git.words import without_password

__all__ = ["GitClones", "without_password"]
