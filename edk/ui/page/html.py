"""HTML that can't be written unescaped: whatever is no `Html` is text, and is escaped where it is put in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from edk.ui.text import safe

_VOID = frozenset({"meta", "link", "input", "br", "col"})


class Html(str):
    """A piece of HTML; only this module makes some."""

    __slots__ = ()


Child = Html | str | None


def text(value: str) -> Html:
    """Return text as HTML: markup escaped; control, bidirectional and undecodable characters written out."""
    return Html(escape(safe(value), quote=True))


def join(*children: Child) -> Html:
    """Return pieces behind each other; None is left out."""
    return Html("".join(c if isinstance(c, Html) else text(c) for c in children if c is not None))


def lines(values: Iterable[str]) -> Html:
    """Return texts below each other, for an element that keeps line breaks."""
    return Html("\n".join(map(text, values)))


def el(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """Return an element.

    Args:
        name: of the element.
        children: its content.
        attributes: by name, ``_`` at the end dropped and others standing for ``-``; True has no value, None and False
            are left out.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        called = key.rstrip("_").replace("_", "-")
        words.append(called if value is True else f'{called}="{text(str(value))}"')
    opening = f"<{' '.join(words)}>"
    return Html(opening if name in _VOID else f"{opening}{join(*children)}</{name}>")


def raw_style(css: str) -> Html:
    """Return our own style sheet as an element; never anything that came from outside."""
    return Html(f"<style>{css}</style>")


def document(head: Html, body: Html) -> bytes:
    """Return a whole document as bytes."""
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'.encode()
