"""The tar of a context: what is in it, that it is stable, and that it never mixes two states of a tree."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from edk.domain.errors import ContextChangedError, EdkError, SourceError
from edk.domain.files import ContextFile, Entry
from edk.domain.requests import DOCKERFILE_MEMBER
from edk.orchestrator.context_tar import dockerfile_member, stream_context

ROOT = "/r"


class Memory:
    """A tree in memory, whose files a test may change at will; content by path."""

    def __init__(self, *files: ContextFile, **contents: bytes) -> None:
        self.entries = {file.path: _entry(file) for file in files}
        self.contents = contents
        self.read: list[str] = []

    def stat(self, path: str) -> Entry:
        """Return the entry at a path."""
        found = self.entries.get(path.removeprefix(f"{ROOT}/"))
        if found is None:
            raise FileNotFoundError(2, "No such file or directory")
        return found

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's content in two pieces."""
        name = path.removeprefix(f"{ROOT}/")
        self.read.append(name)
        content = self.contents[name]
        yield content[:2]
        yield content[2:]

    list = read_ = digest = None


def _entry(file: ContextFile) -> Entry:
    return Entry(file.path.split("/")[-1], file.kind, file.size, file.mode, file.target, (0, 0, 0, 0))


def _file(path: str, content: bytes = b"content", mode: int = 0o644) -> ContextFile:
    return ContextFile(path, "file", bool(mode & 0o111), len(content), sha256(content).hexdigest(), "", mode)


def _folder(path: str) -> ContextFile:
    return ContextFile(path, "dir", False, 0, "", "", 0o755)


def _link(path: str, target: str) -> ContextFile:
    return ContextFile(path, "link", False, 0, "", target, 0o777)


def _stream(tree: Memory, *files: ContextFile, member: str = DOCKERFILE_MEMBER) -> bytes:
    return b"".join(stream_context(b"FROM x\n", files, ROOT, tree, member))  # type: ignore[arg-type]


