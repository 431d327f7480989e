"""Put the images of a staged chart in terms of those that were built: text in, text out.

Templates are no YAML before helm filled them in, so references are found by text: what the platform writes between
``image: "`` and the closing quote. What is written in another way stays, and the check of the packaged chart finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_FIELD = r"\{\{-?\s*\$?\.Values\.global\.%s\s*-?\}\}"
_CUSTOM_OR_PLATFORM = (
    r"\{\{-?\s*if\s+\$?\.Values\.global\.custom_registry_url\s*-?\}\}"
    + _FIELD % "custom_registry_url"
    + r"\{\{-?\s*else\s*-?\}\}"
    + _FIELD % "registry_url"
    + r"\{\{-?\s*end\s*-?\}\}"
)
_REGISTRY = rf"(?:{_CUSTOM_OR_PLATFORM}|{_FIELD % '(?:custom_)?registry_url'})"
_TAG = r":(?:\{\{[^{}]*\}\}|\w[\w.-]*)"
_END = r"(?=[\"'`\s,;)\]}]|$)"
_ITEM = re.compile(rf"{_REGISTRY}/\{{\{{-?\s*(\.|\$\w+|\$?\.\w+)\s*-?\}}\}}{_TAG}{_END}")


def localise_images(text: str, names: Iterable[str], registry: str, refs: Mapping[str, str] | None = None) -> str:
    """Return a template, or values, that take some images from where they were built.

    Args:
        text: of the template.
        names: of the images that are built here.
        registry: how nodes reach the local registry, e.g. ``localhost:32000``.
        refs: name → the whole reference to put in place of registry, name and tag; a name that is not there, or
            whose tag is written in an unusual way, gets the registry alone.
    """
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
    if not alternatives or ("registry_url" not in text and registry not in text):
        return text
    exact = refs or {}
    place = re.compile(rf"(?:{_REGISTRY}|(?<![\w./-]){re.escape(registry)})/({alternatives}){_TAG}{_END}")
    text = place.sub(lambda match: exact.get(match[1], match[0]), text)
    return re.sub(rf"{_FIELD % 'registry_url'}/(?=(?:{alternatives})[:\"'@\s])", f"{registry}/", text)


def localise_passed_image(text: str, registry: str, ref: str = "") -> str:
    """Return a sub-chart's template that takes the image it is passed by name from where it was built.

    Args:
        text: of the template.
        registry: how nodes reach the local registry.
        ref: the whole reference of the image; empty: its registry alone is put in place.
    """
    if "registry_url" not in text:
        return text
    passed = rf"{_FIELD % 'registry_url'}/\{{\{{-?\s*\$?\.Values\.image\s*-?\}}\}}"
    if ref:
        text = re.sub(passed + _TAG + _END, lambda _: ref, text)
    platform = _FIELD % "registry_url"
    return re.sub(rf"{platform}/(?=\{{\{{-?\s*\$?\.Values\.image\s*-?\}}\}})", lambda _: f"{registry}/", text)


def localise_listed(text: str, refs: Mapping[str, str]) -> str:
    """Return a template that takes the images which a list in the values names from where they were built.

    A template that goes through ``processingContainers`` writes ``…/{{ . }}:{{ … }}``: which image that is, is known
    to helm alone, so helm looks it up among those that are built here; any other stays as it is written.

    Args:
        text: of the template.
        refs: name → the whole reference.
    """
    if not refs or "registry_url" not in text:
        return text
    known = " ".join(f'"{name}" "{ref}"' for name, ref in sorted(refs.items()))

    def looked_up(match: re.Match[str]) -> str:
        looked = f"with get (dict {known}) (toString {match[1]})"
        return f"{{{{ {looked} }}}}{{{{ . }}}}{{{{ else }}}}{match[0]}{{{{ end }}}}"

    return _ITEM.sub(looked_up, text)
