"""Rules about DAG images: whether what their DAGs import lies where the import looks for it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from edk.domain.checking.docker_facts import DockerFacts
from edk.domain.checking.gathered import Gathered, folders_above, place_of
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.checking.python_facts import Import
from edk.domain.checking.shipped import DAGS, Shipped, modules_of, shipped_files
from edk.domain.codes import conventions as codes
from edk.domain.operators.modules import find_module
from edk.domain.plan import PlannedImage
from edk.domain.workspace import Target


@dataclass(frozen=True, slots=True)
class _Image:
    """A DAG image: its target, the facts of its Dockerfile, and its modules by dotted name."""

    target: Target
    facts: DockerFacts
    shipped: tuple[Shipped, ...]
    modules: Mapping[str, Shipped]

    def in_root(self, source: str) -> str:
        """Return the path of a file of the context, relative to the root."""
        return f"{self.target.context}/{source}" if self.target.context else source


def dag_rules(gathered: Gathered) -> Iterator[Finding]:
    """Yield what is wrong with DAG images."""
    images = [found for image in gathered.dag_images() if (found := _image(gathered, image)) is not None]
    everywhere = frozenset(_with_packages(name for image in images for name in image.modules))
    for image in images:
        yield from _imports(gathered, image, everywhere)
    yield from _left_out(gathered, images)


def _image(gathered: Gathered, image: PlannedImage) -> _Image | None:
    target = image.node.target
    facts = gathered.dockerfiles.get(place_of(target))
    if facts is None or facts.digest != target.content_digest or image.context.problem or not image.node.buildable:
        return None
    files = [f.path for f in image.context.files if f.kind == "file"]
    folders = [f.path for f in image.context.files if f.kind == "dir"]
    shipped = shipped_files(facts.copies, files, folders)
    return _Image(target, facts, shipped, modules_of(shipped))


def _imports(gathered: Gathered, image: _Image, everywhere: Set[str]) -> Iterator[Finding]:
    """Yield the imports of shipped DAGs and operators that look in another folder than their module lies in."""
    root = image.target.root
    for shipped in image.modules.values():
        file = image.in_root(shipped.source)
        facts = gathered.python.get((root.path, file))
        for one in facts.imports if facts is not None else ():
            wrong = _wrong(gathered, image, file, one, everywhere)
            if wrong is not None:
                message, mends = wrong
                yield Finding(root, codes.WRONG_DAG_FOLDER.at(file, one.line, message, column=one.column), mends)


def _wrong(
    gathered: Gathered, image: _Image, file: str, one: Import, everywhere: Set[str]
) -> tuple[str, tuple[FileEdit, ...]] | None:
    """Return why an import fails, and what mends it; None if it does not, or leads to what is not ours."""
    folder, _, name = one.module.rpartition(".")
    if one.module.startswith(".") or not folder or _resolves(one, everywhere):
        return None
    elsewhere = [m for m, s in image.modules.items() if m.rpartition(".")[2] == name and not s.path.endswith("__.py")]
    own = gathered.python_paths.get(image.target.root.path, frozenset())
    if len(elsewhere) == 1:
        there = image.modules[elsewhere[0]]
        if not _is_same(gathered, image, file, one, there):
            return None
        at = posixpath.dirname(there.path)
        message = f"imports {one.module}, but line {there.copied.line} of {image.target.dockerfile} copies it to {at}/"
        return message, _moved(gathered, image, elsewhere[0].rpartition(".")[0], folder)
    meant = find_module(file, one.module, own)
    inside = image.in_root("")
    if not elsewhere and meant.startswith(inside) and meant not in {image.in_root(s.source) for s in image.shipped}:
        return f"imports {one.module}, but {image.target.dockerfile} copies {meant} nowhere", ()
    return None


def _is_same(gathered: Gathered, image: _Image, file: str, one: Import, there: Shipped) -> bool:
    """Tell whether an import means a file that lies elsewhere: its source is what the import finds beside the DAG.

    A module of that name may be one of a package that is installed; so the file must either be what the import leads
    to in the source tree, or be called as only an operator is.
    """
    source = image.in_root(there.source)
    known = gathered.python_paths.get(image.target.root.path, frozenset())
    return find_module(file, one.module, known) == source or "operator" in posixpath.basename(source).lower()


def _resolves(one: Import, modules: Set[str]) -> bool:
    """Tell whether an import leads to one of some modules and packages."""
    return one.module in modules


def _with_packages(names: Iterable[str]) -> Iterator[str]:
    """Yield dotted names, and those of the packages that they are in."""
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _moved(gathered: Gathered, image: _Image, old: str, new: str) -> tuple[FileEdit, ...]:
    """Return the edits of the Dockerfile that copy to the folder of the import what is copied to another one.

    Nothing may be imported by the old name, and all that is missing must be looked for in the same new folder.
    """
    root = image.target.root.path
    known = frozenset(_with_packages(image.modules))
    wanted: set[str] = set()
    for shipped in image.modules.values():
        facts = gathered.python.get((root, image.in_root(shipped.source)))
        for one in facts.imports if facts is not None else ():
            above, _, name = one.module.rpartition(".")
            if one.module == old or one.module.startswith(f"{old}."):
                return ()
            if f"{old}.{name}" in image.modules and not _resolves(one, known):
                wanted.add(above)
    if wanted != {new} or not old:
        return ()
    before, after = f"{DAGS}/{old.replace('.', '/')}", f"{DAGS}/{new.replace('.', '/')}"
    edits = []
    for copied in image.facts.copies:
        target = copied.destination
        if target.rstrip("/") == before or target.startswith(f"{before}/"):
            if copied.start < 0:
                return ()
            edit = Edit(copied.start, copied.end, (after + target[len(before) :]).encode())
            edits.append(FileEdit(image.target.dockerfile, image.facts.digest, edit))
    return tuple(edits)


def _left_out(gathered: Gathered, images: Sequence[_Image]) -> Iterator[Finding]:
    """Yield the DAGs and operators in contexts of DAG images that no image takes."""
    taken = {(i.target.root.path, i.in_root(s.source)) for i in images for s in i.shipped}
    contexts = {(i.target.root.path, i.target.context): i for i in images if i.target.context}
    for path, file in sorted(gathered.named - taken):
        above = (contexts[path, folder] for folder in folders_above(file) if (path, folder) in contexts)
        image = next(above, None)
        if image is not None:
            message = f"{image.target.dockerfile} copies it nowhere"
            yield Finding(image.target.root, codes.NOT_SHIPPED.at(file, 0, message))
