"""A registry and a way to the engine that tests may cut off, without harm to those that others use."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import urllib.request
from pathlib import Path
from types import TracebackType

from tests.support.watching import until

_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {data}}}
  delete: {{enabled: true}}
  maintenance: {{readonly: {{enabled: {read_only}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class OwnRegistry:
    """A registry in a process of its own.

    Args:
        folder: an empty one, for its data.
        prefix: a command that starts it, e.g. elsewhere.
        read_only: whether it takes no uploads.
    """

    def __init__(self, folder: Path, prefix: tuple[str, ...] = (), *, read_only: bool = False) -> None:
        self._prefix = prefix
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.host = f"localhost:{free.getsockname()[1]}"
        self._data = folder / "data"
        self._config = folder / "config.yml"
        folder.mkdir(parents=True)
        port, only = self.host.partition(":")[2], str(read_only).lower()
        self._config.write_text(_CONFIG.format(data=self._data, port=port, read_only=only))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """The root directory of its storage."""
        return self._data

    def blob(self, digest: str) -> Path:
        """Return the file that holds a blob."""
        return self._data / f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        quiet = subprocess.DEVNULL
        command = (*self._prefix, "docker-registry", "serve", str(self._config))
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        until(self._answers)

    def kill(self) -> None:
        """Kill it, as a machine does that runs out of memory."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wipe(self) -> None:
        """Throw away what a killed one held."""
        shutil.rmtree(self._data)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.host}/v2/", timeout=1):
                return True
        except OSError:
            return False

    def __enter__(self) -> OwnRegistry:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class CuttableEngine:
    """A Unix socket before the engine's; what goes through it can be cut at any instant.

    Args:
        endpoint: of the engine, ``unix://…``.
        path: of the socket to make.
    """

    def __init__(self, endpoint: str, path: Path) -> None:
        self._behind = endpoint.removeprefix("unix://")
        self._path = path
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self.endpoint = f"unix://{path}"

    def restore(self) -> None:
        """Let connections through."""
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._listening.listen(64)
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        """Cut all connections, and refuse new ones, as an engine does that is gone."""
        self._path.unlink(missing_ok=True)
        listening, self._listening = self._listening, None
        for connection in (*([listening] if listening else []), *tuple(self._open)):
            _shut(connection)

    def _accept(self, listening: socket.socket) -> None:
        with listening:
            while True:
                try:
                    near, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(self._behind)
            self._open |= {near, far}
            back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
            back.start()
            _pass_on(near, far)
            back.join()
            self._open -= {near, far}

    def __enter__(self) -> CuttableEngine:
        self.restore()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.cut()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    # The other way ends too: the engine stops a build whose client has gone.
    _shut(source)
    _shut(sink)
