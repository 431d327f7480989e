"""Clones of the platform's repository, by git itself through GitPython.

Nothing of a repository runs: hooks and the file system monitor are off, and so are transports that are
commands. Nobody is asked for anything: without a prompt a missing password is an error. A password in the URL
goes to git as a header through its environment, so that it stands neither in arguments nor in a message or the
clone's configuration.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edk.adapters.git.running import Git, gitpython
from edk.adapters.git.words import (
    BUNDLE_HINT,
    brief,
    censored,
    credentials,
    hint_for,
    is_local,
    named_files,
    without_password,
)
from edk.domain.errors import InfrastructureError, SourceError, UsageError

if TYPE_CHECKING:
    import git

_ASK_SECONDS = 20.0
_FETCH_SECONDS = 3_600.0
_LOCAL_SECONDS = 600.0
_BUSY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}
_NAMESPACES = {
    "origin": ("refs/remotes/origin/", "refs/tags/"),
    "edk": ("refs/edk/heads/", "refs/edk/tags/"),
}


class GitClones:
    """Makes and updates clones; see `edk.orchestrator.init_model.Clones`.

    Args:
        environ: the environment that git runs in, with proxies and HOME; the process's own by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._git = Git(os.environ if environ is None else environ)

    def is_clone(self, path: str) -> bool:
        """Return whether a folder is the top of a work tree."""
        return Path(path, ".git").exists()

    def begin(self, path: str, source: str) -> None:
        """Make an empty repository whose ``origin`` is the source, without a password."""
        Path(path).mkdir(parents=True)
        self._local(path, "init", "--quiet", "--template=", "--initial-branch=main")
        self._local(path, "remote", "add", "--", "origin", without_password(source))

    def fetch(self, path: str, source: str, into: str) -> None:
        """Fetch all branches and tags of a source.

        Args:
            path: of the clone.
            source: a URL, a folder or a bundle.
            into: ``origin`` for refs as `git clone` makes them; ``edk`` for a namespace of our own, which
                touches no ref of the user.

        Raises:
            InfrastructureError: the source is out of reach.
            UsageError: it is no repository.
        """
        heads, tags = _NAMESPACES[into]
        self._remote(source, _ASK_SECONDS, "ls-remote", "--quiet", "--heads", "--", without_password(source))
        specs = [f"+refs/heads/*:{heads}*", f"+refs/tags/*:{tags}*"]
        self._remote(
            source, _FETCH_SECONDS, "-C", path, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
            "--no-recurse-submodules", "--", without_password(source), *specs,
        )  # fmt: skip

    def default_branch(self, source: str) -> str:
        """Return the branch that a source's HEAD is on, empty if it does not say."""
        told = self._remote(source, _ASK_SECONDS, "ls-remote", "--symref", "--", without_password(source), "HEAD")
        for line in told.splitlines():
            if line.startswith("ref: refs/heads/"):
                return line.removeprefix("ref: refs/heads/").partition("\t")[0]
        return self._branch_at(source, told.partition("\t")[0]) if told else ""

    def _branch_at(self, source: str, commit: str) -> str:
        """Return a branch that is at a commit: a bundle says of its HEAD only where it is, not by what name."""
        told = self._remote(source, _ASK_SECONDS, "ls-remote", "--heads", "--", without_password(source))
        pairs = [line.partition("\t") for line in told.splitlines()]
        names = [ref.removeprefix("refs/heads/") for at, _, ref in pairs if at == commit]
        return next((name for name in ("develop", "main", "master") if name in names), min(names, default=""))

    def resolve(self, path: str, name: str) -> str:
        """Return the commit that a full ref name or a hexadecimal id means in a clone, empty if none."""
        status, out, _ = self._git.run(
            ["-C", path, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], _LOCAL_SECONDS
        )
        return out.strip() if status == 0 else ""

    def head(self, path: str) -> str:
        """Return the commit that is checked out, empty if none."""
        return self.resolve(path, "HEAD")

    def branch(self, path: str) -> str:
        """Return the branch that is checked out, empty if none."""
        with _repository(path) as repository:
            return "" if repository.head.is_detached else str(repository.active_branch.name)

    def unfinished(self, path: str) -> str:
        """Return what the user has begun and not ended, e.g. ``a merge``; empty if nothing."""
        with _repository(path) as repository:
            folder = Path(repository.git_dir)
        return next((what for name, what in _BUSY.items() if (folder / name).exists()), "")

    def descends(self, path: str, commit: str) -> bool:
        """Return whether what is checked out holds a commit in its history."""
        arguments = ["-C", path, "merge-base", "--is-ancestor", commit, "HEAD"]
        return self._git.run(arguments, _LOCAL_SECONDS)[0] == 0

    def is_published(self, path: str) -> bool:
        """Return whether something that was fetched holds what is checked out, so that it is nobody's own."""
        fetched = ("refs/edk", "refs/remotes", "refs/tags")
        return bool(self._local(path, "for-each-ref", "--count=1", "--contains=HEAD", *fetched))

    def is_kept(self, path: str) -> bool:
        """Return whether a branch or tag holds what is checked out, so that leaving it loses nothing."""
        return bool(self._local(path, "for-each-ref", "--count=1", "--contains=HEAD"))

    def changed(self, path: str) -> tuple[str, ...]:
        """Return tracked files that differ from what is checked out, sorted."""
        names = self._local(path, "diff", "--name-only", "-z", "--no-ext-diff", "HEAD", "--")
        return tuple(sorted(name for name in names.split("\0") if name))

    def checkout(self, path: str, commit: str) -> tuple[str, ...]:
        """Check a commit out, detached.

        Returns:
            Files of the user that it would overwrite, sorted; then nothing was done. Empty if it was done.

        Raises:
            SourceError: git refuses for another reason.
        """
        arguments = ["-C", path, "checkout", "--quiet", "--detach", commit, "--"]
        status, _, said = self._git.run(arguments, _LOCAL_SECONDS)
        if status and self._adopted(path, commit, named_files(said)):
            status, _, said = self._git.run(arguments, _LOCAL_SECONDS)
        if status == 0:
            return ()
        if files := named_files(said):
            return files
        raise SourceError(f"git can't check out {commit[:12]} in {path}: {brief(said)}", hint_for(said))

    def _adopted(self, path: str, commit: str, files: Sequence[str]) -> bool:
        """Take files into the index if all of them already are as the commit has them; return whether.

        An interrupted checkout leaves such files, and git takes them for changes of the user.
        """
        entries = []
        for file in files:
            listed = self._local(path, "ls-tree", "-z", "--full-tree", commit, "--", file).rstrip("\0")
            mode, _, rest = listed.partition(" ")
            blob = rest.partition(" ")[2].partition("\t")[0]
            regular = mode in ("100644", "100755") and not Path(path, file).is_symlink()
            if regular and blob == self._local(path, "hash-object", "--", file).strip():
                entries.append(f"{mode},{blob},{file}")
        if not entries or len(entries) < len(files):
            return False
        for entry in entries:
            self._local(path, "update-index", "--add", "--cacheinfo", entry)
        return True

    def _local(self, path: str, *arguments: str) -> str:
        status, out, said = self._git.run(["-C", path, *arguments], _LOCAL_SECONDS)
        if status:
            raise SourceError(f"git {arguments[0]} failed in {path}: {brief(said)}", hint_for(said))
        return out

    def _remote(self, source: str, seconds: float, *arguments: str) -> str:
        name = without_password(source)
        status, out, said = self._git.run(list(arguments), seconds, credentials(source))
        if status is None:
            raise InfrastructureError(f"{name} did not answer within {seconds:.0f} s", BUNDLE_HINT)
        if status == 0:
            return out
        said = censored(said, source)
        if is_local(source):
            raise UsageError(f"{name} can't be read as a git repository or bundle: {brief(said)}", hint_for(said))
        raise InfrastructureError(f"{name} can't be fetched: {brief(said)}", hint_for(said) or BUNDLE_HINT)


@contextmanager
def _repository(path: str) -> Iterator[git.Repo]:
    repository = gitpython().Repo(path)
    try:
        yield repository
    finally:
        repository.close()