def _members(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
        return tar.getmembers()


def test_sends_the_dockerfile_first_with_a_plain_header() -> None:
    """The first 512 bytes are a ustar header of the Dockerfile, whatever the other names are."""
    file = _file("ü" * 90)

    data = _stream(Memory(file, **{file.path: b"content"}), file)

    assert DOCKERFILE_MEMBER.encode() == data[:100].rstrip(b"\0")
    assert b"ustar\x0000" == data[257:265]
    assert b"0" == data[156:157]
    assert b"FROM x\n" == data[512:519]


def test_sends_what_the_fingerprint_counts_and_nothing_else() -> None:
    """Names, kinds, executable bits, contents and targets are sent; owners, times and other bits are constant."""
    files = (
        _link("z", "a/../ü"),
        _file("a/x.sh", b"#!", 0o4711),
        _folder("a"),
        _file("a/" + "n" * 200, b"n", 0o600),
        _file("b\udcff", b"bytes"),
    )
    tree = Memory(*files, **{"a/x.sh": b"#!", "a/" + "n" * 200: b"n", "b\udcff": b"bytes"})

    found = _members(_stream(tree, *files))[1:]

    assert [
        ("a", tarfile.DIRTYPE, 0o755, ""),
        ("a/" + "n" * 200, tarfile.REGTYPE, 0o644, ""),
        ("a/x.sh", tarfile.REGTYPE, 0o755, ""),
        ("b\udcff", tarfile.REGTYPE, 0o644, ""),
        ("z", tarfile.SYMTYPE, 0o755, "a/../ü"),
    ] == [(one.name, one.type, one.mode, one.linkname) for one in found]
    assert {(0, 0, 946_684_800)} == {(one.uid, one.gid, one.mtime) for one in found}


def test_is_the_same_for_any_order_of_files() -> None:
    """The order in which files were found changes no byte."""
    files = _folder("a"), _file("a/b"), _file("c")
    tree = Memory(*files, **{"a/b": b"content", "c": b"content"})

    assert _stream(tree, *files) == _stream(tree, *reversed(files))


def test_ends_as_a_tar_does() -> None:
    """Contents are padded to blocks, and two empty blocks end it."""
    data = _stream(Memory(_file("a"), a=b"content"), _file("a"))

    assert (0, bytes(1024)) == (len(data) % 512, data[-1024:])


@pytest.mark.parametrize(
    ("path", "names", "member"),
    [
        ("Dockerfile", ("Dockerfile", "a"), "Dockerfile"),
        ("docker/my.Dockerfile", ("docker/my.Dockerfile",), "docker/my.Dockerfile"),
        ("Dockerfile", ("a",), ".edk.Dockerfile"),
        ("", ("a", ".edk.Dockerfile", ".edk.Dockerfile_"), ".edk.Dockerfile__"),
        ("ü/Dockerfile", ("ü/Dockerfile",), ".edk.Dockerfile"),
        ("x" * 101, ("x" * 101,), ".edk.Dockerfile"),
    ],
)
def test_chooses_the_dockerfiles_name(path: str, names: tuple[str, ...], member: str) -> None:
    """The user's own place if the context has it and a plain header holds it; else a name of nobody's."""
    assert member == dockerfile_member(path, [_file(name) for name in names])


def test_sends_ours_in_the_place_of_the_users_dockerfile() -> None:
    """The user's Dockerfile is checked and not sent; its executable bit stays."""
    own = _file("Dockerfile", b"FROM y\n", 0o755)
    tree = Memory(own, Dockerfile=b"FROM y\n")

    found = _members(_stream(tree, own, member="Dockerfile"))

    assert [("Dockerfile", 7, 0o755)] == [(one.name, one.size, one.mode) for one in found]
    assert ["Dockerfile"] == tree.read


def _rewritten(tree: Memory) -> None:
    tree.contents["a"] = b"CONTENT"


def _grown(tree: Memory) -> None:
    tree.contents["a"] = b"content and more"


def _shrunk(tree: Memory) -> None:
    tree.contents["a"] = b"cont"


def _resized(tree: Memory) -> None:
    tree.entries["a"] = _entry(_file("a", b"other size"))


def _made_executable(tree: Memory) -> None:
    tree.entries["a"] = _entry(_file("a", mode=0o755))


def _replaced_by_a_link(tree: Memory) -> None:
    tree.entries["a"] = _entry(_link("a", "/etc/shadow"))


def _deleted(tree: Memory) -> None:
    del tree.entries["a"]


@pytest.mark.parametrize(
    "change", [_rewritten, _grown, _shrunk, _resized, _made_executable, _replaced_by_a_link, _deleted]
)
@pytest.mark.parametrize("member", [DOCKERFILE_MEMBER, "a"])
def test_ends_when_a_file_is_no_longer_what_it_was(change: Callable[[Memory], None], member: str) -> None:
    """Any change since the plan ends the stream before its end, naming the file."""
    file = _file("a")
    tree = Memory(file, a=b"content")
    change(tree)

    with pytest.raises(ContextChangedError, match=r"^a "):
        _stream(tree, file, member=member)


def test_ends_when_a_link_points_elsewhere() -> None:
    """A link counts by its target."""
    with pytest.raises(ContextChangedError, match=r"^l points elsewhere"):
        _stream(Memory(_link("l", "b")), _link("l", "a"))


@pytest.mark.parametrize(
    ("number", "kind"), [(2, ContextChangedError), (40, ContextChangedError), (116, ContextChangedError),
                         (13, SourceError), (5, SourceError)]
)  # fmt: skip
def test_tells_what_went_away_from_what_is_not_readable(number: int, kind: type[EdkError]) -> None:
    """ENOENT, ELOOP and ESTALE are changes; EACCES and EIO are told with the path."""

    class Failing(Memory):
        def chunks(self, path: str) -> Iterator[bytes]:
            raise OSError(number, os.strerror(number))

    with pytest.raises(kind, match=r"\ba\b"):
        _stream(Failing(_file("a")), _file("a"))


def test_holds_no_more_than_a_piece(tmp_path: Path) -> None:
    """Pieces are about 1 MiB, of small files and large ones alike."""
    files = tuple(_file(f"f{number}", bytes(3000)) for number in range(1000))
    tree = Memory(*files, **{file.path: bytes(3000) for file in files})

    sizes = [len(piece) for piece in stream_context(b"FROM x", files, ROOT, tree)]  # type: ignore[arg-type]

    assert max(sizes) < (1 << 20) + 4096
    assert len(sizes) < 6
