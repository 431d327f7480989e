"""Image references: their grammar, and which registries are one and the same.

The grammar is that of the distribution project's ``reference`` package, which the Docker Engine uses.
A *symbolic* reference may hold variables of the platform, such as ``{DEFAULT_REGISTRY}``, which only the
running platform knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from edk.domain.errors import SourceError

LOCAL_ALIASES = (
    "{default_registry}{default_project}",
    "{default_registry}",
    "{DEFAULT_REGISTRY}",
    "localhost:32000",
    "local-only",
)
MAX_REPOSITORY = 255
MAX_TAG = 128

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_ID = re.compile(r"[0-9a-f]{64}")
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LEADING_VARIABLES = re.compile(r"(?:\{[A-Za-z_][A-Za-z0-9_]*\})+(?=/|$)")


class InvalidReferenceError(SourceError, ValueError):
    """A text is no image reference.

    Args:
        text: the text.
        problem: what is wrong, naming the offending part.
    """

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"{text!r} is no image reference: {problem}")
        self.text = text
        self.problem = problem


class ImageRef(Struct, frozen=True):
    """A whole image reference as written; nothing is added that the text does not have.

    Args:
        registry: host with port; empty if none is given (the engine then means Docker Hub).
        repository: path below the registry, e.g. ``library/ubuntu``.
        tag: empty if none is given (``latest`` unless there is a digest).
        digest: e.g. ``sha256:…``; empty if none is given.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The last component of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def untagged(self) -> str:
        """Registry and repository without tag and digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.untagged}{tag}{digest}"


class LocalName(Struct, frozen=True):
    """What a reference means below the one local registry; tag and digest empty where not given.

    The tag may hold variables of the platform, see `substitute`.
    """

    name: str
    tag: str
    digest: str = ""


class RegistryAliases(Struct, frozen=True):
    """Names of registries that are one and the same: the local one.

    Args:
        prefixes: as they stand before ``/name``, longest first, hosts in lower case.
    """

    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, *more: str) -> RegistryAliases:
        """Return the fixed aliases and further ones, such as LOCAL_REGISTRY_URL and REGISTRY_URL.

        Args:
            more: host with port and perhaps a path; a scheme and slashes at the end are dropped, and empty
                ones ignored.
        """
        cleaned = (_host_lowered(text.partition("://")[2] or text).rstrip("/") for text in more)
        names = {*LOCAL_ALIASES, *(text for text in cleaned if text)}
        return cls(tuple(sorted(names, key=lambda text: (-len(text), text))))


def parse_reference(text: str) -> ImageRef:
    """Read a whole image reference.

    Args:
        text: e.g. ``localhost:32000/otsus-method:0.6.0`` or ``ubuntu@sha256:…``.

    Raises:
        InvalidReferenceError: naming the part that is wrong.
    """
    if not text:
        raise InvalidReferenceError(text, "it is empty")
    rest, at, digest = text.partition("@")
    if at and not valid_digest(digest):
        raise InvalidReferenceError(text, f"the digest {digest!r} is not of the form sha256:<64 hex digits>")
    registry, rest = _split_registry(rest)
    repository, colon, tag = rest.partition(":")
    if registry and not _HOST.fullmatch(registry):
        raise InvalidReferenceError(text, f"{registry!r} is no host with an optional port")
    _check_repository(text, repository)
    if colon and not valid_tag(tag):
        raise InvalidReferenceError(
            text, f"the tag {tag!r} is not allowed (letters, digits, '_', '.', '-', at most {MAX_TAG})"
        )
    if not registry and _ID.fullmatch(repository):
        raise InvalidReferenceError(text, "64 hex digits are the id of an image, not a name")
    return ImageRef(registry, repository, tag, digest)


def valid_name(text: str) -> bool:
    """Say whether a text is a repository's path, such as ``otsus-method`` or ``group/otsus-method``."""
    return len(text) <= MAX_REPOSITORY and _NAME.fullmatch(text) is not None


def valid_tag(text: str) -> bool:
    """Say whether a text may stand behind the colon."""
    return _TAG.fullmatch(text) is not None


def valid_digest(text: str) -> bool:
    """Say whether a text is a digest of a manifest."""
    return _DIGEST.fullmatch(text) is not None


def substitute(value: str, variables: Mapping[str, str]) -> str:
    """Return a symbolic reference with the variables known here filled in; others stay ``{NAME}``."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), value)


def variables_of(value: str) -> tuple[str, ...]:
    """Return the names of a symbolic reference's variables, in order, with repetitions."""
    return tuple(_VARIABLE.findall(value))


def parse_symbolic(value: str) -> ImageRef:
    """Read a symbolic reference, as `parse_reference` does, with its variables left where they stand.

    Variables before the first ``/`` are the registry; any other stands for one or more letters.

    Raises:
        InvalidReferenceError: naming the part that is wrong.
    """
    leading = _LEADING_VARIABLES.match(value)
    registry = leading[0] if leading else ""
    rest = value[len(registry) + 1 :] if registry else value
    names = _VARIABLE.findall(rest)
    try:
        ref = parse_reference(("placeholder.invalid/" if registry else "") + _stand_ins(rest))
    except InvalidReferenceError as error:
        raise InvalidReferenceError(value, _named(error.problem, names)) from None
    repository, tag = _named(ref.repository, names), _named(ref.tag, names)
    return ImageRef(registry or _named(ref.registry, names), repository, tag, ref.digest)


def split_local(value: str, aliases: RegistryAliases) -> LocalName | None:
    """Say what a reference, symbolic or not, means below the local registry.

    Args:
        value: e.g. ``{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}``.
        aliases: the names of the local registry.

    Returns:
        Name and tag; None if it lies in another registry, or is no reference.
    """
    lowered = _host_lowered(value)
    prefix = next((text for text in aliases.prefixes if lowered.startswith(text + "/")), None)
    if prefix is None:
        return None
    rest, _, digest = lowered[len(prefix) + 1 :].partition("@")
    name, colon, tag = rest.partition(":")
    if not valid_name(_stand_ins(name)) or (colon and not valid_tag(_stand_ins(tag))):
        return None
    if digest and not valid_digest(digest):
        return None
    return LocalName(name, tag, digest)


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", text


def _check_repository(text: str, repository: str) -> None:
    if not repository:
        raise InvalidReferenceError(text, "the name is missing")
    if len(repository) > MAX_REPOSITORY:
        raise InvalidReferenceError(text, f"the name is longer than {MAX_REPOSITORY} characters")
    for component in repository.split("/"):
        if component != component.lower():
            raise InvalidReferenceError(text, f"{component!r} in the name must be lower case")
        if not _NAME.fullmatch(component):
            raise InvalidReferenceError(
                text,
                f"{component!r} in the name is not allowed (a-z and 0-9, separated by '.', '_', '__' or '-')",
            )


def _host_lowered(text: str) -> str:
    host, slash, rest = text.partition("/")
    return text if "{" in host else host.lower() + slash + rest


def _stand_ins(text: str) -> str:
    """Put letters that are allowed everywhere in place of variables; `_named` takes them back by order."""
    counter = iter(range(len(text)))
    return _VARIABLE.sub(lambda _: f"zvariable{next(counter)}z", text)


def _named(text: str, names: list[str]) -> str:
    for index, name in enumerate(names):
        text = text.replace(f"zvariable{index}z", f"{{{name}}}")
    return text
