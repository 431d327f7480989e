"""The file system of a simulation: time goes by while it is read, and every state that it had is remembered."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from hashlib import sha256

from edk.domain.errors import ContextChangedError
from edk.domain.files import Entry
from edk.domain.litter import is_litter
from tests.fakes.tree import FakeTree
from tests.simulation.kernel import Kernel
from tests.simulation.model import State, ignored, image_on, state_of

EXTENSION = "/w/ext"
PLATFORM = "/w/plat"
SETTLED = 1.0
"""As in the real adapter, a digest is not kept of a file that was written to a moment ago."""


class Disk:
    """Files, and the history of what each Dockerfile would have given.

    Args:
        kernel: tells the time.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.tree = FakeTree()
        self.digests: dict[tuple[str, object], str] = {}
        self.written: dict[str, float] = {}
        self.states: dict[str, State] = {}
        # Dockerfile → identities of all states that it ever had.
        self.history: dict[str, set[str]] = {}
        # Dockerfile → image → when the tree last came to mean another one.
        self.images: dict[str, str] = {}
        self.changed_at: dict[str, float] = {}
        for root in (EXTENSION, PLATFORM):
            self.tree.mkdir(root)

    def exists(self, path: str) -> bool:
        """Tell whether something is there."""
        return path in self.tree._disk.nodes

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder is there."""
        return self.exists(path) and self.tree._disk.nodes[path].kind == "dir"

    def text(self, path: str) -> str:
        """Return a file's content, empty if it is none."""
        node = self.tree._disk.nodes.get(path)
        return node.content.decode() if node is not None and node.kind == "file" else ""

    def below(self, folder: str) -> list[str]:
        """Return the paths of files and folders below a folder, sorted."""
        return sorted(path for path in self.tree._disk.nodes if path.startswith(f"{folder}/"))

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file in place."""
        self._touch(path)
        self.tree.write(path, content)
        self._note(path)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        if not self.exists(path):
            self._touch(path)
            self.tree.mkdir(path)

    def chmod(self, path: str, mode: int) -> None:
        """Change permission bits."""
        self._touch(path)
        self.tree.chmod(path, mode)
        self._note(path)

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all that is in it."""
        self.tree.delete(path)
        self._note(path, folder=True)

    def move(self, path: str, dest: str) -> None:
        """Move a file or folder over whatever is there."""
        self._touch(dest)
        nodes = self.tree._disk.nodes
        moved = {p: n for p, n in nodes.items() if p == path or p.startswith(f"{path}/")}
        for old in moved:
            del nodes[old]
        parent = dest.rpartition("/")[0]
        if parent not in nodes:
            self.tree.mkdir(parent)
        for old, node in moved.items():
            nodes[dest + old[len(path) :]] = node
        self._note(path, folder=True)
        self._note(dest, folder=True)

    def dockerfiles(self) -> list[str]:
        """Return the paths of all Dockerfiles."""
        return sorted(self.states)

    def _touch(self, path: str) -> None:
        self.written[path] = self._kernel.now
        self.tree.tick(0.001)

    def _note(self, path: str, *, folder: bool = False) -> None:
        """Work out anew what Dockerfiles give that a change may concern."""
        nodes = self.tree._disk.nodes
        if _is_dockerfile(path) or folder:
            self.states = {p: s for p, s in self.states.items() if p in nodes}
            for known in nodes:
                if _is_dockerfile(known) and known not in self.states:
                    self._evaluate(known)
        for dockerfile in tuple(self.states):
            above = dockerfile.rpartition("/")[0]
            if path.startswith(f"{above}/") or path == above:
                self._evaluate(dockerfile)
        self._note_images()

    def _evaluate(self, dockerfile: str) -> None:
        above = dockerfile.rpartition("/")[0]
        rules = self.text(f"{above}/.dockerignore")
        nodes = self.tree._disk.nodes
        files = {
            path[len(above) + 1 :]: (bool(node.mode & 0o111), node.content)
            for path, node in nodes.items()
            if node.kind == "file" and path.startswith(f"{above}/")
        }
        seen = {p: f for p, f in files.items() if not ignored(p, rules) and not is_litter(p.rpartition("/")[2])}
        state = state_of(self.text(dockerfile), dockerfile[len(above) + 1 :], seen)
        self.states[dockerfile] = state
        self.history.setdefault(dockerfile, set()).add(state.identity)

    def _note_images(self) -> None:
        """Note of which Dockerfiles the image, with all that it stands on, is another one than a moment ago."""
        by_name = {s.text.name: p for p, s in self.states.items()}
        for path, state in self.states.items():
            chain = [state.identity]
            at = state
            while at.text.base in by_name and len(chain) < 9:
                at = self.states[by_name[at.text.base]]
                chain.append(at.identity)
            image = "/".join(chain)
            if self.images.get(path) != image:
                self.images[path] = image
                self.changed_at[path] = self._kernel.now

    def clean(self, dockerfile: str, depth: int = 0) -> str:
        """Return the identity of the image that a Dockerfile gives now, on bases as they would be now."""
        state = self.states.get(dockerfile)
        if state is None or depth > 9:
            return ""
        found = [path for path, other in self.states.items() if other.text.name == state.text.base]
        below = self.clean(found[0], depth + 1) if state.text.base and len(found) == 1 else ""
        return image_on(state.identity, below)


