"""The fingerprint: the content address of a target's inputs.

Inputs are what decides the content of the image: the Dockerfile, the build arguments that it declares, the
platform, each file of the context that an instruction reads (path, kind, executable bit, content, link target),
and the images that it stands on. Times, owners, absolute paths and the order of folders do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from edk.domain.files import ContextFile

FORMAT = "edk-fingerprint/1"
LABEL = "io.kaapana.edk.fingerprint"


class Inputs(Struct, frozen=True):
    """Everything that decides an image's content.

    Args:
        dockerfile: sha256 of the Dockerfile as the user has it.
        images: what each image that it names stands for: ``(position, identity)``, identity being
            ``fingerprint:…`` of a target, ``digest:…`` where the digest is known, else ``ref:…``.
        build_args: those that the Dockerfile declares.
        platform: e.g. ``linux/amd64``; empty: the engine's own.
        options: anything else that changes the content, e.g. the stage to build.
        files: of the context.
        references: what rewritten files name: ``(part, identity)``, see `reference_part`.
    """

    dockerfile: str
    images: tuple[tuple[str, str], ...]
    build_args: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    options: tuple[tuple[str, str], ...] = ()
    files: tuple[ContextFile, ...] = ()
    references: tuple[tuple[str, str], ...] = ()


def components(inputs: Inputs) -> dict[str, str]:
    """Return the inputs part by part, name → hash or identity, to tell later which of them changed.

    Values of build arguments are hashed, for they may be secrets.
    """
    parts = {"the Dockerfile": inputs.dockerfile, "the platform": inputs.platform}
    parts.update({f"image {position}": identity for position, identity in inputs.images})
    parts.update({f"build argument {name}": _hash(value) for name, value in inputs.build_args})
    parts.update({f"option {name}": value for name, value in inputs.options})
    parts.update(inputs.references)
    parts.update(file_parts(inputs.files))
    return parts


def file_parts(files: Iterable[ContextFile]) -> dict[str, str]:
    """Return those of `components` that the files of the context are, which come last among them."""
    return {_file_name(file.path): _file_identity(file) for file in files}


def fingerprint(parts: Mapping[str, str]) -> str:
    """Return the fingerprint of inputs given by `components`, as ``sha256:`` and 64 hex digits."""
    return "sha256:" + _hash(FORMAT, *(text for pair in sorted(parts.items()) for text in pair))


def reference_part(name: str) -> str:
    """Return what the part is called that says which image stands for a name in rewritten files."""
    return f"{_REFERENCE}{name}"


def sealed(parts: Mapping[str, str], refs: Mapping[str, str]) -> dict[str, str]:
    """Return inputs with the references that are written, in the place of what they were made from.

    An image that ships references is another one as soon as these are: also where an image that they mean was
    built anew from the same inputs. So its fingerprint is taken once they are known.

    Args:
        parts: inputs part by part.
        refs: name of an image → the reference that is written for it.
    """
    return {**parts, **{reference_part(name): f"ref:{ref}" for name, ref in refs.items()}}


def without_references(parts: Mapping[str, str]) -> dict[str, str]:
    """Return inputs without the images that rewritten files name."""
    return {name: value for name, value in parts.items() if not name.startswith(_REFERENCE)}


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Return what differs between two sets of components, as phrases such as ``files/a.py changed``."""
    phrases = [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    phrases += [f"{name} is new" for name in new if name not in old]
    phrases += [f"{name} is gone" for name in old if name not in new]
    return tuple(phrases)


def sentence(phrases: Sequence[str], most: int = 2) -> str:
    """Return phrases as one, the number of those left out behind."""
    shown = ", ".join(phrases[:most])
    more = len(phrases) - most
    return f"{shown} and {more} more" if more > 0 else shown


def declared(build_args: Iterable[tuple[str, str]], names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the build arguments that a Dockerfile declares, sorted; the engine ignores the others."""
    known = set(names)
    return tuple(sorted((name, value) for name, value in build_args if name in known))


_REFERENCE = "the reference to "
_NOT_FILES = ("the Dockerfile", "the platform", "image ", "build argument ", "option ", _REFERENCE, "references in ")


def _file_name(path: str) -> str:
    """Return the path as the name of a part: one that another part may be called by gets ``./`` in front."""
    return f"./{path}" if path.startswith(_NOT_FILES) else path


def _file_identity(file: ContextFile) -> str:
    if file.kind == "link":
        return f"link:{file.target}"
    if file.kind == "dir":
        return "dir"
    return f"{'executable' if file.executable else 'file'}:{file.digest}"


def _hash(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogateescape")
        # The length in front keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
