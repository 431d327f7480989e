"""A BuildKit daemon of our own: its folders, its process, and what it leaves behind when it is killed."""

from edk.adapters.buildkitd.daemon import StartedBuildkitd
from edk.adapters.buildkitd.places import Places

__all__ = ["Places", "StartedBuildkitd"]