def _is_dockerfile(path: str) -> bool:
    return path.endswith("Dockerfile")


class SlowTree:
    """The SourceTree port over a disk that changes while it is read; as in the real one, known digests go by stamps.

    Args:
        disk: what is read.
        kernel: lets time go by.
        pauses: draws how long something takes.
        often: how often reading takes any time, from 0 to 1.
        restless: tells until when files change each time that their digest is taken for a plan.
    """

    def __init__(
        self, disk: Disk, kernel: Kernel, pauses: random.Random, often: float, restless: Callable[[], float]
    ) -> None:
        self._disk = disk
        self._tree = disk.tree.fresh()
        self._kernel = kernel
        self._pauses = pauses
        self._often = often
        self._restless = restless

    def _breathe(self) -> None:
        if self._often and self._pauses.random() < self._often:
            self._kernel.pause(self._pauses.choice((0.0005, 0.004, 0.02, 0.1)))

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder, as they were when first asked for."""
        self._breathe()
        return self._tree.list(folder)

    def stat(self, path: str) -> Entry:
        """Return an entry as it is now."""
        self._breathe()
        return self._tree.stat(path)

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's content; what is written meanwhile may be in its second half."""
        return b"".join(self._pieces(path))

    def digest(self, path: str, entry: Entry) -> str:
        """Return the digest of a file's content; that of the stamp, if it is known."""
        if self._kernel.current is None and self._kernel.now < self._restless():
            raise ContextChangedError(f"{path} never rests")
        known = self._disk.digests.get((path, entry.stamp))
        if known is not None:
            return known
        for _ in range(5):
            before = self._tree.stat(path)
            content = b"".join(self._pieces(path))
            if self._disk.exists(path) and self._tree.stat(path) == before:
                digest = sha256(content).hexdigest()
                if self._disk.written.get(path, 0.0) + SETTLED < self._kernel.now:
                    self._disk.digests[path, before.stamp] = digest
                return digest
        raise ContextChangedError(f"{path} changed each of the 5 times it was read")

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's content in two pieces."""
        self._breathe()
        return self._pieces(path)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file."""
        return self._tree.read(path, 1 << 30)[:size]

    def _pieces(self, path: str) -> Iterator[bytes]:
        content = self._tree.read(path, 1 << 30)
        node = self._disk.tree._disk.nodes[path]
        half = len(content) // 2
        yield content[:half]
        self._breathe()
        # The file that was opened, even where another one has its name by now.
        yield node.content[half:]
