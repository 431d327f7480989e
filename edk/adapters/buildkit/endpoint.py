"""Where a BuildKit daemon is, and how to prove to it who asks."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ADDRESS = "unix:///run/buildkit/buildkitd.sock"
"""Where BuildKit's own tools look when they are told nothing."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon.

    Args:
        address: as ``buildctl --addr`` takes it: ``unix://``, ``tcp://``, ``kube-pod://``, ``docker-container://``, …
        tls_dir: folder with ``ca.pem``, ``cert.pem`` and ``key.pem``; empty: no TLS.
        server_name: that its certificate is made for, where the address is a number.
    """

    address: str
    tls_dir: str = ""
    server_name: str = ""

    @property
    def flags(self) -> tuple[str, ...]:
        """Return the global options of ``buildctl``."""
        tls = ("--tlsdir", self.tls_dir) if self.tls_dir and self.address.startswith("tcp://") else ()
        name = ("--tlsservername", self.server_name) if tls and self.server_name else ()
        return ("--addr", self.address, *tls, *name)

    @property
    def name(self) -> str:
        """Return what it is called in messages: its address without the scheme of TCP."""
        return self.address.removeprefix("tcp://")
