"""What the command lines of export and import mean."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import pytest

from edk.commands import export
from edk.domain.errors import UsageError
from edk.domain.workspace import Root
from edk.settings import Settings

import_ = importlib.import_module("edk.commands.import")
SETTINGS = Settings(build_version="0.6.0", platform_registry="registry.example.org/p")


def options(**changes: object) -> argparse.Namespace:
    """Return options of an export."""
    given = {"dir": [], "image": [], "output": None, "platform_registry": None, **changes}
    return argparse.Namespace(**given)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"dir": ["x/my-extension/"]}, "my-extension-0.6.0-images.tar"),
        ({"dir": ["a", "b"]}, "edk-0.6.0-images.tar"),
        ({"image": ["group/seg"]}, "group_seg-0.6.0-images.tar"),
        ({}, "edk-0.6.0-images.tar"),
    ],
)
@pytest.mark.parametrize("output", [None, "", "/"])
def test_an_archive_is_named_after_what_is_in_it(
    changes: dict[str, object], name: str, output: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only a folder is said, there or new, or nothing, which is here."""
    monkeypatch.chdir(tmp_path)
    folder = {None: None, "": str(tmp_path), "/": f"{tmp_path}/new/"}[output]

    path = export._destination(options(**changes, output=folder), SETTINGS, ())

    assert str(tmp_path / ("new" if output == "/" else "") / name) == path


@pytest.mark.parametrize("content", [b"", b"x" * 257 + b"ustar" + b"x" * 300])
def test_an_archive_may_be_replaced(content: bytes, tmp_path: Path) -> None:
    """As an empty file may."""
    (tmp_path / "x.tar").write_bytes(content)

    assert str(tmp_path / "x.tar") == export._destination(options(output=str(tmp_path / "x.tar")), SETTINGS, ())


@pytest.mark.parametrize("kind", ["text", "link", "root"])
def test_nothing_else_is_written_over(kind: str, tmp_path: Path) -> None:
    """Neither what is no archive, nor a link, nor anything in the extension."""
    path = tmp_path / "x.tar"
    if kind == "text":
        path.write_bytes(b"text")
    elif kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    roots = (Root(str(tmp_path), "extension", 0),) if kind == "root" else (Root("/w", "extension", 0),)

    with pytest.raises(UsageError):
        export._destination(options(output=str(path)), SETTINGS, roots)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, "localhost:32000"),
        ("", "registry.example.org/p"),
        ("other.example.org:5000/a/b/", "other.example.org:5000/a/b"),
    ],
)
def test_names_begin_with_the_registry_that_is_asked_for(given: str | None, expected: str) -> None:
    """The local one; with the option the platform's, or the one that it names."""
    assert expected == export._registry_of_names(options(platform_registry=given), SETTINGS)


@pytest.mark.parametrize("given", ["http://x.example.org", "no-host", "x.example.org/UPPER", "x.example.org/a:1"])
def test_what_can_begin_no_name_is_refused(given: str) -> None:
    """With what to write."""
    with pytest.raises(UsageError) as caught:
        export._registry_of_names(options(platform_registry=given), SETTINGS)

    assert "HOST/PATH" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ("", "")),
        ("localhost:5000", ("localhost:5000", "")),
        ("http://x.example.org/group/a/", ("http://x.example.org", "group/a")),
    ],
)
def test_another_registry_is_an_address_and_a_path(given: str, expected: tuple[str, str]) -> None:
    """A scheme may be forced."""
    assert expected == import_._registry_of(given)


@pytest.mark.parametrize(
    "given", ["ftp://x.example.org", "x.example.org/UPPER", "nohost", "http://", "x.example.org/a:1"]
)
def test_what_is_no_registry_is_refused(given: str) -> None:
    """With what to write."""
    with pytest.raises(UsageError, match="--into") as caught:
        import_._registry_of(given)

    assert "HOST:PORT" in caught.value.hint


@pytest.mark.parametrize("given", ["seg", "seg:1", "localhost:32000/seg:1"])
def test_a_name_for_an_image_is_a_reference(given: str) -> None:
    """Whole or short."""
    assert given == import_._checked(given)


@pytest.mark.parametrize("given", ["UPPER", "seg@sha256:" + "0" * 64, "seg:"])
def test_what_is_no_name_is_refused(given: str) -> None:
    """A digest names nothing new."""
    with pytest.raises(UsageError, match="--name"):
        import_._checked(given)
