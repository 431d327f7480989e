"""What may go wrong with a pod, in words for whom runs it."""

from __future__ import annotations


class PodError(Exception):
    """Something that whoever runs the pod can put right."""


class NotKnownError(PodError):
    """A rendered field that the runner does not know; it is never ignored."""


class NotStartedError(PodError):
    """A container that the kubelet would not start either, or that the engine refused."""
