"""A cluster in memory."""

from __future__ import annotations

from collections.abc import Sequence

from edk.domain.cluster import NodeImage, RunningImage
from edk.domain.errors import ClusterUnreachableError


class FakeCluster:
    """The Cluster port over what it is given.

    Args:
        images: what the nodes have.
        running: what the pods run.
        away: if given, the reason for which it can't be reached.
    """

    def __init__(
        self, images: Sequence[NodeImage] = (), running: Sequence[RunningImage] = (), away: str = ""
    ) -> None:
        self.node_images = list(images)
        self.pods = list(running)
        self.away = away

    def images(self) -> tuple[NodeImage, ...]:
        """Return what every node has."""
        self._reach()
        return tuple(self.node_images)

    def running(self) -> tuple[RunningImage, ...]:
        """Return what every container runs."""
        self._reach()
        return tuple(self.pods)

    def _reach(self) -> None:
        if self.away:
            raise ClusterUnreachableError(self.away, "reach it")
