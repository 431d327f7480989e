"""What the repositories beside the sources hold, read by git's plumbing.

Only commands that read refs and trees are run: none of them looks at the work tree, so that no filter, monitor or
diff program that a repository names has a part in it; and nothing is fetched, however incomplete a clone is. A
repository that git refuses to read, or that is broken, has no history here; no build fails by it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping

from edk.adapters.git.running import Git, gitpython
from edk.adapters.git.state import git_folder, head_of
from edk.adapters.git.words import without_password
from edk.domain.errors import UsageError
from edk.domain.history import Revision

_SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}\s*$")
_NO_NETWORK = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}


class GitHistory:
    """Reads what work trees stand on; see `edk.ports.SourceHistory`. Any number of threads may use it.

    Args:
        environ: the environment that git runs in; the process's own by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._git = Git(os.environ if environ is None else environ)
        self._known: dict[str, tuple[str, Revision | None]] = {}
        # Workers of several images ask at once; the lock has one of them run git, and the others wait for it.
        self._lock = threading.Lock()

    def revision(self, folder: str) -> Revision | None:
        """Return the commit that the work tree around a folder stands on; None if there is none to be had."""
        top = _work_tree(folder)
        if not top:
            return None
        with self._lock:
            try:
                return self._revision(top)
            except (UsageError, OSError, ValueError):
                return None
            except gitpython().exc.GitError:
                return None

    def _revision(self, top: str) -> Revision | None:
        known = self._known.get(top)
        stands_on = head_of(git_folder(top))
        # Refs may be packed, or lie elsewhere as those of a linked work tree; then git has to be asked each time.
        if known is not None and known[0] == stands_on and _COMMIT.search(stands_on):
            return known[1]
        commit = self._said(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        if known is not None and known[1] is not None and known[1].commit == commit:
            return known[1]
        found = self._read(top, commit) if commit else None
        self._known[top] = stands_on, found
        return found

    def _read(self, top: str, commit: str) -> Revision:
        files = {}
        for line in self._said(top, "ls-tree", "-r", "-z", "--full-tree", commit, must=True).split("\0"):
            about, tab, path = line.partition("\t")
            if tab:
                mode, _, blob = about.split(" ")
                files[path] = mode, blob
        config = dict(
            pair.split("\n", 1) for pair in self._said(top, "config", "--list", "-z").split("\0") if "\n" in pair
        )
        modes = config.get("core.filemode", "true").lower() not in {"false", "no", "off", "0"}
        return Revision(top, commit, published(config), files, modes)

    def _said(self, top: str, *arguments: str, must: bool = False) -> str:
        status, out, said = self._git.run(["-C", top, *arguments], _SECONDS, _NO_NETWORK)
        if status != 0 and must:
            raise ValueError(said)
        return out if status == 0 else ""


def published(config: Mapping[str, str]) -> str:
    """Return the address of ``origin``, or of the only remote, without user and password; empty if it is a folder."""
    urls = {
        key.removeprefix("remote.").removesuffix(".url"): value
        for key, value in config.items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    url = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else "")
    if "://" in url:
        return "" if url.startswith("file:") else without_password(url)
    host, colon, _ = url.partition(":")
    return url if colon and "/" not in host else ""


def _work_tree(folder: str) -> str:
    """Return the nearest folder above, or this one, that a repository lies in."""
    while not os.path.lexists(f"{folder}/.git"):
        above = os.path.dirname(folder)  # noqa: PTH120 - pathlib costs 10 ms of every start
        if above == folder:
            return ""
        folder = above
    return folder
