"""`edk new`: a new extension out of our own templates, beside those that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from edk.domain.errors import UsageError
from edk.domain.naming import nearest_name, problem_of
from edk.domain.new_extension import NewExtension
from edk.domain.reference import InvalidReferenceError, parse_reference, split_local
from edk.domain.resolve import Catalog
from edk.domain.templates import render
from edk.domain.workspace import Root, Workspace
from edk.orchestrator.pipeline import names_of
from edk.orchestrator.scan import TEMPLATES, ScanRequest, scan
from edk.orchestrator.services import Services
from edk.ports import SourceTree

_LOCAL_ONLY = "local-only/"
_MAX_TEMPLATE = 1 << 20
WriteFolder = Callable[[str, Mapping[str, bytes]], None]
"""Makes a folder appear whole; see `edk.adapters.whole_folders.write_whole_folder`."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What to make, and where.

    Args:
        extension: what.
        parent: absolute path of the folder that it goes into.
        roots: whose images and charts must not be called the same.
        bundled: the folder that holds the templates.
    """

    extension: NewExtension
    parent: str
    roots: tuple[Root, ...]
    bundled: str


@dataclass(frozen=True, slots=True)
class NewResult:
    """What was made: the folder's absolute path, and the files in it by relative path, sorted."""

    folder: str
    files: tuple[str, ...]


def create_extension(services: Services, request: NewRequest, write: WriteFolder) -> NewResult:
    """Write a new extension, whole or not at all.

    Raises:
        UsageError: the name is not allowed or taken, the image to build from is no reference or can't be found,
            or the folder is there already or can't be written.
    """
    _check_name(request.extension.name)
    if request.extension.from_image:
        _check_reference(request.extension.from_image)
    folder = f"{request.parent}/{request.extension.name}"
    lock = services.locks.try_acquire(f"new:{folder}")
    if lock is None:
        holder = services.locks.holder(f"new:{folder}") or "another process"
        raise UsageError(f"{holder} is making {folder}", "wait until it is done")
    try:
        tree = services.open_tree()
        _check_place(tree, folder)
        settings = services.settings
        scanned = ScanRequest(request.roots, settings.exclude, settings.build_args, settings.platform)
        workspace = scan(tree, services.cache, scanned)
        _check_free(request.extension, workspace)
        _check_image(services, request.extension, workspace)
        files = rendered(tree, request.bundled, request.extension)
        write(folder, {path: text.encode() for path, text in files.items()})
    finally:
        lock.release()
    return NewResult(folder, tuple(files))


def rendered(tree: SourceTree, bundled: str, extension: NewExtension) -> dict[str, str]:
    """Return the files of a new extension by path, sorted."""
    folders = [f"{bundled}/{TEMPLATES}/{layer}" for layer in extension.layers]
    return render((file for folder in folders for file in _templates(tree, folder)), extension.values)


def _templates(tree: SourceTree, folder: str, below: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every template in a folder."""
    for entry in tree.list(f"{folder}/{below}".rstrip("/")):
        path = f"{below}/{entry.name}".lstrip("/")
        if entry.kind == "dir":
            yield from _templates(tree, folder, path)
        else:
            yield path, tree.read(f"{folder}/{path}", _MAX_TEMPLATE).decode()


def _check_name(name: str) -> None:
    problem = problem_of(name)
    if problem:
        raise UsageError(f"{name!r} can't be the name of an extension: {problem}", f"for example {nearest_name(name)}")


def _check_place(tree: SourceTree, folder: str) -> None:
    hint = "choose another name, or another folder with --dir"
    try:
        if tree.stat(folder).kind != "dir" or tree.list(folder):
            raise UsageError(f"{folder} is there already, and is not written into", hint)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{folder} can't be looked at: {error.strerror or error}", hint) from error


def _check_free(extension: NewExtension, workspace: Workspace) -> None:
    """Raise UsageError if an image or a chart of the roots is called as one of the new ones."""
    hint = "choose another name"
    for target in workspace.targets:
        if target.name in extension.images:
            raise UsageError(f"{target.key}:{target.name_line} yields an image {target.name!r} already", hint)
    for located in workspace.charts:
        if located.chart.name == extension.chart:
            path = "/".join(part for part in (located.root.path, located.chart.path, "Chart.yaml") if part)
            raise UsageError(f"{path} is a chart {extension.chart!r} already", hint)


def _check_reference(text: str) -> None:
    """Raise UsageError if a text is no reference of an image that could be built from."""
    example = "for example ghcr.io/owner/algorithm:1.0"
    try:
        ref = parse_reference(text)
    except InvalidReferenceError as error:
        raise UsageError(f"--from-image: {error.message}", example) from error
    if ref.untagged == "scratch":
        raise UsageError("--from-image scratch: it holds nothing, not even a shell", example)


def _check_image(services: Services, extension: NewExtension, workspace: Workspace) -> None:
    """Raise UsageError if the image to build from is the new one itself, or one that nothing yields."""
    text = extension.from_image
    local = split_local(text, names_of(services.settings).aliases)
    if local is None:
        return
    if local.name in extension.images:
        raise UsageError(f"--from-image {text}: the new image would be built from itself", "choose another name")
    catalog = Catalog.of(workspace.targets)
    if text.startswith(_LOCAL_ONLY) and not catalog.find(local.name):
        near = catalog.near(local.name)
        hint = f"did you mean {' or '.join(f'{_LOCAL_ONLY}{name}' for name in near)}?" if near else ""
        raise UsageError(f"--from-image {text}: no Dockerfile yields an image {local.name!r}", hint)
