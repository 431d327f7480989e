"""Certificates as a pod makes them for itself, whole and faulty, and TLS before a socket that speaks none."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCAL = "DNS:localhost,IP:127.0.0.1"


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """An authority of its own.

    Args:
        folder: for its key and certificate, and for those that it makes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", "/CN=pod", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"),
        )

    def pair(self, name: str, *, names: str = LOCAL, days: int = 2) -> Path:
        """Return a folder with ``ca.pem``, ``cert.pem`` and ``key.pem``; one of negative days has expired."""
        made = self.folder / name
        made.mkdir()
        shutil.copy(self.folder / "ca.pem", made / "ca.pem")
        request, extensions = made / "request", made / "extensions"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", made / "key.pem", "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key"),
            *("-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", made / "cert.pem"),
        )
        return made


@contextmanager
def before(target: str, pair: Path) -> Iterator[int]:
    """Put TLS with clients' certificates before a Unix socket, and yield the port.

    Args:
        target: path of the socket.
        pair: folder of the server's own certificate, and of the authority that clients have to be of.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "cert.pem", pair / "key.pem")
    context.load_verify_locations(pair / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2", "http/1.1"])
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(client, context, target), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _serve(client: socket.socket, context: ssl.SSLContext, target: str) -> None:
    with (
        contextlib.suppress(OSError),
        client,
        context.wrap_socket(client, server_side=True) as secure,
        socket.socket(socket.AF_UNIX) as behind,
    ):
        behind.connect(target)
        secure.setblocking(False)
        _carry(secure, behind)


def _carry(secure: ssl.SSLSocket, behind: socket.socket) -> None:
    """Hand on what comes from either end, in one thread: an object of TLS is for one thread alone."""
    while True:
        ready, _, _ = select.select([secure, behind], [], [])
        if secure in ready:
            with contextlib.suppress(ssl.SSLWantReadError):
                data = secure.recv(65_536)
                if not data:
                    return
                behind.sendall(data)
                while secure.pending():
                    behind.sendall(secure.recv(65_536))
        if behind in ready:
            data = behind.recv(65_536)
            if not data:
                return
            secure.setblocking(True)
            secure.sendall(data)
            secure.setblocking(False)
