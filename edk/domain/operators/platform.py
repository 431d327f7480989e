"""What the platform itself defines, known without reading it; read off its releases 0.1 to 0.6."""

from __future__ import annotations

import re

GLOBALS_MODULE = "kaapana_global_variables"
BASE_OPERATORS = {"KaapanaBaseOperator": ("dag", "name", "image")}
_VARIABLES = {
    "DEFAULT_REGISTRY": "DEFAULT_REGISTRY",
    "KAAPANA_BUILD_VERSION": "KAAPANA_BUILD_VERSION",
    "default_registry": "default_registry",
    "default_project": "default_project",
    "kaapana_build_version": "KAAPANA_BUILD_VERSION",
    "default_platform_abbr": "default_platform_abbr",
    "default_platform_version": "default_platform_version",
}
_IMPORTABLE = {**_VARIABLES, "BUILD_VERSION": "KAAPANA_BUILD_VERSION"}
_ENVIRONMENT = ("DEFAULT_REGISTRY", "KAAPANA_BUILD_VERSION")
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def variable(name: str) -> str:
    """Return the marked text of a platform variable by its bare name; empty if it is none."""
    return _marked(_VARIABLES.get(name, ""))


def imported_variable(module: str, name: str) -> str:
    """Return the marked text of what is imported from a module of the platform; empty if it is no variable of it."""
    if module.rpartition(".")[2] == GLOBALS_MODULE:
        return _marked(_IMPORTABLE.get(name, ""))
    return variable(name) if module.partition(".")[0] == "kaapana" else ""


def environment_variable(name: str) -> str:
    """Return the marked text of an environment variable from which the platform itself takes one of its variables."""
    return _marked(name) if name in _ENVIRONMENT else ""


def plain(text: str) -> str:
    """Return a constant's text with the characters that mark variables taken out of it."""
    return text.replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd") if _OPEN in text or _CLOSE in text else text


def is_symbolic(text: str) -> bool:
    """Say whether a text holds variables."""
    return _OPEN in text


def shown(text: str) -> str:
    """Return a marked text with variables as ``{NAME}``, the old pair of registry and project as one."""
    spelled = _MARKED.sub(r"{\1}", text)
    for old in (
        "{default_registry}{default_project}",
        "{default_registry}/{default_project}",
        "{default_registry}",
    ):
        spelled = spelled.replace(old, "{DEFAULT_REGISTRY}")
    return spelled


def has_braces(text: str) -> bool:
    """Say whether a marked text holds braces of its own, as an f-string does that lacks its f."""
    return "{" in text or "}" in text


def _marked(name: str) -> str:
    return f"{_OPEN}{name}{_CLOSE}" if name else ""
