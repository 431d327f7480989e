"""Pods without a cluster: starts what ``helm template`` renders as containers of the local Docker Engine.

``rendered`` reads the manifests into the values of ``spec``; what it does not know is an error. ``supervision`` is the
kubelet's decisions as a pure core; ``kubelet`` carries them out through ``engine``, ``storage`` and ``services``.
``scripts/pod.sh`` is its command line.
"""
