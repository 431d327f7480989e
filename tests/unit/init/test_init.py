"""What `edk init` decides, without a repository."""

# ruff: noqa: D102 (the methods of stand-ins are those of their protocol)

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from edk.domain.errors import UsageError
from edk.domain.events import Event, Noticed
from edk.orchestrator.init import candidates, described_commit, initialise
from edk.orchestrator.init_model import InitRequest, Tools


@pytest.mark.parametrize(
    ("version", "commit"),
    [
        ("0.6.0-12-g09bb59b20", "09bb59b20"),
        ("v0.6.0-0-gabcdef0", "abcdef0"),
        ("0.6.0-12-g09bb59b20-dirty", "09bb59b20"),
        ("a-tag-with-1-2-3-4-gdeadbeef", "deadbeef"),
        (" 0.6.0-12-g09bb59b20\n", "09bb59b20"),
        ("0.6.0", ""),
        ("0.6.0-g09bb59b20", ""),
        ("0.6.0-12-gxyz", ""),
        ("0.6.0-12-g09bb59b20; rm -rf /", ""),
        ("--upload-pack=x-1-gabcd", "abcd"),
        ("", ""),
    ],
)
def test_the_commit_in_a_described_version(version: str, commit: str) -> None:
    """The part after -g counts, and only if it is hexadecimal."""
    assert commit == described_commit(version)


def test_candidates_are_full_names_in_order() -> None:
    """Tag before branch before default, our fetched refs before the user's; none can be an option."""
    assert [
        ("version", "refs/tags/0.6.0"),
        ("version", "refs/edk/tags/0.6.0"),
        ("version", "refs/tags/v0.6.0"),
        ("version", "refs/edk/tags/v0.6.0"),
        ("branch", "refs/edk/heads/x"),
        ("branch", "refs/remotes/origin/x"),
        ("branch", "refs/edk/heads/feature/x"),
        ("branch", "refs/remotes/origin/feature/x"),
        ("default", "refs/edk/heads/main"),
        ("default", "refs/remotes/origin/main"),
    ] == list(candidates("0.6.0", "x", "main"))
    assert [("version", "09bb59b20")] == list(candidates("0.6.0-12-g09bb59b20", "", ""))
    assert all(name.startswith("refs/") for _, name in candidates("--option", "--option", "--option"))


@dataclass
class FakeClones:
    """A source with named commits, and one clone."""

    refs: dict[str, str]
    clone: bool = False
    default: str = ""
    at: str = ""
    done: list[tuple[str, ...]] = field(default_factory=list)

    def is_clone(self, path: str) -> bool:
        return self.clone

    def begin(self, path: str, source: str) -> None:
        self.done.append(("begin", path))

    def fetch(self, path: str, source: str, into: str) -> None:
        self.done.append(("fetch", path, into))

    def default_branch(self, source: str) -> str:
        return self.default

    def resolve(self, path: str, name: str) -> str:
        return self.refs.get(name, "")

    def head(self, path: str) -> str:
        return self.at

    def unfinished(self, path: str) -> str:
        return ""

    def descends(self, path: str, commit: str) -> bool:
        return False

    def is_published(self, path: str) -> bool:
        return True

    def is_kept(self, path: str) -> bool:
        return True

    def changed(self, path: str) -> tuple[str, ...]:
        return ()

    def checkout(self, path: str, commit: str) -> tuple[str, ...]:
        self.done.append(("checkout", path, commit))
        self.at = commit
        return ()


@dataclass
class FakeFolders:
    """Folders by name."""

    there: set[str] = field(default_factory=set)
    done: list[tuple[str, ...]] = field(default_factory=list)

    def partial(self, path: str) -> str:
        return path + ".partial"

    def clear(self, path: str) -> None:
        self.done.append(("clear", path))

    def place(self, partial: str, path: str) -> tuple[str, ...]:
        self.done.append(("place", partial, path))
        return ()

    def copy_once(self, source: str, target: str) -> bool:
        if target in self.there:
            return False
        self.done.append(("copy", source, target))
        return True

    def is_folder(self, path: str) -> bool:
        return path in self.there


class FakeLocks:
    """A lock that may be held by another."""

    def __init__(self, held: bool = False) -> None:
        self.held = held

    def try_acquire(self, name: str) -> FakeLocks | None:
        return None if self.held else self

    def holder(self, name: str) -> str:
        return "edk init (pid 7)"

    def release(self) -> None:
        self.held = False


def request(version: str = "", branch: str = "") -> InitRequest:
    """A request for /k from a URL."""
    return InitRequest("https://u:pw@h/k", "https://h/k", "/k", version, branch, "/k/my ext", "/own")


def run(clones: FakeClones, folders: FakeFolders, asked: InitRequest) -> tuple[object, list[str]]:
    """Run init, and return its result and what it told."""
    told: list[str] = []

    def hear(event: Event) -> None:
        assert isinstance(event, Noticed)
        told.append(event.message)

    return initialise(asked, Tools(clones, folders, FakeLocks(), hear)), told


def test_a_clone_is_checked_out_before_it_is_placed() -> None:
    """Everything happens beside the place; whatever a former run left there goes first."""
    clones, folders = FakeClones({"refs/tags/0.6.0": "c1"}), FakeFolders()

    run(clones, folders, request("0.6.0"))

    beside = "/k.partial"
    assert [("begin", beside), ("fetch", beside, "origin"), ("checkout", beside, "c1")] == clones.done
    assert [("clear", "/k"), ("place", beside, "/k"), ("clear", "/k")] == folders.done[:3]


def test_a_commit_that_is_there_needs_no_network() -> None:
    """An existing clone that holds the described commit is not fetched."""
    clones = FakeClones({"abcd": "c1"}, clone=True, at="c0")

    run(clones, FakeFolders(), request("0.6.0-1-gabcd"))

    assert [("checkout", "/k", "c1")] == clones.done


def test_the_next_step_can_be_pasted() -> None:
    """The command for the example is quoted for a shell."""
    result, _ = run(FakeClones({"refs/tags/1": "c"}), FakeFolders(), request("1"))

    assert ("./build_extension.sh --dir '/k/my ext/otsus-method'",) == result.next_steps  # type: ignore[attr-defined]


def test_a_source_with_nothing_that_was_asked_for() -> None:
    """Neither version nor branch nor a default: told by name, exit code 2, and nothing stays."""
    folders = FakeFolders()

    with pytest.raises(UsageError, match="no version ‘1’, no branch ‘b’, no default branch"):
        run(FakeClones({}), folders, request("1", "b"))
    assert ("clear", "/k") == folders.done[-1]


def test_two_at_once_do_not_collide() -> None:
    """A second init for the same place says who is at it."""
    tools = Tools(FakeClones({}), FakeFolders(), FakeLocks(held=True), lambda _: None)

    with pytest.raises(UsageError, match=r"edk init \(pid 7\) is already setting up /k"):
        initialise(request(), tools)


def test_passwords_are_never_told() -> None:
    """What is told names the source without its password."""
    _, told = run(FakeClones({"refs/edk/heads/m": "c"}, default="m"), FakeFolders(), request("9", "b"))

    assert "https://h/k" in " ".join(told)
    assert "pw" not in " ".join(told)
