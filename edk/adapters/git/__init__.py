"""Clones of the platform's repository, and what the repositories of the sources hold."""

from edk.adapters.git.clones import GitClones
from edk.adapters.git.history import GitHistory
from edk.adapters.git.words import without_password

__all__ = ["GitClones", "GitHistory", "without_password"]
